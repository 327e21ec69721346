package provider_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What nobody changed is not read again: its metadata file could not be.
func TestRead_OpensOnlyTheTablesThatSomebodyChanged(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	users := strings.TrimPrefix(w.metadataLocation("users"), "file://")
	content, err := os.ReadFile(users)
	w.must(err)
	w.must(os.WriteFile(users, []byte("{}"), 0o600))
	c.succeeds("plan", c.plan())

	moved := filepath.Join(filepath.Dir(users), "00009-moved.metadata.json")
	w.must(os.WriteFile(moved, []byte("{}"), 0o600))
	w.pointAt("users", moved)
	if r := c.plan(); len(r.errors) > 0 || len(r.warnings) != 1 || !strings.HasPrefix(r.warnings[0], `Tables are not as the dataflow left them: Dataflow "Customers": table customers.users: load: its metadata file `+moved+" is cut off or damaged: ") {
		t.Errorf("plan said %q", append(r.errors, r.warnings...))
	}
	w.must(os.WriteFile(moved, content, 0o600)) // what another writer changed leaves the run where it is
	c.succeeds("plan", c.plan())
}

// pointAt makes the catalog's entry of a table name another metadata file, as a commit does.
func (w *world) pointAt(table, metadata string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.workspace, "catalog.db"))
	w.must(err)
	_, err = db.ExecContext(w.t.Context(), "UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = ?", "file://"+metadata, table)
	w.must(err)
	w.must(db.Close())
}
