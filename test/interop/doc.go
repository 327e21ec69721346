// Package interop holds the tests against parts that nobody here wrote: moto, a Cognito in Python, as the source,
// and pyiceberg as the reader. `make interop` installs them and runs the tests.
package interop
