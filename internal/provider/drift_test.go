package provider_test

import (
	"fmt"
	"strings"
	"testing"
)

// What nobody changed is not read again: its metadata file could not be.
func TestRead_OpensOnlyTheTablesThatSomebodyChanged(t *testing.T) {
	w := newWorld(t, 10)
	w.needsSQL()
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	users := w.metadataLocation("users")
	content := w.content(users)
	w.put(users, []byte("{}"))
	c.succeeds("plan", c.plan())

	moved := users[:strings.LastIndex(users, "/")] + "/00009-moved.metadata.json"
	w.put(moved, []byte("{}"))
	w.pointAt("users", moved)
	if r := c.plan(); len(r.errors) > 0 || len(r.warnings) != 1 || !strings.HasPrefix(r.warnings[0], `Tables are not as the dataflow left them: Dataflow "Customers": table customers.users: load: its metadata file `+strings.TrimPrefix(moved, "file://")+" is cut off or damaged: ") {
		t.Errorf("plan said %q", append(r.errors, r.warnings...))
	}
	w.put(moved, content) // what another writer changed leaves the run where it is
	c.succeeds("plan", c.plan())
}

// pointAt makes the catalog's entry of a table name another metadata file, as a commit does.
func (w *world) pointAt(table, metadata string) {
	w.t.Helper()
	db := w.catalog()
	_, err := db.ExecContext(w.t.Context(), fmt.Sprintf("UPDATE iceberg_tables SET metadata_location = '%s' WHERE table_name = '%s'", metadata, table))
	w.must(err)
	w.must(db.Close())
}
