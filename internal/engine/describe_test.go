package engine_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDescribe_SaysWhatARunDid(t *testing.T) {
	table := func(name string, change dataflow.Change, counts dataflow.Counts) dataflow.TableResult {
		return dataflow.TableResult{TableChange: dataflow.TableChange{
			TableID: dataflow.TableID{Database: "customers", Name: name}, Change: change, Counts: counts,
			Definition: dataflow.TableDefinition{Data: true},
		}}
	}
	known := func(change dataflow.Change, counts dataflow.Counts) dataflow.TableResult {
		t := table("users", change, counts)
		t.Definition.Data = false
		return t
	}
	replaced := table("users", dataflow.ChangePublish, dataflow.Counts{Read: 10, Added: 10})
	theirs := int64(8765432109876543210)
	replaced.Replaced = &theirs
	publish, keep, hide, drop := dataflow.ChangePublish, dataflow.ChangeKeep, dataflow.ChangeHide, dataflow.ChangeDrop
	var lines []string
	for _, run := range []dataflow.Run{
		{Kind: dataflow.KindImport},
		{Kind: dataflow.KindRemoval},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("users", publish, dataflow.Counts{Read: 5000, Added: 5000})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("groups", publish, dataflow.Counts{Read: 1, Added: 1})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("groups", publish, dataflow.Counts{})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("users", keep, dataflow.Counts{Read: 40_000_000, Unchanged: 40_000_000})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{
			table("groups", keep, dataflow.Counts{Read: 20, Unchanged: 20}),
			table("users", publish, dataflow.Counts{Read: 5004, Added: 12, Changed: 1234, Removed: 8, Unchanged: 3758, KeptAsText: 3}),
			table("devices", hide, dataflow.Counts{}),
		}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("users", publish, dataflow.Counts{Removed: 3})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("users", keep, dataflow.Counts{Read: 2, Unchanged: 2, KeptAsText: 1})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{known(publish, dataflow.Counts{Read: 5000, Removed: 3})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{known(keep, dataflow.Counts{Read: 1})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{replaced}},
		{Kind: dataflow.KindRollback, Target: new(int64(1)), Tables: []dataflow.TableResult{table("users", publish, dataflow.Counts{Read: 2}), table("groups", hide, dataflow.Counts{})}},
		{Kind: dataflow.KindRollback, Target: new(int64(3)), Tables: []dataflow.TableResult{table("users", publish, dataflow.Counts{Read: 4})}},
		{Kind: dataflow.KindImport, Tables: []dataflow.TableResult{table("users", keep, dataflow.Counts{Read: 2, Unchanged: 2}), table("devices", hide, dataflow.Counts{}), table("groups", drop, dataflow.Counts{})}},
		{Kind: dataflow.KindRemoval, Tables: []dataflow.TableResult{table("users", drop, dataflow.Counts{})}},
		{Kind: dataflow.KindRemoval, Tables: []dataflow.TableResult{table("groups", drop, dataflow.Counts{}), table("users", drop, dataflow.Counts{})}},
	} {
		lines = append(lines, engine.Describe(run, dataflow.Standing{CurrentRun: new(int64(2))}, nil))
	}
	golden(t, "descriptions.txt", strings.Join(lines, "\n")+"\n")
}

func TestRunError_SaysWhichRunFailedAndWhy(t *testing.T) {
	w, p, order := imported(t, "users")
	order.Definition = definition("users", "devices")
	_, err := p.Import(t.Context(), order)
	want(t, "message", `Run 2 of dataflow "Customers" failed: table devices: the source has no such table. `+
		"Nothing was published; the tables are at run 1.", err.Error())
	if _, ok := errors.AsType[*dataflow.Error](err); !ok {
		t.Errorf("the cause is lost: %v", err)
	}
	want(t, "history", "1 Completed, 2 Failed", w.history())
}

// golden compares got with a file under testdata; -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, path, string(wanted), got)
}
