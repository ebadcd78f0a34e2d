// Knative's definitions of its objects, which are files in this module: go mod download -json knative.dev/serving
module flexilib.tools/knative

go 1.26.0

require knative.dev/serving v0.51.0
