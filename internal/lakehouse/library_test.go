package lakehouse

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// third_party/substrait is there because of this: when it fails, remove the replace directive of go.mod and that folder.
func TestLibrary_ParsesTheDefinitionsOfFunctionsAtTheStart(t *testing.T) {
	self := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	self.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := self.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Source: https://pkg.go.dev/runtime#hdr-Environment_Variables
	traced := regexp.MustCompile(`(?m)^init github\.com/apache/iceberg-go/table/substrait @.* (\d+) allocs$`).FindSubmatch(out)
	if traced == nil {
		t.Fatalf("iceberg-go's substrait package has no init any more:\n%s", out)
	}
	if allocs, err := strconv.Atoi(string(traced[1])); err != nil || allocs < 1000 {
		t.Errorf("iceberg-go's substrait package makes %d allocations at the start (%v): it parses nothing any more", allocs, err)
	}
}
