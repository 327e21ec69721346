package lakehouse

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"

	"github.com/apache/iceberg-go"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Locations in a catalog and in metadata are plain: readers (pyiceberg, DuckDB, Spark) take them as they are, with spaces and letters of any
// script. iceberg-go builds them as URLs and percent-encodes them, so that "My Lake" becomes "My%20Lake", a folder that nobody else finds:
// https://github.com/apache/iceberg-go/blob/v0.7.0/table/locations.go, table/rolling_data_writer.go and catalog/sql/sql.go (CommitTable).
// It writes the files to the plain folder and opens plain locations, so what is to be done is to name them plainly wherever a name is kept:
// the table's location (fileLocation), the catalog's pointer (nextVersion, Catalog.NewTable), snapshots and manifests (snapshotWriter), and data
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

// CheckWarehouse refuses a place that tables can't be in, with dataflow.CodeInvalid: a bucket of another kind than S3, or a folder whose path readers of
// Iceberg tables do not agree on. There %, # and ? mean something else in a URL to some of them, ~ is a home folder to others, and a control
// character can't be written down. Everything else may be in it.
func CheckWarehouse(warehouse string) error {
	if strings.Contains(warehouse, "://") {
		return checkS3Warehouse(warehouse)
	}
	refused := "%#?~"
	if runtime.GOOS == "windows" {
		refused = "%#?" // ~ is in its short names, such as RUNNER~1, and is no home folder there
	}
	for _, r := range warehouse {
		if strings.ContainsRune(refused, r) || unicode.IsControl(r) {
			return &dataflow.Error{
				Code: dataflow.CodeInvalid, Cause: fmt.Errorf("the path of the tables' files is %q, and readers of Iceberg tables do not agree on what %q means in one", warehouse, r),
				Hint: "Set warehouse to a path without it: spaces and letters of any script are fine.",
			}
		}
	}
	return nil
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
