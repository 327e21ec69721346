package lakehouse

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// takeAway gives the updates that take snapshots from a table. The commit leaves word in the table of which files they were
// read from, so that whoever comes after a process that was killed before it removed them finds them. Their names alone
// would not do: what a run stages is written before the commit that makes it somebody's.
func takeAway(snapshots []table.Snapshot) []table.Update {
	var ids []int64
	var lists []string
	for _, snapshot := range snapshots {
		ids, lists = append(ids, snapshot.SnapshotID), append(lists, snapshot.ManifestList)
	}
	if len(ids) == 0 {
		return nil
	}
	return []table.Update{
		table.NewRemoveSnapshotsUpdate(ids, false),
		table.NewSetPropertiesUpdate(iceberg.Properties{propertyExpired: strings.Join(lists, "\n")}),
	}
}

// removeFiles removes what no snapshot of the table has any more: the data files of these runs, then the manifests and the
// manifest lists of the snapshots that the newest commit took away. It goes by the table as it is after the commit.
//
// Another process may let snapshots go or drop the table meanwhile, and remove a manifest that is to be read here: such a table
// has moved, and is looked at again. Where it has not, somebody deleted the file.
func removeFiles(ctx context.Context, c *sqlCatalog, id dataflow.TableID, of func(run int64) bool) error {
	seen := ""
	for {
		tbl, err := load(ctx, c, id)
		if err != nil {
			return err
		}
		err = removeUnheld(ctx, tbl, of)
		if errors.Is(err, fs.ErrNotExist) && tbl.MetadataLocation() != seen {
			seen = tbl.MetadataLocation()
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody deleted it: which files are needed can't be told, so all stay, and go with the table
		}
		if err != nil {
			return &dataflow.Error{Op: "remove files", Object: object(id), Cause: err}
		}
		return nil
	}
}

func removeUnheld(ctx context.Context, tbl *table.Table, of func(run int64) bool) error {
	files, err := tbl.FS(ctx)
	if err != nil {
		return err
	}
	orphans, err := dataFilesOf(files, tbl.Location(), of)
	if err != nil {
		return err
	}
	expired, err := expiredManifests(files, tbl)
	if err != nil || len(orphans) == 0 && len(expired) == 0 {
		return err
	}
	held, err := readHeld(files, tbl.Metadata(), orphans)
	if err != nil {
		return err
	}
	for _, file := range orphans {
		if err := remove(files, file); err != nil {
			return err
		}
	}
	for _, file := range expired {
		if !held[file] {
			if err := remove(files, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// dataFilesOf gives the data files that these runs have written, by their names, which the write's UUID makes unique: URLs of one file
// differ between writers.
func dataFilesOf(files iceio.IO, location string, of func(run int64) bool) (map[string]string, error) {
	all, err := list(files, location+"/data")
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range all {
		if by, ok := runOfDataFile(file); ok && of(by) {
			found[path.Base(file)] = file
		}
	}
	return found, nil
}

// expiredManifests gives the manifests and, after its own, each manifest list that the newest commit to take snapshots away has left word of.
// A list that is gone is done. What lies outside the table's folder is nobody's to remove, whatever the property says.
func expiredManifests(files iceio.IO, tbl *table.Table) ([]string, error) {
	var found []string
	folder := plain(tbl.Location()) + "/"
	for line := range strings.Lines(tbl.Properties()[propertyExpired]) {
		snapshot := table.Snapshot{ManifestList: strings.TrimSuffix(line, "\n")}
		if !strings.HasPrefix(plain(snapshot.ManifestList), folder) {
			continue
		}
		manifests, err := snapshot.Manifests(files)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, manifest := range manifests {
			if strings.HasPrefix(plain(manifest.FilePath()), folder) {
				found = append(found, manifest.FilePath())
			}
		}
		found = append(found, snapshot.ManifestList)
	}
	return found, nil
}

// readHeld gives the manifests and manifest lists that the table's snapshots have, and takes their data files out of orphans.
// A manifest that many snapshots share is read once.
func readHeld(files iceio.IO, meta table.Metadata, orphans map[string]string) (map[string]bool, error) {
	held := map[string]bool{}
	for _, snapshot := range meta.Snapshots() {
		held[snapshot.ManifestList] = true
		manifests, err := snapshot.Manifests(files)
		if err != nil {
			return nil, err
		}
		for _, manifest := range manifests {
			if held[manifest.FilePath()] {
				continue
			}
			held[manifest.FilePath()] = true
			for entry, err := range manifest.Entries(files, true) {
				if err != nil {
					return nil, err
				}
				delete(orphans, path.Base(entry.DataFile().FilePath()))
			}
		}
	}
	return held, nil
}

// remove removes a file that another process may have removed already.
func remove(files iceio.IO, file string) error {
	if err := files.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
