package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	iceio "github.com/apache/iceberg-go/io"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// A table whose metadata file was deleted or cut off can't be read, so its properties can't say whose it is. The records can: a table's folder is
// its own for ever (newLocation), so a table whose entry points into the folder that the records have is the dataflow's. Its entry and its folder
// may go, and the next run makes it anew.
//
// A warehouse that is not mounted looks the same, and there nothing may go: see isAway.

// whyNotLoaded says what is wrong with a table that could not be loaded: CodeFilesGone where it is its metadata file.
func whyNotLoaded(ctx context.Context, c Catalog, id dataflow.TableID, failure error) error {
	failed := c.Explain("load", object(id), failure)
	if _, byName := c.(registrar); byName && errors.Is(failure, fs.ErrNotExist) && !isWarehouseAway(ctx, c) {
		return metadataGone(id, errors.New("its metadata file is not there")) // the catalog has looked for it
	}
	where, err := c.MetadataLocations(ctx, []dataflow.TableID{id})
	at, found := where[id]
	if err != nil || !found {
		return failed
	}
	file, local := localPath(at)
	if local && isAway(c, file) {
		return &dataflow.Error{
			Code: dataflow.CodeCorrupt, Op: "load", Object: object(id), Cause: fmt.Errorf("its warehouse %s is not there", warehouseOf(file)),
			Hint: fmt.Sprintf("If it was moved or is not mounted, put it back where it was. If it is lost for good, make the empty folder %s: the next run then makes the table anew.", filepath.Dir(filepath.Dir(filepath.Dir(file)))),
		}
	}
	files, err := c.Files(ctx, at)
	if err != nil {
		return failed
	}
	if !local && isBucketAway(files, parent(parent(parent(parent(at))))) {
		return &dataflow.Error{
			Code: dataflow.CodeCorrupt, Op: "load", Object: object(id), Cause: fmt.Errorf("its warehouse %s is not there, or is empty", parent(parent(parent(parent(at))))),
			Hint: "Check that the catalog's properties lead to the bucket that the tables were written to. If what was in it is lost for good, put any object into it: the next run then makes the table anew.",
		}
	}
	in, err := files.Open(at)
	if !local {
		file = at
	}
	cause := fmt.Errorf("its metadata file %s is cut off or damaged: %w", file, failure)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		cause = fmt.Errorf("its metadata file %s is not there", file)
	case err != nil:
		return failed
	default:
		_ = in.Close() // it was only opened
	}
	return metadataGone(id, cause)
}

// metadataGone says what can be done about a table whose metadata file is gone or damaged.
func metadataGone(id dataflow.TableID, cause error) error {
	return &dataflow.Error{
		Code: dataflow.CodeFilesGone, Op: "load", Object: object(id), Cause: cause,
		Hint: "Put it back from a copy of the workspace, or leave it: the next run of its dataflow makes the table anew, without its earlier runs, and a destroy removes what is left of it.",
	}
}

// warehouseOf gives the warehouse that a metadata file of ours lies in: <warehouse>/<database>/<table>/metadata/<file>.
func warehouseOf(file string) string {
	return filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(file))))
}

// isAway says whether the whole warehouse of a metadata file is away: its folder is missing, or empty, as a mount point is. An empty folder below the
// catalog's own is not away: it is on the same file system, so somebody emptied it.
func isAway(c Catalog, file string) bool {
	warehouse := warehouseOf(file)
	entries, err := os.ReadDir(warehouse)
	return err != nil || len(entries) == 0 && !isBelow(warehouse, c.Folder())
}

// isBucketAway says whether nothing is in the warehouse of a metadata file that lies in a bucket: another endpoint's bucket of the same name looks so.
func isBucketAway(files iceio.IO, warehouse string) bool {
	listable, ok := files.(iceio.ListableIO)
	if !ok {
		return false
	}
	found := false
	err := listable.WalkDir(warehouse, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return !found && (err == nil || errors.Is(err, fs.ErrNotExist))
}

// isWarehouseAway says whether nothing is where new tables would lie: the warehouse is not mounted, or the properties lead elsewhere.
func isWarehouseAway(ctx context.Context, c Catalog) bool {
	files, err := c.Files(ctx, c.Warehouse())
	return err != nil || isBucketAway(files, c.Warehouse())
}

// Broken lists the tables in these databases whose metadata can't be read, in the order of their names.
func (l *Lakehouse) Broken(ctx context.Context, databases []string) ([]dataflow.TableID, error) {
	c, err := l.reading(ctx)
	if errors.Is(err, errNoCatalog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var broken []dataflow.TableID
	for _, database := range databases {
		names, err := tablesOf(ctx, c, database)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			id := dataflow.TableID{Database: database, Name: name}
			if _, err := load(ctx, c, id); dataflow.IsCode(err, dataflow.CodeFilesGone) {
				broken = append(broken, id)
			}
		}
	}
	return broken, nil
}

// Discard removes what is left of a table whose metadata can't be read: its entry and its folder. The records say where the table was; one
// that lies elsewhere is another's, with dataflow.CodeForeign. One that can be read stays, and one that is gone is done.
func (l *Lakehouse) Discard(ctx context.Context, id dataflow.TableID, metadataLocation string) error {
	c, err := l.writing(ctx)
	if err != nil {
		return err
	}
	if _, err := load(ctx, c, id); err == nil || dataflow.IsCode(err, dataflow.CodeNotFound) {
		return nil
	} else if !dataflow.IsCode(err, dataflow.CodeFilesGone) {
		return err
	}
	where, err := c.MetadataLocations(ctx, []dataflow.TableID{id})
	if err != nil {
		return c.Explain("find", object(id), err)
	}
	at, known := where[id]
	if byName, ok := c.(registrar); ok && !known {
		return l.discardByName(ctx, c, byName, id, metadataLocation)
	}
	folder := parent(parent(at))
	if plain(folder) != plain(parent(parent(metadataLocation))) || !isOwnFolder(id, folder) {
		return &dataflow.Error{Code: dataflow.CodeForeign, Op: "discard", Object: object(id), Cause: errors.New("another table has this name now")}
	}
	if _, err := c.DropEntry(ctx, id, at); err != nil {
		return c.Explain("drop", object(id), err)
	}
	if err := removeFolder(ctx, c, id, folder); err != nil {
		return &dataflow.Error{Op: "remove files", Object: object(id), Cause: err}
	}
	return nil
}

// discardByName is Discard in a catalog that does not say where the metadata of a table is which it can't read. It is the table of the records when the file that these name is
// gone too.
func (l *Lakehouse) discardByName(ctx context.Context, c Catalog, byName registrar, id dataflow.TableID, metadataLocation string) error {
	folder := parent(parent(metadataLocation))
	files, err := c.Files(ctx, metadataLocation)
	if err != nil {
		return c.Explain("discard", object(id), err)
	}
	there, err := hasFile(files, metadataLocation)
	if there || !isOwnFolder(id, folder) {
		return &dataflow.Error{Code: dataflow.CodeForeign, Op: "discard", Object: object(id), Cause: errors.New("another table has this name now")}
	}
	if err != nil {
		return c.Explain("discard", object(id), err)
	}
	if err := byName.Unregister(ctx, id); err != nil {
		return c.Explain("drop", object(id), err)
	}
	if err := removeFolder(ctx, c, id, folder); err != nil {
		return &dataflow.Error{Op: "remove files", Object: object(id), Cause: err}
	}
	return nil
}

// Intact says whether every file that a run's snapshot of a table needs is there. If not, it is an error with dataflow.CodeFilesGone that
// names one. It reads the manifests, and looks at data files on this machine's own file systems alone.
func (l *Lakehouse) Intact(ctx context.Context, id dataflow.TableID, run int64) error {
	tbl, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	snapshot := tbl.SnapshotByName(RunTag(run))
	if snapshot == nil {
		return notFound(id)
	}
	files, err := tbl.FS(ctx)
	if err != nil {
		return &dataflow.Error{Op: "look at files", Object: object(id), Cause: err}
	}
	manifests, err := snapshot.Manifests(files)
	if err != nil {
		return filesGone("look at files", id, err)
	}
	for _, manifest := range manifests {
		for entry, err := range manifest.Entries(files, true) {
			if err != nil {
				return filesGone("look at files", id, err)
			}
			if path, local := localPath(entry.DataFile().FilePath()); local {
				if _, err := os.Stat(path); err != nil {
					return filesGone("look at files", id, err)
				}
			}
		}
	}
	return nil
}

// filesGone says what can be done about a file that a table needs and that is not there. Any other failure stays what it is.
func filesGone(op string, id dataflow.TableID, err error) error {
	if _, said := errors.AsType[*dataflow.Error](err); said {
		return err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return &dataflow.Error{Op: op, Object: object(id), Cause: err}
	}
	return &dataflow.Error{
		Code: dataflow.CodeFilesGone, Op: op, Object: object(id), Cause: fmt.Errorf("a file that it needs is not there: %w", err),
		Hint: "Put it back from a copy of the workspace. Without one, let the dataflow be made anew, without its earlier runs: terraform apply -replace=ADDRESS.",
	}
}
