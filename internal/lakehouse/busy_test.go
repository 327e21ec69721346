package lakehouse

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestErrSQLite_SaysWhomToLookForWhereTheCatalogIsLocked(t *testing.T) {
	at := sqliteURI(filepath.Join(t.TempDir(), "catalog.db")) + "?_pragma=busy_timeout(0)&_txlock=exclusive"
	begin := func() (*sql.Tx, error) {
		db, err := sql.Open("sqlite", at)
		mustDo(t, err)
		t.Cleanup(func() { mustDo(t, db.Close()) })
		return db.BeginTx(t.Context(), nil)
	}
	first, err := begin()
	mustDo(t, err)
	defer func() { mustDo(t, first.Rollback()) }()
	_, err = begin()
	err = errSQLite("open", "the catalog", err)
	if !dataflow.IsCode(err, dataflow.CodeBusy) || !strings.Contains(err.Error(), "has catalog.db open (fuser or lsof names it). Apply again when it has ended.") {
		t.Errorf("a locked catalog: %v", err)
	}
}
