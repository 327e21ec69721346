//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
)

// strangeFolder is a name with all that the name of a folder may hold.
const strangeFolder = `My Läke [1] (zwei) {x} 'é' "部署" + & = ,;!@$`

// TestManySmallRuns_AreReadByEveryReader leaves a table with position deletes, delete files and merged files of many runs, and holds what
// pyiceberg, DuckDB and Spark read from it, now and at earlier runs, to a map. It lies in a folder with a strange name, and has a column with one.
func TestManySmallRuns_AreReadByEveryReader(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), strangeFolder)
	catalog, warehouse := filepath.Join(dir, "catalog.db"), filepath.Join(dir, "warehouse")
	l, err := lakehouse.Open(lakehouse.Config{
		Catalog: lakehouse.CatalogConfig{URI: catalog}, Warehouse: warehouse, SpoolDir: filepath.Join(dir, "spool"),
		WorkspaceID: func(context.Context, bool) (string, error) { return "interop", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	id := dataflow.TableID{Database: "customers", Name: "users"}
	schema := dataflow.Schema{Key: []string{"sub"}, Columns: []dataflow.Column{
		{Name: "sub", Type: dataflow.String, Required: true}, {Name: "email", Type: dataflow.String}, {Name: "logins", Type: dataflow.Long},
		{Name: "custom_部署", Type: dataflow.String},
	}}
	model := map[string]row{}
	runs := map[int64]map[string]row{}
	load := func(run int64) {
		s, err := l.Stage(ctx, dataflow.StageRequest{
			Dataflow: "Customers", Run: run, ID: id, Table: dataflow.SourceTable{Key: "users", FileName: "Users", Schema: schema},
			Definition: dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "users"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		runs[run] = map[string]row{}
		for sub, row := range model {
			runs[run][sub] = row
			if err := s.Put(ctx, dataflow.Row{sub, row.Email, row.Logins, row.Department}); err != nil {
				t.Fatal(err)
			}
		}
		change, err := s.Commit(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Publish(ctx, "Customers", run, change); err != nil {
			t.Fatal(err)
		}
	}

	key := func(n int) string { return fmt.Sprintf("%08x-é-%d", uint32(n)*2654435761, n) } // spread over all keys
	const rows, last = 2000, 101
	for n := range rows {
		model[key(n)] = row{key(n), "first@example.com", 0, "営業"}
	}
	load(1)
	next := rows
	for run := int64(2); run <= last; run++ {
		for i := range 6 {
			n := (int(run)*131 + i*331) % rows
			if _, there := model[key(n)]; there {
				model[key(n)] = row{key(n), fmt.Sprintf("run-%d@example.com", run), run, "開発"}
			}
		}
		delete(model, key(int(run)*17%rows))
		delete(model, key(next-1)) // one that the run before has added
		for range 3 {
			model[key(next)] = row{key(next), "new@example.com", run, "Vertrieb"}
			next++
		}
		load(run)
	}
	now, err := l.Describe(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows in %d data files after %d runs", now.TotalRecords, now.Files, last)
	if now.TotalRecords != int64(len(model)) {
		t.Errorf("the table says it has %d rows, the model has %d", now.TotalRecords, len(model))
	}
	for _, ref := range []string{"main", "run_60"} { // what is read below
		if deletes := positionDeletes(t, now.MetadataLocation, ref); deletes == 0 {
			t.Errorf("%s has no position deletes: there is nothing that a reader could get wrong", ref)
		}
	}
	for ref, want := range map[string]map[string]row{"": model, "run_60": runs[60], "run_1": runs[1]} {
		refs := []string{ref}
		if ref == "" {
			refs = nil
		}
		for reader, args := range map[string][]string{
			"pyiceberg": {catalog}, "duckdb": {now.MetadataLocation}, "spark": {catalog, "file://" + warehouse},
		} {
			t.Run(reader+" at "+ref, func(t *testing.T) {
				got := readRows(t, reader, append(args, refs...))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("rows differ (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// positionDeletes is how many rows the snapshot of a branch or tag marks as deleted, as its metadata file says.
func positionDeletes(t *testing.T, location, ref string) int {
	t.Helper()
	text, err := os.ReadFile(strings.TrimPrefix(location, "file://"))
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Refs map[string]struct {
			ID int64 `json:"snapshot-id"`
		} `json:"refs"`
		Snapshots []struct {
			ID      int64             `json:"snapshot-id"`
			Summary map[string]string `json:"summary"`
		} `json:"snapshots"`
	}
	if err := json.Unmarshal(text, &metadata); err != nil {
		t.Fatal(err)
	}
	for _, snapshot := range metadata.Snapshots {
		if snapshot.ID == metadata.Refs[ref].ID {
			deletes, err := strconv.Atoi(snapshot.Summary["total-position-deletes"])
			if err != nil {
				t.Fatal(err)
			}
			return deletes
		}
	}
	t.Fatalf("there is no %s", ref)
	return 0
}

type row struct {
	Sub    string `json:"sub"`
	Email  string `json:"email"`
	Logins int64  `json:"logins"`

	Department string `json:"custom_部署"`
}

// readRows runs a reader and gives its rows by their keys.
func readRows(t *testing.T, reader string, args []string) map[string]row {
	t.Helper()
	environment := map[string]string{"pyiceberg": "PYICEBERG", "duckdb": "DUCKDB", "spark": "SPARK"}[reader]
	out, err := python(t, environment, "read_"+reader+".py", args...).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	rows := map[string]row{}
	for line := range bytes.Lines(out) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if _, twice := rows[r.Sub]; twice {
			t.Fatalf("key %q is read twice", r.Sub)
		}
		rows[r.Sub] = r
	}
	return rows
}
