package lakehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// errCompressed says that somebody wants a table's metadata compressed, which the library alone knows how to do.
var errCompressed = errors.New("the metadata is compressed")

// nextVersion writes the metadata file of a table as it is after a change, for a catalog of which a commit is to move a pointer from one file to
// the next. It gives the table as it is then. A requirement that does not hold is an error,
// and nothing is written. The file has a plain location, which the library's own commits do not give (plain.go).
func nextVersion(ctx context.Context, current *table.Table, requirements []table.Requirement, updates []table.Update) (*table.Table, error) {
	for _, r := range requirements {
		if err := r.Validate(current.Metadata()); err != nil {
			return nil, err
		}
	}
	ahead := aheadOfClock(current.Metadata())
	base, err := shifted(current.Metadata(), -ahead)
	if err != nil {
		return nil, err
	}
	updated, err := table.UpdateTableMetadata(base, updates, current.MetadataLocation())
	if err != nil {
		return nil, err
	}
	if updated, err = shifted(updated, ahead); err != nil {
		return nil, err
	}
	if updated.Properties().Get(table.MetadataCompressionKey, table.MetadataCompressionDefault) != table.MetadataCompressionCodecNone {
		return nil, errCompressed
	}
	where, err := nextMetadata(current, updated)
	if err != nil {
		return nil, err
	}
	next := table.New(current.Identifier(), updated, where, current.FS, nil)
	if err := writeMetadata(ctx, next); err != nil {
		return nil, fmt.Errorf("write the table's metadata: %w", err)
	}
	return next, nil
}

// writeMetadata writes the file that a table's metadata location names.
func writeMetadata(ctx context.Context, tbl *table.Table) error {
	files, err := tbl.FS(ctx)
	if err != nil {
		return err
	}
	writable, ok := files.(iceio.WriteFileIO)
	if !ok {
		return errors.New("this warehouse can't be written to")
	}
	out, err := writable.Create(tbl.MetadataLocation())
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(out).Encode(tbl.Metadata()), out.Close())
}

// nextMetadata names the metadata file that follows the current one: https://iceberg.apache.org/spec/#file-system-tables has the form.
func nextMetadata(current *table.Table, updated table.Metadata) (string, error) {
	locations, err := table.LoadLocationProvider(updated.Location(), updated.Properties())
	if err != nil {
		return "", err
	}
	version, ok := versionOf(current.MetadataLocation())
	if !ok {
		return "", fmt.Errorf("the name of the metadata file %s has no version", current.MetadataLocation())
	}
	where, err := locations.NewTableMetadataFileLocation(version + 1)
	return plain(where), err
}
