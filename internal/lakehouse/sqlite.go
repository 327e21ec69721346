package lakehouse

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	"modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

// sqliteCatalog is the Catalog in a SQLite file.
type sqliteCatalog struct {
	sqlTables
	sqliteErrors
	path      string // of its file, as it was opened
	folder    string // where its tables know it to lie: another one than path's when a link leads there
	warehouse string
	readOnly  error // why nothing can be written through it; nil: it can

	mu   sync.Mutex
	home string // the path at which it was made; empty: it does not say, or is at home anywhere
}

var _ Catalog = (*sqliteCatalog)(nil)

func completeSQLite(config CatalogConfig) (CatalogConfig, error) {
	path, err := filepath.Abs(config.URI)
	if err != nil {
		return config, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "open", Object: "catalog", Cause: err}
	}
	config.Type, config.URI = CatalogSQLite, path
	return config, nil
}

// openSQLite opens a catalog, or makes it, and looks whether it is where it was made. One that this user may only read is opened for that.
func openSQLite(ctx context.Context, from CatalogConfig, warehouse string, isOnNetwork func(folder string) bool, create bool) (Catalog, error) {
	path := from.URI
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !create {
		return nil, errNoCatalog
	}
	if create {
		if err := disk.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, &dataflow.Error{Op: "make folders", Object: "catalog", Cause: err}
		}
	}
	onNetwork := isOnNetwork(filepath.Dir(path))
	opened, err := openSQLiteToWrite(ctx, from, warehouse, onNetwork)
	if isForbidden(err) && !create {
		if reader, readErr := openSQLiteReadOnly(ctx, from, warehouse, onNetwork); readErr == nil {
			reader.readOnly = err
			opened, err = reader, nil
		}
	}
	if err != nil {
		return nil, sqliteErrors{}.Explain("open", "catalog "+path, err)
	}
	known, home, err := findHome(ctx, opened.db, path)
	if err != nil {
		_ = opened.Close() // the first error says more
		return nil, sqliteErrors{}.Explain("open", "catalog "+path, err)
	}
	opened.folder, opened.home, opened.warehouse = filepath.Dir(known), home, knownAs(warehouse, path, known)
	return opened, nil
}

// Warehouse implements Catalog.
func (c *sqliteCatalog) Warehouse() string { return c.warehouse }

// Folder implements Catalog.
func (c *sqliteCatalog) Folder() string { return c.folder }

// PrepareToWrite implements Catalog: the first who writes makes the catalog's path its home.
func (c *sqliteCatalog) PrepareToWrite(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.readOnly
	if err == nil && c.home == "" {
		if err = settleHome(ctx, c.db, c.path); err == nil {
			c.home = c.path
		}
	}
	if err != nil {
		return c.Explain("open", "catalog "+c.path, err)
	}
	return nil
}

// Every connection waits for a writer instead of failing, readers never wait for one (WAL), and a transaction that writes takes
// the lock when it begins: one that takes it later fails at once when somebody wrote meanwhile (https://www.sqlite.org/lang_transaction.html).
//
// What was committed is on the disk: EXTRA also syncs the folder after a rollback journal was removed, without which a power cut may take
// the last commit back (https://www.sqlite.org/pragma.html#pragma_synchronous). With WAL it is the default.
const sqliteOptions = "?_pragma=busy_timeout(10000)&_pragma=synchronous(EXTRA)&_txlock=immediate&_pragma=journal_mode"

// journalMode is WAL, or, where several hosts may share the file, the rollback journal: WAL lives on memory that its processes share, so it is
// not for a network file system (https://www.sqlite.org/wal.html). The rollback journal is as safe there as the file system's locks are.
func journalMode(onNetwork bool) string {
	if onNetwork {
		return "(DELETE)"
	}
	return "(WAL)"
}

// sqliteURI gives a path as SQLite takes it: https://www.sqlite.org/uri.html.
func sqliteURI(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func openSQLiteToWrite(ctx context.Context, from CatalogConfig, warehouse string, onNetwork bool) (*sqliteCatalog, error) {
	return openDatabase(ctx, from, sqliteURI(from.URI)+sqliteOptions+journalMode(onNetwork), withWarehouse(from.Properties, warehouse, true))
}

// openSQLiteReadOnly opens a database that this user may read and not write. SQLite needs a file beside one in WAL mode to tell
// readers from a writer. Where that is missing and can't be made nobody writes, so there it reads without
// (https://www.sqlite.org/wal.html#read_only_databases); each query opens the file anew then, so that one which was changed
// after all is never read from an old page.
func openSQLiteReadOnly(ctx context.Context, from CatalogConfig, warehouse string, onNetwork bool) (*sqliteCatalog, error) {
	options := "?mode=ro&_pragma=busy_timeout(10000)"
	_, err := os.Stat(from.URI + "-wal")
	alone := errors.Is(err, fs.ErrNotExist) && !onNetwork // there another host may write
	if alone {
		options += "&immutable=1"
	}
	c, err := openDatabase(ctx, from, sqliteURI(from.URI)+options, withWarehouse(from.Properties, warehouse, false))
	if err != nil {
		return nil, err
	}
	if alone {
		c.db.SetMaxIdleConns(0)
	}
	return c, nil
}

func openDatabase(ctx context.Context, from CatalogConfig, source string, properties iceberg.Properties) (*sqliteCatalog, error) {
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4) // a writer and some readers; each costs a page cache
	var opened *sqlcatalog.Catalog
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		opened, err = sqlcatalog.NewCatalog(CatalogName, db, sqlcatalog.SQLite, properties)
		// Two processes that turn on WAL at once: SQLite does not call the busy handler there.
		if err == nil || !strings.Contains(err.Error(), "locked") || wait > 5*time.Second {
			break
		}
		if err = dataflow.Sleep(ctx, wait); err != nil {
			break
		}
	}
	if err != nil {
		_ = db.Close() // the first error says more
		return nil, err
	}
	c := &sqliteCatalog{path: from.URI, sqlTables: sqlTables{Catalog: opened, db: db, properties: from.Properties, parameter: func(int) string { return "?" }, again: once}}
	c.committed = c.checkpoint
	return c, nil
}

// checkpoint brings what was committed into the database's own file, so that a copy of catalog.db alone has it. It waits for nobody,
// and what it can't bring now the next one does: a reader of the database itself sees all of it in any case.
func (c *sqliteCatalog) checkpoint(ctx context.Context) {
	_, _ = c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
}

// Close implements Catalog. It checkpoints too: SQLite does when the last connection goes.
func (c *sqliteCatalog) Close() error {
	err := c.Catalog.Close() // gives up its metrics reporter; the database stays ours
	if closed := c.db.Close(); err == nil {
		err = closed
	}
	return err
}

const (
	hintRestore = "The catalog was cut off or changed by something else: restore catalog.db (with catalog.db-wal, if the copy has it) and warehouse from one copy of the workspace. " + hintNoCopy
	hintNoCopy  = "Without a copy remove catalog.db with what is beside it (catalog.db-wal, catalog.db-shm): the next apply then imports every dataflow's tables again."
)

// sqliteErrors are what a database's errors mean.
type sqliteErrors struct{}

// Explain implements Catalog.
func (sqliteErrors) Explain(op, object string, err error) error {
	if _, said := errors.AsType[*dataflow.Error](err); said {
		return err
	}
	e := &dataflow.Error{Op: op, Object: object, Cause: err}
	switch resultCode(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		e.Code, e.Hint = dataflow.CodeCorrupt, hintRestore
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		e.Hint = "Let this user write to the catalog's file and its folder."
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Code, e.Hint = dataflow.CodeBusy, "Another process has locked the catalog: an apply, a reader or a backup that has catalog.db open (fuser or lsof names it). Apply again when it has ended."
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		e.Hint = "Look whether its disk is full, and apply again."
	}
	return e
}

// isForbidden says whether a database could not be opened because this user may not write to it.
func isForbidden(err error) bool {
	switch resultCode(err) {
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// resultCode is SQLite's primary result code (https://www.sqlite.org/rescode.html); 0 for an error of another kind.
func resultCode(err error) int {
	if failed, ok := errors.AsType[*sqlite.Error](err); ok {
		return failed.Code() & 0xff
	}
	return 0
}
