// Package substrait stands in for github.com/substrait-io/substrait v0.87.0 (go.mod replaces it), which is the YAML files that define Substrait's functions
// and an embed.FS with them. iceberg-go v0.7.0 parses all of them when a program starts, whether it filters rows or not:
// https://github.com/apache/iceberg-go/blob/v0.7.0/table/substrait/substrait.go. That took 90 of the 110 ms in which the provider starts, which a command of
// the CLI does three times, and 32 of 39 MB of memory. Here are the two files that filters are made of, as they are there.
//
// Rejected: a fork of iceberg-go or of substrait-go, which somebody would have to keep. This has no code to keep. With another version of
// substrait, copy its two files. Remove it all, and the replace directive, when iceberg-go parses the files when they are first asked for:
// TestLibrary_ParsesTheDefinitionsOfFunctionsAtTheStart in internal/lakehouse tells when.
package substrait

import "embed"

//go:embed extensions
var extensions embed.FS

// GetSubstraitExtensionsFS gives the folder "extensions" with the definitions.
func GetSubstraitExtensionsFS() embed.FS { return extensions }
