//go:build mutants

package simulation

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of mutants into the README")

// caught is what a test process said of a mutant.
type caught struct{ property, schedule string }

var (
	saidProperty = regexp.MustCompile(`property: (.*)`)
	saidSchedule = regexp.MustCompile(scheduleEnv + `="(.*)"`)
)

func TestMutants_EachIsCaught(t *testing.T) {
	ran := 0
	var made strings.Builder
	made.WriteString("| Mistake | Property that catches it | Schedule |\n|---|---|---|\n")
	for _, m := range mutants {
		t.Run(m.mistake, func(t *testing.T) {
			ran++
			c := m.run(t)
			if !slices.Contains(m.properties, c.property) {
				t.Errorf("it was caught by %q; want one of %q", c.property, m.properties)
			}
			fmt.Fprintf(&made, "| %s | %s | `%s` |\n", m.mistake, c.property, c.schedule)
		})
	}
	t.Log("\n" + made.String())
	before, table, after := tableOf(t)
	switch {
	case t.Failed() || ran < len(mutants) || table == made.String():
	case !*update:
		t.Errorf("the table in %s is not this one; make mutants UPDATE=1 writes it", readmeFile)
	default:
		if err := os.WriteFile(readmeFile, []byte(before+made.String()+after), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run builds the mutant and gives what the simulation says of it.
func (m mutant) run(t *testing.T) caught {
	t.Helper()
	folder, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for file, text := range m.applied(t) {
		replace[filepath.Join(folder, file)] = written(t, filepath.Base(file), text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-failfast", "-timeout=10m", "-run=^TestSimulation_",
		"-overlay="+written(t, "overlay.json", string(overlay)), ".")
	test.Env = append(os.Environ(), mutantEnv+"=1", seedEnv+"=1", scheduleEnv+"=", tortureEnv+"=")
	out, err := test.CombinedOutput()
	if err == nil {
		t.Fatal("it survives")
	}
	property, schedule := saidProperty.FindSubmatch(out), saidSchedule.FindSubmatch(out)
	if property == nil || schedule == nil {
		t.Fatalf("the test failed, and no property did:\n%s", out)
	}
	return caught{string(property[1]), string(schedule[1])}
}

// written gives the path of a file with this text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
