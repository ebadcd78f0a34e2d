module flexilib.tools/oci-registry

go 1.26.0

tool flexilib.tools/oci-registry

require github.com/google/go-containerregistry v0.22.1
