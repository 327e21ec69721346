package lakehouse

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// appendNothing makes a snapshot that adds no row: of a table whose first import is empty, or whose columns alone changed.
// AddDataFiles makes none when it is given no file.
func appendNothing(ctx context.Context, tx *table.Transaction, tbl *table.Table, summary iceberg.Properties) error {
	schema, err := table.SchemaToArrowSchema(tbl.Schema(), nil, true, false)
	if err != nil {
		return fmt.Errorf("make the Arrow schema: %w", err)
	}
	nothing, err := array.NewRecordReader(schema, nil)
	if err != nil {
		return fmt.Errorf("read nothing: %w", err)
	}
	defer nothing.Release()
	return tx.Append(ctx, nothing, summary)
}
