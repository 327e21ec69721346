// Package docs walks the guides and the examples as a reader would: it writes the files that they show, runs their commands as they are
// written, and holds what is printed to what they say is printed. It needs the build tag docs; see `make docs-test`.
package docs
