package lakehouse

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go/catalog"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// drop hides the table, then removes its entry while its metadata is the one just read, then the files in its own folder,
// then the database when this package made it and nothing is left in it. Every step may have been done before.
func (l *Lakehouse) drop(ctx context.Context, c Catalog, dataflowName string, run int64, change dataflow.TableChange, result *dataflow.TableResult) error {
	var removed string
	for attempt := 1; ; attempt++ {
		meta, where, err := l.hide(ctx, c, dataflowName, run, change, result)
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			// The entry went before, perhaps in a process that was killed then: its files may still lie there.
			removed = parent(parent(change.MetadataLocation))
			break
		}
		if err != nil {
			return err
		}
		if !droppable(meta, run, change) {
			return nil // called late: a newer run uses the table
		}
		dropped, err := c.DropEntry(ctx, change.TableID, where)
		if err != nil {
			return &dataflow.Error{Op: "drop", Object: object(change.TableID), Cause: err}
		}
		if dropped {
			removed = meta.Location()
			break
		}
		if attempt == publishAttempts {
			return &dataflow.Error{Op: "drop", Object: object(change.TableID), Cause: errMoved}
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	if err := removeFolder(ctx, c, change.TableID, removed); err != nil {
		return &dataflow.Error{Op: "remove files", Object: object(change.TableID), Cause: err}
	}
	if err := dropAgain(ctx, c, change.TableID, removed); err != nil {
		return err
	}
	return l.dropDatabase(ctx, c, dataflowName, change.Database)
}

// droppable says whether the table still is as this run's decision left it: hidden by it, or never published when it has no ticket.
func droppable(meta table.Metadata, run int64, change dataflow.TableChange) bool {
	if change.Ticket == nil {
		return onlyStaged(meta, run)
	}
	return refOf(meta, mainBranch) == nil && meta.Properties()[propertyHidden] == strconv.FormatInt(run, 10)
}

// onlyStaged says whether the table has nothing but the branches of earlier runs. Should their owners still live, they find their runs abandoned.
func onlyStaged(meta table.Metadata, before int64) bool {
	for name := range meta.Refs() {
		tag, isBranch := strings.CutSuffix(name, stagingSuffix)
		if run, ok := runOfTag(tag); !ok || !isBranch || run >= before {
			return false
		}
	}
	return true
}

var madeFolder = regexp.MustCompile(`^-[0-9a-f]{8}$`)

// isOwnFolder says whether a location is a folder that create made for a table: <warehouse>/<database>/<table>-<8 digits>, in whatever
// warehouse that was: the provider may name another one since.
func isOwnFolder(id dataflow.TableID, location string) bool {
	location = plain(location)
	suffix, ok := strings.CutPrefix(path.Base(location), id.Name)
	return ok && madeFolder.MatchString(suffix) && path.Base(parent(location)) == id.Database
}

// removeFolder removes a table's folder if it is one that create made: a table of that folder's name can never be made again.
func removeFolder(ctx context.Context, c Catalog, id dataflow.TableID, location string) error {
	if !isOwnFolder(id, location) {
		return nil
	}
	files, err := c.Files(ctx, location)
	if err != nil {
		return err
	}
	if all, ok := files.(iceio.RemoveAllIO); ok {
		err := all.RemoveAll(location)
		// Another process that drops the table too writes the metadata that its commit will be refused with.
		for attempt := 1; errors.Is(err, fs.ErrExist) && attempt < publishAttempts; attempt++ {
			if err := pause(ctx, attempt); err != nil {
				return err
			}
			err = all.RemoveAll(location)
		}
		if err != nil {
			return err
		}
		_ = files.Remove(parent(location)) // the database's folder; refused while another table is in it
		return nil
	}
	found, err := list(files, location)
	if err != nil {
		return err
	}
	for _, file := range found {
		if err := files.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// parent gives the folder that a URL's last part lies in. path.Dir would take file:///a for file:/a.
func parent(location string) string {
	return location[:max(0, strings.LastIndexByte(location, '/'))]
}

// list gives the files under a location, by their URLs; none when it is not there.
func list(files iceio.IO, location string) ([]string, error) {
	listable, ok := files.(iceio.ListableIO)
	if !ok {
		return nil, errors.New("this warehouse can't list its files")
	}
	var found []string
	err := listable.WalkDir(location, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !entry.IsDir():
			found = append(found, name)
		}
		return nil
	})
	return found, err
}

func (l *Lakehouse) dropDatabase(ctx context.Context, c Catalog, dataflowName, database string) error {
	name := table.Identifier{database}
	properties, err := c.LoadNamespaceProperties(ctx, name)
	if err == nil && l.owns(dataflowName, properties) {
		err = c.DropNamespace(ctx, name)
	}
	if err == nil || errors.Is(err, catalog.ErrNoSuchNamespace) || errors.Is(err, catalog.ErrNamespaceNotEmpty) {
		return nil
	}
	return &dataflow.Error{Op: "drop", Object: "database " + database, Cause: err}
}
