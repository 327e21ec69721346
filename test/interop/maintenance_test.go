//go:build interop

package interop

import (
	"errors"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// A platform team's engine compacts every table at night, and expires what no branch or tag is on.
func TestMaintenance_ByAnotherEngineDoesNoHarmAndIsNoticed(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.write("said.tf", "output \"said\" {\n  value = skypoint_dataflow.customers.last_run.description\n}\n")
	runs := map[string]map[string]any{}
	for _, build := range []string{"1", "2", "3"} {
		tm.imports(build)
		runs["run_"+build] = maps.Clone(tm.names())
		tm.evolve(cognitotest.Evolution{Added: 2, Changed: 3})
	}
	tm.imports("4")
	tm.holds(tm.names())

	maintain := python(t, "SPARK", "maintain_spark.py", filepath.Join(tm.dir, ".skypoint", "catalog.db"), "file://"+filepath.Join(tm.dir, ".skypoint", "warehouse"))
	out, err := maintain.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%v\n%s", err, tail(string(exit.Stderr)))
	}
	if !strings.Contains(string(out), `"rewritten_data_files_count":`) || strings.Contains(string(out), `"rewritten_data_files_count":0`) {
		t.Fatalf("it rewrote nothing:\n%s", out)
	}
	tm.holds(tm.names()) // it changed no row
	for tag, names := range runs {
		tm.holds(names, tag)
	}
	if code, plan := tm.run("plan", "-detailed-exitcode", "-var", "build=4"); code != 2 {
		t.Errorf("nobody noticed; the plan ended with %d:\n%s", code, plan)
	}
	tm.imports("4")
	if said := tm.succeeds("output", "-raw", "said"); !strings.Contains(said, "Somebody else had written to table customers.users: its snapshot ") {
		t.Errorf("the run does not say what it found: %s", said)
	}
	tm.evolve(cognitotest.Evolution{Added: 1, Changed: 1, Removed: 1})
	tm.imports("5")
	tm.holds(tm.names())
	for tag, names := range runs {
		tm.holds(names, tag)
	}
}
