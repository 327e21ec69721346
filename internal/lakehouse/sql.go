package lakehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	sqlcatalog "github.com/apache/iceberg-go/catalog/sql"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// sqlTables is what the catalogs in SQL databases have in common: iceberg-go's SQL catalog, with the database under it for what that can't do.
type sqlTables struct {
	*sqlcatalog.Catalog
	db         *sql.DB
	properties map[string]string
	parameter  func(n int) string    // how the n-th parameter of a query is written, counted from 1
	committed  func(context.Context) // called after a commit
	again      retry
}

// retry calls something until it ends otherwise than with a lost connection, or for as long as a restart of the database takes. It says how often it called.
type retry func(ctx context.Context, call func() error) (calls int, err error)

// once is the retry of a database that is on this machine: there is no connection to lose.
func once(_ context.Context, call func() error) (int, error) { return 1, call() }

// Files implements Catalog.
func (c *sqlTables) Files(ctx context.Context, location string) (iceio.IO, error) {
	return iceio.LoadFS(ctx, c.properties, location)
}

// withWarehouse gives the properties that iceberg-go's SQL catalog is opened with.
func withWarehouse(properties map[string]string, warehouse string, makesTables bool) iceberg.Properties {
	all := iceberg.Properties{}
	maps.Copy(all, properties)
	all["warehouse"] = warehouse
	if !makesTables {
		all["init_catalog_tables"] = "false"
	}
	return all
}

// query writes a query's parameters, each a ?, as the database takes them.
func (c *sqlTables) query(text string) string {
	var out strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			out.WriteString(c.parameter(n))
		}
		out.WriteString(part)
		n++
	}
	return out.String()
}

// CommitTable implements Catalog. It goes round the library's, whose metadata files have no plain location and no syncing, and whose clock may be behind the table's.
func (c *sqlTables) CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	current, err := c.LoadTable(ctx, ident)
	if err != nil {
		return nil, "", err
	}
	return c.commit(ctx, current, requirements, updates)
}

// commit is CommitTable of a table as it was just read.
func (c *sqlTables) commit(ctx context.Context, current *table.Table, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	ident := current.Identifier()
	next, err := nextVersion(ctx, current, requirements, updates)
	if errors.Is(err, errCompressed) {
		return c.Catalog.CommitTable(ctx, ident, requirements, updates)
	}
	if err != nil {
		return nil, "", err
	}
	moved, sure, err := c.repoint(ctx, dataflow.TableID{Database: ident[0], Name: ident[len(ident)-1]}, current.MetadataLocation(), next.MetadataLocation())
	if err != nil {
		return nil, "", err
	}
	c.committed(ctx)
	if !moved {
		if files, err := current.FS(ctx); err == nil && sure {
			_ = files.Remove(next.MetadataLocation()) // nothing points to it; one that stays harms nobody
		}
		return nil, "", fmt.Errorf("%w: the metadata of %s has moved", table.ErrCommitFailed, strings.Join(ident, "."))
	}
	return next.Metadata(), next.MetadataLocation(), nil
}

// repoint moves the catalog's pointer, if it still is where it was read: false when it is not. An answer that is lost is looked up: the pointer tells whether it has
// moved. Where it has moved on since, nobody can tell whose move the lost one was: then it is not sure.
func (c *sqlTables) repoint(ctx context.Context, id dataflow.TableID, from, to string) (moved, sure bool, err error) {
	var rows int64
	calls, err := c.again(ctx, func() error {
		result, err := c.db.ExecContext(ctx, c.query(`UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
			WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`), to, from, CatalogName, id.Database, id.Name, from)
		if err == nil {
			rows, err = result.RowsAffected()
		}
		return err
	})
	if err != nil && (calls > 1 || ctx.Err() != nil) { // a statement that is cancelled may be carried out all the same
		err = fmt.Errorf("%w: %w", errCommitUnknown, err)
	}
	if err != nil {
		return false, false, fmt.Errorf("update the catalog: %w", err)
	}
	if rows > 0 || calls == 1 {
		return rows > 0, true, nil
	}
	where, err := c.MetadataLocations(ctx, []dataflow.TableID{id})
	return where[id] == to, false, err
}

// NewTable implements Catalog.
func (c *sqlTables) NewTable(ctx context.Context, id dataflow.TableID, schema *iceberg.Schema, location string, properties iceberg.Properties) (*table.Table, error) {
	tbl, err := c.CreateTable(ctx, identifier(id), schema, catalog.WithLocation(location), catalog.WithProperties(properties))
	if err != nil || !isEncoded(tbl.MetadataLocation()) {
		return tbl, err
	}
	// The same file under its plain name. Whoever is killed in between leaves an empty table, which the next commit names plainly.
	if _, _, err := c.repoint(ctx, id, tbl.MetadataLocation(), plain(tbl.MetadataLocation())); err != nil {
		return nil, err
	}
	return c.LoadTable(ctx, identifier(id))
}

// DropEntry implements Catalog.
//
// It goes round the library, whose DropTable matches the name only and so would drop a table that somebody made or changed meanwhile:
// https://github.com/apache/iceberg-go/blob/v0.7.0/catalog/sql/sql.go (func DropTable). A test tells when that is mended.
func (c *sqlTables) DropEntry(ctx context.Context, id dataflow.TableID, metadataLocation string) (bool, error) {
	var rows int64
	_, err := c.again(ctx, func() error {
		result, err := c.db.ExecContext(ctx, c.query(`DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`),
			CatalogName, id.Database, id.Name, metadataLocation)
		if err == nil {
			rows, err = result.RowsAffected()
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("delete the entry: %w", err)
	}
	c.committed(ctx)
	return rows > 0, nil
}

// tablesAtOnce is how many tables one query asks for; each takes two of the 32,766 parameters that a query may have in SQLite
// (https://www.sqlite.org/limits.html#max_variable_number), and of 65,535 in PostgreSQL.
const tablesAtOnce = 1000

// MetadataLocations implements Catalog.
func (c *sqlTables) MetadataLocations(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	where := map[dataflow.TableID]string{}
	for some := range slices.Chunk(ids, tablesAtOnce) {
		parameters := []any{CatalogName}
		for _, id := range some {
			parameters = append(parameters, id.Database, id.Name)
		}
		text := c.query(`SELECT table_namespace, table_name, metadata_location FROM iceberg_tables WHERE metadata_location IS NOT NULL AND catalog_name = ?
			AND (table_namespace, table_name) IN (VALUES (?, ?)` + strings.Repeat(", (?, ?)", len(some)-1) + `)`)
		visit := func(scan func(...any) error) error {
			var id dataflow.TableID
			var at string
			err := scan(&id.Database, &id.Name, &at)
			where[id] = at
			return err
		}
		if _, err := c.again(ctx, func() error { return eachRow(ctx, c.db, visit, text, parameters...) }); err != nil {
			return nil, fmt.Errorf("read where the tables are: %w", err)
		}
	}
	return where, nil
}

// eachRow visits the rows of a query.
func eachRow(ctx context.Context, db *sql.DB, visit func(scan func(...any) error) error, query string, parameters ...any) error {
	rows, err := db.QueryContext(ctx, query, parameters...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read only
	for rows.Next() {
		if err := visit(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
