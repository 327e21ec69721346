package lakehouse

import (
	"context"
	"errors"
	"io/fs"

	"github.com/apache/iceberg-go/catalog"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// restore puts the entry of a table back that is not in the catalog though the records say where its metadata is: a late drop of another process took it by its name
// (registrar), or a person did. The table then is as the records have it, with its runs. It is CodeNotFound where the catalog's drops never take the wrong table, and where
// the metadata file is gone: then the table was dropped for good.
//
// A process that comes late may put back what a newer run is about to remove. A drop therefore looks again when the files are gone (dropAgain).
func (l *Lakehouse) restore(ctx context.Context, c Catalog, dataflowName string, id dataflow.TableID, metadataLocation string) (*table.Table, error) {
	byName, ok := c.(registrar)
	if !ok || metadataLocation == "" {
		return nil, notFound(id)
	}
	files, err := c.Files(ctx, metadataLocation)
	if err != nil {
		return nil, &dataflow.Error{Op: "restore", Object: object(id), Cause: err}
	}
	there, err := hasFile(files, metadataLocation)
	if err != nil {
		return nil, &dataflow.Error{Op: "restore", Object: object(id), Cause: err}
	}
	if !there {
		return nil, notFound(id)
	}
	if err := l.useDatabase(ctx, c, dataflowName, id.Database); err != nil {
		return nil, err
	}
	err = byName.Register(ctx, id, metadataLocation)
	switch {
	case err == nil, errors.Is(err, catalog.ErrTableAlreadyExists):
		return load(ctx, c, id)
	case errors.Is(err, fs.ErrNotExist):
		return nil, notFound(id)
	default:
		return nil, c.Explain("restore", object(id), err)
	}
}

// hasFile says whether a file is there.
func hasFile(files iceio.IO, location string) (bool, error) {
	file, err := files.Open(location)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = file.Close() // it was only opened
	return true, nil
}

// dropAgain removes the entry that a late process has put back of a table whose files are removed now. From here on nobody can put it back: there is no metadata file.
func dropAgain(ctx context.Context, c Catalog, id dataflow.TableID, location string) error {
	byName, ok := c.(registrar)
	if !ok || location == "" {
		return nil
	}
	tbl, err := c.LoadTable(ctx, identifier(id))
	if err == nil && plain(tbl.Location()) == plain(location) {
		if _, err = c.DropEntry(ctx, id, tbl.MetadataLocation()); err == nil {
			err = removeFolder(ctx, c, id, location)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = byName.Unregister(ctx, id)
	}
	if err != nil && !isNoTable(err) {
		return c.Explain("drop", object(id), err)
	}
	return nil
}
