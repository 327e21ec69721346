// Command errortable writes the guide that lists every error of the provider, from the code: each place that makes a dataflow.Error, or a
// diagnostic of its own. `make generate` runs it.
package main

import (
	"fmt"
	"os"
)

func main() {
	page, err := guide("internal")
	if err != nil {
		fmt.Fprintln(os.Stderr, "errortable:", err)
		os.Exit(1)
	}
	fmt.Print(page)
}
