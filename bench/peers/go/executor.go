package main

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include "flexilib.h"

enum { FIELDS_MAX = 100 };

static flexilib_response *(*handle)(flexilib_request *);

static int load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return library && (handle = (flexilib_response *(*)(flexilib_request *))dlsym(library, "handle_request")) ? 0 : -1;
}

// Everything of the request in one buffer, in the order of its lengths, so that no pointer to a pointer crosses
// the boundary. Copies the body to `out`; 0 when it doesn't fit.
static size_t call(const char *in, const unsigned *lengths, size_t fields_len, char *out, size_t room) {
    flexilib_header fields[FIELDS_MAX];
    const char *at = in;
#define TAKE(pointer, length) (pointer = at, length = *lengths, at += *lengths++)
    flexilib_request request = {.headers = fields, .headers_len = fields_len};
    TAKE(request.target, request.target_len);
    TAKE(request.method, request.method_len);
    TAKE(request.content, request.content_len);
    for (size_t i = 0; i < fields_len; i++) {
        TAKE(fields[i].name_ptr, fields[i].name_len);
        TAKE(fields[i].value_ptr, fields[i].value_len);
    }
    flexilib_response *response = handle(&request);
    if (!response || response->len > room) return 0;
    memcpy(out, response->ptr, response->len);
    return response->len;
}
*/
import "C"

import (
	"errors"
	"net/http"
	"sync"
	"unsafe"
)

const fieldsMax = 100

// What a call needs; reused, so that a request makes next to no garbage.
type scratch struct {
	in      []byte
	lengths []C.uint
	out     [65536]byte
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

func load(path string) error {
	if C.load(C.CString(path)) != 0 {
		return errors.New("can't load " + path)
	}
	return nil
}

func (s *scratch) add(text string) {
	s.in = append(s.in, text...)
	s.lengths = append(s.lengths, C.uint(len(text)))
}

// The body stays valid until s is used again.
func (s *scratch) call(r *http.Request, content []byte) []byte {
	s.in, s.lengths = s.in[:0], s.lengths[:0]
	s.add(r.RequestURI)
	s.add(r.Method)
	s.in = append(s.in, content...)
	s.lengths = append(s.lengths, C.uint(len(content)))
	fields := 0
	for name, values := range r.Header {
		for _, value := range values {
			if fields < fieldsMax {
				s.add(name)
				s.add(value)
				fields++
			}
		}
	}
	length := C.call((*C.char)(unsafe.Pointer(&s.in[0])), &s.lengths[0], C.size_t(fields),
		(*C.char)(unsafe.Pointer(&s.out[0])), C.size_t(len(s.out)))
	return s.out[:length]
}
