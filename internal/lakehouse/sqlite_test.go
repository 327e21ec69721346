package lakehouse

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestSQLite_SaysWhomToLookForWhereTheCatalogIsLocked(t *testing.T) {
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
	err = sqliteErrors{}.Explain("open", "the catalog", err)
	if !dataflow.IsCode(err, dataflow.CodeBusy) || !strings.Contains(err.Error(), "has catalog.db open (fuser or lsof names it). Apply again when it has ended.") {
		t.Errorf("a locked catalog: %v", err)
	}
}

// sqlite gives the catalog as its own kind.
func (p *place) sqlite() *sqliteCatalog {
	p.t.Helper()
	opened, err := p.writing(p.t.Context())
	mustDo(p.t, err)
	c, ok := opened.(*sqliteCatalog)
	if !ok {
		p.t.Fatalf("the catalog is a %T", opened)
	}
	return c
}

func TestCatalogFile_AloneIsTheCatalog(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	content, err := os.ReadFile(p.dir + "/catalog.db") // while it is open, and without catalog.db-wal
	mustDo(t, err)
	copied := t.TempDir()
	mustDo(t, os.WriteFile(copied+"/copy.db", content, 0o600))
	c, err := openSQLiteReadOnly(t.Context(), CatalogConfig{URI: copied + "/copy.db"}, p.warehouse, false)
	mustDo(t, err)
	defer func() { mustDo(t, c.Close()) }()
	if _, err := load(t.Context(), c, usersID); err != nil {
		t.Errorf("a copy of the file: %v", err)
	}
}

func TestSQLite_HasOnTheDiskWhatWasCommitted(t *testing.T) {
	for _, onNetwork := range []bool{false, true} {
		c, err := openSQLiteToWrite(t.Context(), CatalogConfig{URI: filepath.Join(t.TempDir(), "catalog.db")}, "file:///warehouse", onNetwork)
		mustDo(t, err)
		var level int
		mustDo(t, c.db.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&level))
		mustDo(t, c.Close())
		if level != 3 { // EXTRA
			t.Errorf("on a network file system %t: synchronous is %d", onNetwork, level)
		}
	}
}

// TestLibrary_StillDropsByNameAlone fails once iceberg-go's DropTable can be told which metadata it was decided on: then DropEntry can go.
// Here it is given no more than a name, and drops a table that moved since it was read.
func TestLibrary_StillDropsByNameAlone(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.foreignDelete("a") // nobody who read the table before this should be able to drop it
	if err := p.sqlite().DropTable(t.Context(), identifier(usersID)); err != nil {
		t.Errorf("DropTable refused: %v; see whether DropEntry is still needed", err)
	}
}
