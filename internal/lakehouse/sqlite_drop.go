package lakehouse

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// dropEntry removes a table from the catalog if its metadata is still where it was read: false when it is not.
//
// It goes round the library, whose DropTable matches the name only and so would drop a table that somebody made or changed meanwhile:
// https://github.com/apache/iceberg-go/blob/v0.7.0/catalog/sql/sql.go (func DropTable). A test tells when that is mended.
func (c *sqlCatalog) dropEntry(ctx context.Context, id dataflow.TableID, metadataLocation string) (bool, error) {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	result, err := execDrop(ctx, tx, id, metadataLocation)
	if err != nil {
		_ = tx.Rollback() // the first error says more
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("commit: %w", err)
	}
	c.checkpoint(ctx)
	return result > 0, nil
}

func execDrop(ctx context.Context, tx *sql.Tx, id dataflow.TableID, metadataLocation string) (int64, error) {
	result, err := tx.ExecContext(ctx,
		`DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
		CatalogName, id.Database, id.Name, metadataLocation)
	if err != nil {
		return 0, fmt.Errorf("delete the entry: %w", err)
	}
	return result.RowsAffected()
}
