package lakehouse

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Where gives the metadata location of each of these tables, from the catalog alone: no metadata file is read. Iceberg never changes
// such a file, so a table is as it was when its location is. A table that the catalog has not, or whose file is not there, as far as
// this machine tells without asking another one, is left out.
func (l *Lakehouse) Where(ctx context.Context, ids []dataflow.TableID) (map[dataflow.TableID]string, error) {
	where := map[dataflow.TableID]string{}
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return where, nil
	}
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		at, err := c.metadataLocation(ctx, id)
		if err != nil {
			return nil, errSQLite("find", object(id), err)
		}
		if path, local := localPath(at); local {
			if _, err := os.Stat(path); err != nil {
				continue
			}
		}
		if at != "" {
			where[id] = at
		}
	}
	return where, nil
}

// metadataLocation is empty for a table that the catalog has not.
func (c *sqlCatalog) metadataLocation(ctx context.Context, id dataflow.TableID) (string, error) {
	var at sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`,
		CatalogName, id.Database, id.Name).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return at.String, err
}
