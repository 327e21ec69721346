package lakehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqlCatalog is Iceberg's SQL catalog with the database under it, which a conditional drop needs.
type sqlCatalog struct {
	*sqlcatalog.Catalog
	db *sql.DB
}

// Every connection waits for a writer instead of failing, readers never wait for one (WAL), and a transaction that writes takes
// the lock when it begins: one that takes it later fails at once when somebody wrote meanwhile (https://www.sqlite.org/lang_transaction.html).
const sqliteOptions = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_txlock=immediate"

func openSQLite(ctx context.Context, path, warehouse string) (*sqlCatalog, error) {
	db, err := sql.Open("sqlite", fileURL(path)+sqliteOptions)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4) // a writer and some readers; each costs a page cache
	var opened *sqlcatalog.Catalog
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		opened, err = sqlcatalog.NewCatalog(CatalogName, db, sqlcatalog.SQLite, iceberg.Properties{"warehouse": warehouse})
		// Two processes that turn on WAL at once: SQLite does not call the busy handler there.
		if err == nil || !strings.Contains(err.Error(), "locked") || wait > 5*time.Second {
			break
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(wait):
			continue
		}
		break
	}
	if err != nil {
		_ = db.Close() // the first error says more
		return nil, fmt.Errorf("open the catalog's database: %w", err)
	}
	return &sqlCatalog{Catalog: opened, db: db}, nil
}

func (c *sqlCatalog) close() error {
	err := c.Catalog.Close() // gives up its metrics reporter; the database stays ours
	if closed := c.db.Close(); err == nil {
		err = closed
	}
	return err
}
