package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// in gives the world's root module with its tables in this folder.
func (w *world) in(warehouse, arguments string) string {
	return requires + strings.Replace(w.dataflow(arguments), "  workspace", fmt.Sprintf("  warehouse = %q\n  workspace", warehouse), 1)
}

// filesBelow lists all files below a folder; none when it is not there.
func (w *world) filesBelow(folder string) []string {
	w.t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if !os.IsNotExist(err) {
		w.must(err)
	}
	return found
}

func TestDestroy_TakesEveryFileAlsoFromAnEarlierWarehouse(t *testing.T) {
	w := newWorld(t, 10)
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	r := newRoot(t, w.in(first, "tables = { users = {} }"))
	delete(r.env, "TF_LOG")
	r.succeed("apply", "-auto-approve")
	r.write(w.in(second, "tables = { users = {}, groups = {} }"))
	r.succeed("apply", "-auto-approve")
	if a, b := len(w.filesBelow(first)), len(w.filesBelow(second)); a == 0 || b == 0 {
		t.Fatalf("%d and %d files: the test has lost its subject", a, b)
	}
	r.succeed("destroy", "-auto-approve")
	if left := append(w.filesBelow(first), w.filesBelow(second)...); len(left) > 0 {
		t.Errorf("files with personal data stay: %v", left)
	}
}

func TestRun_RecordsTheMetadataThatTheCatalogHas(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, "tables = { users = {} }\nretain_runs = 1")
	for build := range 4 {
		c.declare(fmt.Sprintf("tables = { users = {} }\nretain_runs = 1\nrefresh_triggers = { build = \"%d\" }", build))
		c.succeeds("apply", c.apply(), []string{connectorType, dataflowType}[min(build, 1):]...)
		runs, err := w.ledger().Runs(t.Context(), "Customers", 0, 1)
		w.must(err)
		at := runs[0].Standing.Tables[0].PublishedMetadataLocation
		where := w.metadataLocation("users")
		if at != where {
			t.Errorf("build %d: the record has %s, the catalog %s", build, at, where)
		}
		content := w.content(at)
		if tag := fmt.Sprintf(`"run_%d":`, build); build > 0 && strings.Contains(string(content), tag) {
			t.Errorf("build %d: it lists %s, which is let go", build, tag)
		}
	}
}

// metadataLocation is where the catalog says that a table's metadata is.
func (w *world) metadataLocation(table string) string {
	w.t.Helper()
	lake := w.lakehouse()
	found, err := lake.Describe(w.t.Context(), dataflow.TableID{Database: "customers", Name: table})
	w.must(err)
	w.must(lake.Close())
	return found.MetadataLocation
}
