package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const beginAnewHere = "To begin anew here instead, remove catalog.db and warehouse: the next apply then imports every dataflow's tables again."

// dataSources reads the database in every way that a data source can.
func (w *world) dataSources() string {
	return w.provider() + `
data "skypoint_tables" "all" {
  database = "customers"
}
data "skypoint_table" "users" {
  dataflow_id = "Customers"
  key         = "users"
}
data "skypoint_table_rows" "users" {
  dataflow_id = "Customers"
  key         = "users"
}
`
}

func TestWorkspaceMoved_IsRefusedWithBothPathsAndGoesOnWhereItIsBack(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL() // a catalog elsewhere does not know where it is at home
	r := w.newRootOf(t)
	rows := w.users()
	first := w.workspace
	w.workspace = filepath.Join(filepath.Dir(first), "moved")
	w.must(os.Rename(first, w.folder()))
	said := fmt.Sprintf("catalog %s/catalog.db: open: it was made in %s and has been moved, but Iceberg's metadata holds absolute paths, so its tables are looked for where they were. "+
		"Move it back to %s with everything that was beside it, or make that a symbolic link to %s. %s", w.folder(), first, first, w.folder(), beginAnewHere)

	before := w.tree()
	r.write(w.module(2))
	r.refuses(said, []string{"plan"}, []string{"destroy", "-auto-approve", "-refresh=false"})
	w.unchanged(before, "a moved workspace")
	other := newRoot(t, requires+w.dataSources())
	if _, out := other.run("plan"); strings.Count(unframed(out), "Error: ") != 3 || !fails(said).MatchString(unframed(out)) {
		t.Errorf("the data sources said\n%s", out)
	}
	// A run that was planned before fails, and the tables are not touched.
	r.refuses(said, []string{"apply", "-auto-approve", "-refresh=false"})

	moved := w.workspace
	w.workspace = first
	w.must(os.Rename(moved, first))
	r.write(w.module(3))
	r.succeed("apply", "-auto-approve")
	w.equalRows(rows, w.users())
	r.succeed("plan", "-detailed-exitcode")
}

func TestWorkspaceCopied_NeverTouchesTheOriginal(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL() // a catalog elsewhere does not know where it is at home
	r := w.newRootOf(t)
	rows := w.users()
	first, second := w.workspace, filepath.Join(filepath.Dir(w.folder()), "copy")
	w.must(os.CopyFS(second, os.DirFS(first)))
	w.must(os.Chmod(filepath.Join(second, "key"), 0o600)) // CopyFS does not keep the mode, and others may not read a key
	original := w.tree()

	w.workspace = second
	said := fmt.Sprintf("catalog %s/catalog.db: open: it is a copy of the one in %s, which is still there, and Iceberg's metadata holds absolute paths, so its tables' files are that one's. "+
		"Use the one in %s. %s", second, first, first, beginAnewHere)
	r.write(w.module(2))
	r.refuses(said, []string{"plan"}, []string{"destroy", "-auto-approve", "-refresh=false"}, []string{"apply", "-auto-approve", "-refresh=false"})
	w.workspace = first
	w.unchanged(original, "what was done with the copy")

	// The copy begins anew, as the error says, and can be destroyed then.
	w.workspace = second
	w.putAside("catalog.db", "catalog.db-wal", "catalog.db-shm")
	w.must(os.RemoveAll(filepath.Join(second, "warehouse")))
	r.succeed("apply", "-auto-approve")
	w.equalRows(rows, w.users())
	r.succeed("destroy", "-auto-approve")
	w.equalTables()
	w.workspace = first
	w.unchanged(original, "a copy that began anew")
	w.equalRows(rows, w.users())
}
