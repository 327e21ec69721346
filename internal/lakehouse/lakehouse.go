package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

// CatalogName is the name of the embedded catalog. It is a part of every entry: a reader that opens the catalog must use it.
const CatalogName = "skypoint"

// Config says where tables live.
type Config struct {
	Catalog   CatalogConfig
	Warehouse string // a folder, or a URL that Iceberg has a file system for
	// WorkspaceID gives the id of the workspace: a part of the mark of ownership on every table. With create it makes the workspace when there is
	// none; without, that is an error with dataflow.CodeNotFound. It may be called concurrently.
	WorkspaceID func(ctx context.Context, create bool) (string, error)
	SpoolDir    string // where rows are spooled; empty: the system's temporary folder
}

// Lakehouse keeps the tables of dataflows on Iceberg. Its methods may be called concurrently, by any number of processes.
type Lakehouse struct {
	config    Config
	warehouse string // as a location

	isOnNetwork func(folder string) bool

	mu        sync.Mutex
	opened    Catalog
	workspace string // the workspace's id; empty: there is no workspace yet
	closed    bool
}

var _ dataflow.Tables = (*Lakehouse)(nil)

// Open checks the configuration and returns a lakehouse. It touches nothing: the catalog is opened when it is first needed,
// and made, with the workspace, when something is first written. So whoever only reads leaves no trace, and finds no tables where there are none.
func Open(config Config) (*Lakehouse, error) {
	if config.Catalog.URI == "" && config.Catalog.Type != CatalogGlue || config.Warehouse == "" || config.WorkspaceID == nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "open", Object: "lakehouse", Cause: errors.New("catalog, warehouse and workspace must all be given")}
	}
	if config.SpoolDir == "" {
		config.SpoolDir = os.TempDir()
	}
	var err error
	if config.Catalog, err = config.Catalog.complete(); err != nil {
		return nil, err
	}
	warehouse, err := location(config.Warehouse)
	if err != nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "open", Object: "warehouse", Cause: err}
	}
	return &Lakehouse{config: config, warehouse: warehouse, isOnNetwork: isOnNetwork}, nil
}

// Close gives up the catalog's connections. No other method may be called after or during it.
func (l *Lakehouse) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.opened == nil {
		return nil
	}
	err := l.opened.Close()
	l.opened = nil
	return err
}

// location gives a folder or URL as the location that Iceberg's metadata will hold.
func location(warehouse string) (string, error) {
	if strings.Contains(warehouse, "://") {
		return strings.TrimRight(warehouse, "/"), nil
	}
	path, err := filepath.Abs(warehouse)
	if err != nil {
		return "", err
	}
	return fileLocation(path), nil
}

// errNoCatalog says that there is no catalog yet, hence no table.
var errNoCatalog = errors.New("the workspace has no tables yet")

// reading gives the catalog, or errNoCatalog when nothing was ever written.
func (l *Lakehouse) reading(ctx context.Context) (Catalog, error) { return l.catalog(ctx, false) }

// writing gives the catalog, and makes it when it is not there.
func (l *Lakehouse) writing(ctx context.Context) (Catalog, error) { return l.catalog(ctx, true) }

func (l *Lakehouse) catalog(ctx context.Context, create bool) (Catalog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, &dataflow.Error{Op: "open", Object: "catalog", Cause: errors.New("the lakehouse is closed")}
	}
	if l.workspace == "" {
		id, err := l.config.WorkspaceID(ctx, create)
		if err != nil && (create || !dataflow.IsCode(err, dataflow.CodeNotFound)) {
			return nil, err
		}
		l.workspace = id
	}
	if l.opened == nil {
		if path, ok := localPath(l.warehouse); ok && create { // open to nobody else: tables hold personal data
			if err := disk.MkdirAll(path, 0o700); err != nil {
				return nil, &dataflow.Error{Op: "make folders", Object: "warehouse", Cause: err}
			}
		}
		opened, err := l.openCatalog(ctx, create)
		if err != nil {
			return nil, err
		}
		l.opened = opened
	}
	if create {
		return l.opened, l.opened.PrepareToWrite(ctx)
	}
	return l.opened, nil
}

// Place implements dataflow.Tables.
func (l *Lakehouse) Place() string { return l.config.Catalog.place() }

// CatalogType gives the kind of the catalog: one of CatalogTypes.
func (l *Lakehouse) CatalogType() string { return l.config.Catalog.Type }

// isOfWorkspace says whether properties bear the mark of this workspace.
func (l *Lakehouse) isOfWorkspace(properties iceberg.Properties) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.workspace != "" && properties[propertyWorkspace] == l.workspace
}

// marks are the properties that say whose a table or a database is.
func (l *Lakehouse) marks(dataflowName string) iceberg.Properties {
	l.mu.Lock()
	defer l.mu.Unlock()
	return iceberg.Properties{propertyWorkspace: l.workspace, propertyDataflow: dataflowName}
}

func identifier(id dataflow.TableID) table.Identifier { return table.Identifier{id.Database, id.Name} }

func object(id dataflow.TableID) string { return "table " + id.String() }

// load reads a table. One that is not there is an error with dataflow.CodeNotFound.
func load(ctx context.Context, c Catalog, id dataflow.TableID) (*table.Table, error) {
	tbl, err := c.LoadTable(ctx, identifier(id))
	if errors.Is(err, fs.ErrNotExist) {
		// Somebody may have dropped it between the look into the catalog and the one into the file: a drop takes the entry
		// away before the files, so a second look tells.
		tbl, err = c.LoadTable(ctx, identifier(id))
	}
	if errors.Is(err, catalog.ErrNoSuchTable) || errors.Is(err, catalog.ErrNoSuchNamespace) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, whyNotLoaded(ctx, c, id, err)
	}
	return tbl, nil
}

func notFound(id dataflow.TableID) error {
	return &dataflow.Error{Code: dataflow.CodeNotFound, Op: "load", Object: object(id), Cause: errors.New("there is no such table")}
}

// refOf gives the snapshot of a branch or tag; nil when the table has none of that name.
func refOf(meta table.Metadata, name string) *int64 {
	for ref, snapshot := range meta.Refs() {
		if ref == name {
			return &snapshot.SnapshotID
		}
	}
	return nil
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// commitTable makes one atomic change of a table and removes the metadata files that its log lets go: CommitTable leaves
// them lying, only Transaction.Commit would remove them.
func commitTable(ctx context.Context, c Catalog, tbl *table.Table, requirements []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	meta, where, err := c.CommitTable(ctx, tbl.Identifier(), requirements, updates)
	if err != nil {
		return nil, "", err
	}
	if meta.Properties().GetBool(table.MetadataDeleteAfterCommitEnabledKey, false) {
		removeOldMetadata(ctx, tbl, meta)
	}
	return meta, where, nil
}

func removeOldMetadata(ctx context.Context, before *table.Table, after table.Metadata) {
	files, err := before.FS(ctx)
	if err != nil {
		return // a file too many harms nobody
	}
	kept := map[string]bool{}
	for entry := range after.PreviousFiles() {
		kept[entry.MetadataFile] = true
	}
	for entry := range before.Metadata().PreviousFiles() {
		if !kept[entry.MetadataFile] {
			_ = files.Remove(entry.MetadataFile) // another process may have removed it
		}
	}
}

// writeProperties are what every table gets. The first three keep memory flat: page and batch size do while writing, the row group
// while reading, since a reader holds one whole. Row groups of 8 MiB took 15 MB more at a million rows and made files no smaller.
func writeProperties() iceberg.Properties {
	return iceberg.Properties{
		table.ParquetRowGroupSizeBytesKey:         "4194304",
		table.ParquetPageSizeBytesKey:             "65536",
		table.ParquetBatchSizeKey:                 "1024",
		table.ParquetCompressionKey:               "zstd",
		table.WriteTargetFileSizeBytesKey:         fmt.Sprint(targetFileBytes),
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "100",
	}
}
