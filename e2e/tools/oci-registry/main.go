// A registry in memory with the referrers API, which `crane registry serve` has not: go-containerregistry's own, switched on.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

// The only argument is the address to listen on.
func main() {
	log.Fatal(http.ListenAndServe(os.Args[1], registry.New(registry.WithReferrersSupport(true))))
}
