//go:build interop

package interop

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

func TestStatistics_AreWhatIcebergItselfCounts(t *testing.T) {
	t.Parallel()
	tm := newTeam(t)
	tm.imports("1")
	tm.evolve(cognitotest.Evolution{Added: 5, Changed: 3, Removed: 2})
	tm.imports("2")

	count := python(t, "SPARK", "statistics_spark.py", filepath.Join(tm.dir, ".skypoint", "catalog.db"), "file://"+filepath.Join(tm.dir, ".skypoint", "warehouse"))
	out, err := count.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%v\n%s", err, tail(string(exit.Stderr)))
	}
	var said []map[string]int64 // the table, the sketches in its file, Iceberg's own
	for line := range strings.Lines(string(out)) {
		var counts map[string]int64
		if err := json.Unmarshal([]byte(line), &counts); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		said = append(said, counts)
	}
	if len(said) != 3 {
		t.Fatalf("it printed:\n%s", out)
	}
	if diff := cmp.Diff(said[2], said[0]); diff != "" {
		t.Errorf("distinct values of the table (-Iceberg's own +ours):\n%s", diff)
	}
	if diff := cmp.Diff(said[0], said[1]); diff != "" {
		t.Errorf("the sketches give other numbers (-named +sketched):\n%s", diff)
	}
	if said[0]["sub"] != teamUsers+3 {
		t.Errorf("it has %d distinct keys", said[0]["sub"])
	}
	if _, personal := said[0]["email"]; personal {
		t.Error("there is a sketch of e-mail addresses")
	}
}
