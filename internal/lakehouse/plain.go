package lakehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Locations in a catalog and in metadata are plain: readers (pyiceberg, DuckDB, Spark) take them as they are, with spaces and letters of any
// script. iceberg-go builds them as URLs and percent-encodes them, so that "My Lake" becomes "My%20Lake", a folder that nobody else finds:
// https://github.com/apache/iceberg-go/blob/v0.7.0/table/locations.go, table/rolling_data_writer.go and catalog/sql/sql.go (CommitTable).
// It writes the files to the plain folder and opens plain locations, so what is to be done is to name them plainly wherever a name is kept:
// the table's location (fileLocation), the catalog's pointer (CommitTable, createTable), snapshots and manifests (snapshotWriter), and data
// and delete files (plainFile). TestLibrary_PercentEncodesLocations tells when that is mended.

// fileLocation gives a path as the location that Iceberg's metadata will hold.
func fileLocation(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… on Windows
	}
	return "file://" + path
}

// plain gives a location of the library's as readers take it. Only local ones are encoded by it.
func plain(location string) string {
	if !strings.HasPrefix(location, "file:") {
		return location
	}
	decoded, err := url.PathUnescape(location)
	if err != nil {
		return location // it holds a % that encodes nothing: another writer's
	}
	return decoded
}

// isEncoded says whether a location is one that an earlier version of this package wrote and other readers do not find.
func isEncoded(location string) bool { return plain(location) != location }

// localPath gives the path of a file:// or file:/ location (Spark writes the latter), plain or encoded; false for any other one.
func localPath(location string) (string, bool) {
	rest, ok := strings.CutPrefix(plain(location), "file:")
	if !ok {
		return "", false
	}
	if rest, ok = strings.CutPrefix(rest, "//"); ok {
		rest = strings.TrimPrefix(rest, "localhost")
	}
	if !strings.HasPrefix(rest, "/") {
		return "", false // another host's
	}
	if runtime.GOOS == "windows" {
		rest = strings.TrimPrefix(rest, "/")
	}
	return filepath.FromSlash(path.Clean(rest)), true
}

// CheckWarehouse refuses a folder whose path readers of Iceberg tables do not agree on: %, # and ? mean something else in a URL to some of
// them, ~ is a home folder to others, and a control character can't be written down. Everything else may be in it.
func CheckWarehouse(folder string) error {
	refused := "%#?~"
	if runtime.GOOS == "windows" {
		refused = "%#?" // ~ is in its short names, such as RUNNER~1, and is no home folder there
	}
	for _, r := range folder {
		if strings.ContainsRune(refused, r) || unicode.IsControl(r) {
			return &dataflow.Error{
				Code: dataflow.CodeInvalid, Cause: fmt.Errorf("the path of the tables' files is %q, and readers of Iceberg tables do not agree on what %q means in one", folder, r),
				Hint: "Set warehouse to a path without it: spaces and letters of any script are fine.",
			}
		}
	}
	return nil
}

// CommitTable is the library's, with a plain location. Like that one it gives table.ErrCommitFailed where somebody else was faster,
// and changes nothing where the updates change nothing.
func (c *sqlCatalog) CommitTable(ctx context.Context, ident table.Identifier, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	current, err := c.LoadTable(ctx, ident)
	if err != nil {
		return nil, "", err
	}
	for _, r := range requirements {
		if err := r.Validate(current.Metadata()); err != nil {
			return nil, "", err
		}
	}
	ahead := aheadOfClock(current.Metadata())
	base, err := shifted(current.Metadata(), -ahead)
	if err != nil {
		return nil, "", err
	}
	updated, err := table.UpdateTableMetadata(base, updates, current.MetadataLocation())
	if err != nil {
		return nil, "", err
	}
	if updated, err = shifted(updated, ahead); err != nil {
		return nil, "", err
	}
	if updated.Equals(current.Metadata()) {
		return current.Metadata(), current.MetadataLocation(), nil
	}
	if updated.Properties().Get(table.MetadataCompressionKey, table.MetadataCompressionDefault) != table.MetadataCompressionCodecNone {
		return c.Catalog.CommitTable(ctx, ident, requirements, updates) // somebody wants it compressed, which the library knows how to do
	}
	where, err := nextMetadata(current, updated)
	if err != nil {
		return nil, "", err
	}
	written := table.New(ident, updated, where, current.FS, nil)
	if err := writeMetadata(ctx, written); err != nil {
		return nil, "", fmt.Errorf("write the table's metadata: %w", err)
	}
	moved, err := c.repoint(ctx, dataflow.TableID{Database: ident[0], Name: ident[len(ident)-1]}, current.MetadataLocation(), where)
	if err != nil {
		return nil, "", err
	}
	c.checkpoint(ctx)
	if !moved {
		if files, err := current.FS(ctx); err == nil {
			_ = files.Remove(where) // nothing points to it; one that stays harms nobody
		}
		return nil, "", fmt.Errorf("%w: the metadata of %s has moved", table.ErrCommitFailed, strings.Join(ident, "."))
	}
	return updated, where, nil
}

// repoint moves the catalog's pointer, if it still is where it was read: false when it is not.
func (c *sqlCatalog) repoint(ctx context.Context, id dataflow.TableID, from, to string) (bool, error) {
	result, err := c.db.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`, to, from, CatalogName, id.Database, id.Name, from)
	if err != nil {
		return false, fmt.Errorf("update the catalog: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// createTable is the library's CreateTable, with a plain location. A table that exists gives catalog.ErrTableAlreadyExists.
func (c *sqlCatalog) createTable(ctx context.Context, id dataflow.TableID, schema *iceberg.Schema, location string, properties iceberg.Properties) (*table.Table, error) {
	tbl, err := c.CreateTable(ctx, identifier(id), schema, catalog.WithLocation(location), catalog.WithProperties(properties))
	if err != nil || !isEncoded(tbl.MetadataLocation()) {
		return tbl, err
	}
	// The same file under its plain name. Whoever is killed in between leaves an empty table, which the next commit names plainly.
	if _, err := c.repoint(ctx, id, tbl.MetadataLocation(), plain(tbl.MetadataLocation())); err != nil {
		return nil, err
	}
	return c.LoadTable(ctx, identifier(id))
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

// plainFile gives a file that the library wrote under its plain path. A file of a partitioned table keeps the library's:
// this package partitions none, and the builder can't be told the types of somebody else's partition.
func plainFile(spec iceberg.PartitionSpec, file iceberg.DataFile) (iceberg.DataFile, error) {
	if !isEncoded(file.FilePath()) || len(file.Partition()) > 0 {
		return file, nil
	}
	if file.ContentType() != iceberg.EntryContentData {
		return nil, errors.New("only data files have a plain twin")
	}
	builder, err := iceberg.NewDataFileBuilder(spec, file.ContentType(), plain(file.FilePath()), file.FileFormat(),
		nil, nil, nil, file.Count(), file.FileSizeBytes())
	if err != nil {
		return nil, fmt.Errorf("describe a data file: %w", err)
	}
	builder.ColumnSizes(file.ColumnSizes()).ValueCounts(file.ValueCounts()).NullValueCounts(file.NullValueCounts()).NaNValueCounts(file.NaNValueCounts()).
		LowerBoundValues(file.LowerBoundValues()).UpperBoundValues(file.UpperBoundValues()).SplitOffsets(file.SplitOffsets())
	if order := file.SortOrderID(); order != nil {
		builder.SortOrderID(*order)
	}
	return builder.Build(), nil
}
