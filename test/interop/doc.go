// Package interop holds the tests against parts that nobody here wrote: moto, a Cognito in Python, as the source,
// and pyiceberg, DuckDB and Spark as the readers. `make interop` installs them and runs the tests.
package interop
