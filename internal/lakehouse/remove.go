package lakehouse

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// takeAway gives the updates that take snapshots from a table. The commit also notes their manifest lists in a property of the table: when this process
// is killed before it removes the files, the next one finds them by it. The files' names alone would not tell: a file that a run stages is there
// before the commit that refers to it.
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

// removeOrphans removes what nothing leads to any more: the data files, manifests and manifest lists that these runs wrote and no snapshot has,
// the manifests and the lists of the snapshots that the newest commit took away, and metadata files that are in no log. It goes by the table
// as it is after the commit.
//
// Another process may let snapshots go or drop the table meanwhile, and remove a manifest that is to be read here: such a table
// has moved, and is looked at again. Where it has not, somebody deleted the file.
func removeOrphans(ctx context.Context, c Catalog, id dataflow.TableID, of func(run int64) bool) error {
	seen := ""
	for {
		tbl, err := load(ctx, c, id)
		if err != nil {
			return err
		}
		err = removeOrphansOnce(ctx, tbl, of)
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

func removeOrphansOnce(ctx context.Context, tbl *table.Table, of func(run int64) bool) error {
	files, err := tbl.FS(ctx)
	if err != nil {
		return err
	}
	data, err := list(files, tbl.Location()+"/data")
	if err != nil {
		return err
	}
	metadata, err := list(files, tbl.Location()+"/metadata")
	if err != nil {
		return err
	}
	for _, file := range unlogged(metadata, tbl) {
		if err := remove(files, file); err != nil {
			return err
		}
	}
	orphans := filesOf(slices.Concat(data, metadata), of)
	expired, err := expiredManifests(files, tbl)
	if err != nil {
		return err
	}
	for _, file := range expired {
		orphans[path.Base(file)] = file
	}
	if len(orphans) == 0 {
		return nil
	}
	if err := takeOutHeld(files, tbl.Metadata(), orphans); err != nil {
		return err
	}
	// A list goes after its manifests: whoever comes after a process that was killed in between finds them by it.
	for _, file := range slices.SortedFunc(maps.Values(orphans), listsLast) {
		if err := remove(files, file); err != nil {
			return err
		}
	}
	return nil
}

// filesOf gives the files that these runs have written, by their names, which the write's UUID makes unique: URLs of one file
// differ between writers.
func filesOf(all []string, of func(run int64) bool) map[string]string {
	found := map[string]string{}
	for _, file := range all {
		if by, ok := runOfFile(file); ok && of(by) {
			found[path.Base(file)] = file
		}
	}
	return found
}

// listsLast puts manifest lists after everything else.
func listsLast(a, b string) int {
	order := func(file string) int {
		if strings.HasPrefix(path.Base(file), "snap-") {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a, b))
}

// unlogged gives the metadata files that are neither the table's nor in its log: whoever wrote them was killed before the catalog pointed at them,
// or before it removed what its log let go. One that is newer than the table's may be another writer's, who is about to commit it.
func unlogged(all []string, tbl *table.Table) []string {
	if !tbl.Properties().GetBool(table.MetadataDeleteAfterCommitEnabledKey, false) {
		return nil // somebody wants them all
	}
	newest, ok := versionOf(tbl.MetadataLocation())
	logged := map[string]bool{path.Base(tbl.MetadataLocation()): true}
	for entry := range tbl.Metadata().PreviousFiles() {
		logged[path.Base(entry.MetadataFile)] = true
	}
	var found []string
	for _, file := range all {
		if version, is := versionOf(file); ok && is && version <= newest && !logged[path.Base(file)] {
			found = append(found, file)
		}
	}
	return found
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

// takeOutHeld takes out of orphans, which are files by their names, those that the table's snapshots have. A manifest that many snapshots share is read once.
func takeOutHeld(files iceio.IO, meta table.Metadata, orphans map[string]string) error {
	for statistics := range meta.Statistics() {
		delete(orphans, path.Base(statistics.StatisticsPath))
	}
	read := map[string]bool{}
	for _, snapshot := range meta.Snapshots() {
		delete(orphans, path.Base(snapshot.ManifestList))
		manifests, err := snapshot.Manifests(files)
		if err != nil {
			return err
		}
		for _, manifest := range manifests {
			if read[manifest.FilePath()] {
				continue
			}
			read[manifest.FilePath()] = true
			delete(orphans, path.Base(manifest.FilePath()))
			for entry, err := range manifest.Entries(files, true) {
				if err != nil {
					return err
				}
				delete(orphans, path.Base(entry.DataFile().FilePath()))
			}
		}
	}
	return nil
}

// remove removes a file that another process may have removed already.
func remove(files iceio.IO, file string) error {
	if err := files.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
