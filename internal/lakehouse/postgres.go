package lakehouse

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// postgresCatalog is the Catalog in a PostgreSQL database: Iceberg's SQL catalog layout, which pyiceberg, Spark and Trino open too.
type postgresCatalog struct {
	sqlTables
	postgresErrors
	warehouse string

	mu    sync.Mutex
	ready bool // its tables are there
}

var _ Catalog = (*postgresCatalog)(nil)

// completePostgres checks the address. What it says of one that can't be right never holds it: it may have a password.
func completePostgres(config CatalogConfig) (CatalogConfig, error) {
	_, err := pgx.ParseConfig(config.URI)
	if err != nil {
		return config, &dataflow.Error{
			Code: dataflow.CodeInvalid, Op: "open", Object: "catalog", Cause: errors.New("its uri is not the address of a PostgreSQL database"),
			Hint: "Give catalog.uri as postgres://USER@HOST:PORT/DATABASE, with ?sslmode=verify-full where the server has a certificate; a password comes from the environment variable PGPASSWORD, or from the uri.",
		}
	}
	return config, nil
}

// openPostgres opens a catalog. It asks the server at once, so that an address that does not work is known.
//
// What the address leaves out comes from the environment as psql has it: PGPASSWORD, PGSSLMODE, PGSSLROOTCERT, PGPASSFILE and the like
// (https://www.postgresql.org/docs/current/libpq-envars.html).
func openPostgres(ctx context.Context, from CatalogConfig, warehouse string, create bool) (Catalog, error) {
	config, err := pgx.ParseConfig(from.URI)
	if err != nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "open", Object: "catalog", Cause: errors.New("its uri is not the address of a PostgreSQL database")}
	}
	at := "catalog " + placeOfPostgres(from.URI)
	// A pooler between (pgbouncer) may give the next statement to another server process, which does not know what the last one prepared.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	again := func(ctx context.Context, call func() error) (int, error) { return patiently(ctx, isTransient, call) }
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(4)                   // a writer and some readers
	db.SetConnMaxIdleTime(15 * time.Second) // a run reads for hours between two commits: what lies idle is taken from others, and cut off by firewalls
	opened, err := sqlcatalog.NewCatalog(CatalogName, db, sqlcatalog.Postgres, withWarehouse(from.Properties, warehouse, false))
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		_ = db.Close() // the first error says more
		return nil, postgresErrors{}.Explain("open", at, err)
	}
	c := &postgresCatalog{
		sqlTables: sqlTables{
			Catalog: opened, db: db, properties: from.Properties, parameter: func(n int) string { return "$" + strconv.Itoa(n) }, committed: func(context.Context) {}, again: again,
		},
		warehouse: warehouse,
	}
	if c.ready, err = c.hasTables(ctx); err == nil && !c.ready && !create {
		err = errNoCatalog
	}
	if err != nil {
		_ = c.Close() // the first error says more
		return nil, c.Explain("open", at, err)
	}
	return c, nil
}

// placeOfPostgres names a database without who signs in to it.
func placeOfPostgres(uri string) string {
	config, err := pgx.ParseConfig(uri)
	if err != nil {
		return CatalogPostgres // it was checked when it was configured
	}
	return fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
}

func (c *postgresCatalog) hasTables(ctx context.Context) (bool, error) {
	var found bool
	err := c.db.QueryRowContext(ctx, `SELECT to_regclass('iceberg_tables') IS NOT NULL AND to_regclass('iceberg_namespace_properties') IS NOT NULL`).Scan(&found)
	return found, err
}

// Warehouse implements Catalog.
func (c *postgresCatalog) Warehouse() string { return c.warehouse }

// Folder implements Catalog.
func (*postgresCatalog) Folder() string { return "" }

// PrepareToWrite implements Catalog: the first who writes makes the catalog's tables. Of several at once one makes them: they wait for each other on
// a lock of the database, since CREATE TABLE IF NOT EXISTS fails where two make one table at the same time.
func (c *postgresCatalog) PrepareToWrite(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready {
		return nil
	}
	if err := c.makeTables(ctx); err != nil {
		return c.Explain("make tables", "catalog", err)
	}
	c.ready = true
	return nil
}

// tablesLock is the key of the advisory lock under which the catalog's tables are made: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS.
const tablesLock = 0x736b79706f696e74 // "skypoint"

func (c *postgresCatalog) makeTables(ctx context.Context) error {
	holder, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = holder.Close() }() // it goes back to the pool
	if _, err := holder.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(tablesLock)); err != nil {
		return err
	}
	defer func() {
		_, _ = holder.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(tablesLock)) // the end of the connection unlocks it too
	}()
	return c.CreateSQLTables(ctx)
}

// isTransient says whether the same call may succeed a little later: serialization_failure, deadlock_detected, too_many_connections, and what a server says that ends or starts.
func isTransient(err error) bool {
	return isLost(err) || isAnswer(err, "40001", "40P01", "53300", "57P01", "57P02", "57P03")
}

// LoadTable implements Catalog.
func (c *postgresCatalog) LoadTable(ctx context.Context, ident table.Identifier) (tbl *table.Table, err error) {
	_, err = c.again(ctx, func() error {
		tbl, err = c.Catalog.LoadTable(ctx, ident)
		return err
	})
	return tbl, err
}

// CommitTable implements Catalog.
func (c *postgresCatalog) CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	current, err := c.LoadTable(ctx, ident)
	if err != nil {
		return nil, "", err
	}
	return c.commit(ctx, current, requirements, updates)
}

// NewTable implements Catalog. A call whose answer is lost finds the table that it made.
func (c *postgresCatalog) NewTable(ctx context.Context, id dataflow.TableID, schema *iceberg.Schema, location string, properties iceberg.Properties) (tbl *table.Table, err error) {
	_, err = c.again(ctx, func() error {
		tbl, err = c.sqlTables.NewTable(ctx, id, schema, location, properties)
		return err
	})
	return tbl, err
}

// ListTables implements Catalog.
func (c *postgresCatalog) ListTables(ctx context.Context, namespace table.Identifier) iter.Seq2[table.Identifier, error] {
	var found []table.Identifier
	_, err := c.again(ctx, func() error {
		found = nil
		for ident, err := range c.Catalog.ListTables(ctx, namespace) {
			if err != nil {
				return err
			}
			found = append(found, ident)
		}
		return nil
	})
	return func(yield func(table.Identifier, error) bool) {
		for _, ident := range found {
			if !yield(ident, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// ListNamespaces implements Catalog.
func (c *postgresCatalog) ListNamespaces(ctx context.Context, parent table.Identifier) (found []table.Identifier, err error) {
	_, err = c.again(ctx, func() error {
		found, err = c.Catalog.ListNamespaces(ctx, parent)
		return err
	})
	return found, err
}

// LoadNamespaceProperties implements Catalog.
func (c *postgresCatalog) LoadNamespaceProperties(ctx context.Context, namespace table.Identifier) (properties iceberg.Properties, err error) {
	_, err = c.again(ctx, func() error {
		properties, err = c.Catalog.LoadNamespaceProperties(ctx, namespace)
		return err
	})
	return properties, err
}

// CreateNamespace implements Catalog. The library knows another process that makes the database at the same time by looking for it after its own insert has failed,
// and does not find it where a third one has dropped it by then: https://github.com/apache/iceberg-go/blob/v0.7.0/catalog/sql/sql.go (CreateNamespace).
func (c *postgresCatalog) CreateNamespace(ctx context.Context, name table.Identifier, properties iceberg.Properties) error {
	_, err := c.again(ctx, func() error { return c.Catalog.CreateNamespace(ctx, name, properties) })
	if isAnswer(err, "23505") { // unique_violation
		return fmt.Errorf("%w: %w", catalog.ErrNamespaceAlreadyExists, err)
	}
	return err
}

// DropNamespace implements Catalog. A transaction that PostgreSQL ends because another one works in the database at the same time finds it in use.
func (c *postgresCatalog) DropNamespace(ctx context.Context, name table.Identifier) error {
	_, err := c.again(ctx, func() error { return c.Catalog.DropNamespace(ctx, name) })
	if isAnswer(err, "40001") { // serialization_failure
		return fmt.Errorf("%w: %w", catalog.ErrNamespaceNotEmpty, err)
	}
	return err
}

// isAnswer says whether the server has answered with one of these codes.
func isAnswer(err error, codes ...string) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, answer.Code)
}

// Close implements Catalog.
func (c *postgresCatalog) Close() error {
	return errors.Join(c.Catalog.Close(), c.db.Close())
}

// postgresErrors are what the database's errors mean.
type postgresErrors struct{}

// Explain implements Catalog.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
func (postgresErrors) Explain(op, object string, err error) error {
	if _, said := errors.AsType[*dataflow.Error](err); said || errors.Is(err, errNoCatalog) {
		return err
	}
	e := &dataflow.Error{Op: op, Object: object, Cause: err}
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch answer.Code {
		case "28P01", "28000":
			e.Code, e.Hint = dataflow.CodeCatalog, "Check the user of catalog.uri, and its password: in the environment variable PGPASSWORD, or in the uri."
		case "3D000":
			e.Code, e.Hint = dataflow.CodeCatalog, "Make the database that catalog.uri names, or name one that is there."
		case "42501":
			e.Code, e.Hint = dataflow.CodeCatalog, "Let the user of catalog.uri create tables in the database's schema, and read and write iceberg_tables and iceberg_namespace_properties."
		case "53300", "57P03", "57P01", "57P02":
			e.Code, e.Hint = dataflow.CodeBusy, "The database takes no connection now: apply again when it does."
		case "53100":
			e.Hint = "The disk of the database is full: make room there, and apply again."
		}
		return e
	}
	switch _, refused := errors.AsType[*pgconn.ConnectError](err); {
	case refused:
		e.Code, e.Hint = dataflow.CodeCatalog, "Check catalog.uri, that the database answers there, and sslmode."
	case isLost(err):
		e.Code, e.Hint = dataflow.CodeCatalog, "The connection to the database was lost: apply again when it answers."
	}
	return e
}

// isLost says whether a connection that was there has ended.
func isLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || pgconn.SafeToRetry(err) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
