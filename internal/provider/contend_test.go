package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// directories is how many working directories share one dataflow.
const directories = 16

// atOnce does something for every working directory at once.
func atOnce(roots []*root, do func(i int, r *root)) {
	var wait sync.WaitGroup
	for i, r := range roots {
		wait.Go(func() { do(i, r) })
	}
	wait.Wait()
}

func TestSixteenWorkingDirectories_ApplyingAtOnceRunOneAfterTheOther(t *testing.T) {
	w := newWorld(t, 20)
	first := newCore(t, w, build(0))
	first.succeeds("the first apply", first.apply(), connectorType, dataflowType)
	w.evolve(2, 3, 1)()

	roots := make([]*root, directories)
	for i := range roots {
		// Each asks for a run of its own: no two have the same trigger, and none has what the record says.
		roots[i] = newRoot(t, requires+fmt.Sprintf(`%s
resource "skypoint_dataflow" "customers" {
  name         = "Customers"
  connector_id = "App"
%s
}
`, w.provider(), build(i+1)))
		delete(roots[i].env, "TF_LOG")
	}
	outputs := make([]string, directories)
	run := func(want int, args ...string) {
		t.Helper()
		atOnce(roots, func(i int, r *root) {
			code, out := r.run(args...)
			if outputs[i] = out; code != want {
				t.Errorf("directory %d: %s ended with %d:\n%s", i+1, strings.Join(args, " "), code, out)
			}
		})
		if t.Failed() {
			t.FailNow()
		}
	}
	run(0, "import", customers, "Customers")
	run(0, "apply", "-auto-approve")

	runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 0)
	w.must(err)
	slices.Reverse(runs)
	numbers, triggers, owners := []int64{}, map[string]bool{}, map[string]bool{}
	for i, run := range runs {
		numbers = append(numbers, run.Run)
		started, err := w.ledger().Started(t.Context(), "Customers", run.Run)
		w.must(err)
		triggers[started.Definition.RefreshTriggers["build"]], owners[run.Owner.ID] = true, true
		if run.Status != dataflow.StatusCompleted || run.EndedAt == nil || run.EndedAt.Before(run.StartedAt) {
			t.Errorf("run %d is %s, from %s to %v: %s", run.Run, run.Status, run.StartedAt, run.EndedAt, run.Description)
		}
		if i > 0 && run.StartedAt.Before(*runs[i-1].EndedAt) {
			t.Errorf("run %d started at %s, and run %d ended at %s", run.Run, run.StartedAt, runs[i-1].Run, runs[i-1].EndedAt)
		}
	}
	wanted := []int64{}
	for n := range directories + 1 {
		wanted = append(wanted, int64(n)+1)
	}
	if diff := cmp.Diff(wanted, numbers); diff != "" {
		t.Fatalf("numbers of the runs (-want +got):\n%s", diff)
	}
	if len(triggers) != directories+1 || len(owners) != directories+1 {
		t.Errorf("%d triggers and %d owners, want %d: one run for each directory", len(triggers), len(owners), directories+1)
	}
	if want := "Imported 2 tables: groups 3 rows (unchanged); users 22 rows (3 added, 2 changed, 1 removed)."; runs[1].Description != want {
		t.Errorf("run 2: %s", runs[1].Description)
	}
	for _, run := range runs[2:] {
		if want := "Imported 2 tables: groups 3 rows (unchanged); users 22 rows (unchanged)."; run.Description != want {
			t.Errorf("run %d: %s", run.Run, run.Description)
		}
	}
	w.countUsers(22)
	w.equalKept(wanted...)

	// The record has the triggers of whoever came last: there, nothing is left to do. Everybody else is shown them and would set their own.
	last, err := w.ledger().Dataflow(t.Context(), "Customers")
	w.must(err)
	holds := last.Definition.RefreshTriggers["build"]
	run(0, "plan")
	for i, out := range outputs {
		own := fmt.Sprint(i + 1)
		want := fmt.Sprintf("~ \"build\" = %q -> %q", holds, own)
		if own == holds {
			want = "No changes. Your infrastructure matches the configuration."
		}
		if !strings.Contains(out, want) || strings.Contains(out, "run_on_apply") {
			t.Errorf("directory %s, where the record has %s, plans:\n%s", own, holds, out)
		}
	}
}
