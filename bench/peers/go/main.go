// peer PORT LIBRARY: net/http, calling the executor through cgo.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
)

func answer(w http.ResponseWriter, r *http.Request) {
	var content []byte
	if r.ContentLength > 0 {
		content = make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, content); err != nil {
			return
		}
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	body := s.call(r, content)
	header := w.Header()
	header["Content-Type"] = []string{"text/plain"}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.Write(body)
}

func main() {
	if err := load(os.Args[2]); err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(answer)))
}
