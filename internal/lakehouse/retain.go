package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Retain takes the tags of these runs from the tables, with the snapshots that no tag or branch is on any more, in one commit a table;
// then it removes the data files that no snapshot has, of this run and earlier ones only. Tables that are not there are skipped.
//
// Called late, by a process that slept through newer runs, it changes nothing: the tags are gone, whatever a newer run needs has a tag
// or a branch, and the files that a newer run writes bear its number.
func (l *Lakehouse) Retain(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID, letGo []int64) error {
	c, err := l.writing(ctx)
	if err != nil {
		return err
	}
	for _, id := range tables {
		err := l.retain(ctx, c, dataflowName, run, id, letGo)
		if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return fmt.Errorf("retain: %w", err)
		}
	}
	return nil
}

func (l *Lakehouse) retain(ctx context.Context, c *sqlCatalog, dataflowName string, run int64, id dataflow.TableID, letGo []int64) error {
	tbl, err := load(ctx, c, id)
	if err != nil {
		return err
	}
	if err := l.guardTable(dataflowName, id, tbl); err != nil {
		return err
	}
	var expired []table.Snapshot
	change := dataflow.TableChange{TableID: id, UUID: tbl.Metadata().TableUUID().String()}
	_, _, err = l.commitUntil(ctx, c, dataflowName, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		requirements, updates, gone := expire(tbl.Metadata(), letGo)
		expired = gone
		return requirements, updates, nil
	})
	if err != nil {
		return err
	}
	return removeFiles(ctx, c, id, expired, func(by int64) bool { return by <= run })
}

// removeFiles removes what a commit has made nobody's: the manifests of the snapshots that went with it, and the data files of
// these runs that no snapshot has. It goes by the table as it is after the commit.
//
// Another process may let snapshots go or drop the table meanwhile, and remove a manifest that is to be read here: such a table
// has moved, and is looked at again. Where it has not, the file is missing.
func removeFiles(ctx context.Context, c *sqlCatalog, id dataflow.TableID, expired []table.Snapshot, of func(run int64) bool) error {
	seen := ""
	for {
		tbl, err := load(ctx, c, id)
		if err != nil {
			return err
		}
		files, err := tbl.FS(ctx)
		if err != nil {
			return err
		}
		removeExpired(files, tbl.Metadata(), expired)
		err = removeOrphans(files, tbl, of)
		if errors.Is(err, fs.ErrNotExist) && tbl.MetadataLocation() != seen {
			seen = tbl.MetadataLocation()
			continue
		}
		if err != nil {
			return &dataflow.Error{Op: "remove files", Object: object(id), Cause: err}
		}
		return nil
	}
}

// expire gives the commit that takes these tags away, and every snapshot that nothing else is on. It asserts all refs that it has read:
// one that somebody adds meanwhile may be on such a snapshot.
func expire(meta table.Metadata, letGo []int64) ([]table.Requirement, []table.Update, []table.Snapshot) {
	var requirements []table.Requirement
	var updates []table.Update
	held := map[int64]bool{}
	for name, ref := range meta.Refs() {
		requirements = append(requirements, table.AssertRefSnapshotID(name, &ref.SnapshotID))
		if by, ok := runOfTag(name); ok && ref.SnapshotRefType == table.TagRef && slices.Contains(letGo, by) {
			updates = append(updates, table.NewRemoveSnapshotRefUpdate(name))
			continue
		}
		held[ref.SnapshotID] = true
	}
	if len(updates) == 0 {
		return nil, nil, nil // nothing to let go, or it is done
	}
	var gone []table.Snapshot
	var ids []int64
	for _, snapshot := range meta.Snapshots() {
		if !held[snapshot.SnapshotID] {
			gone, ids = append(gone, snapshot), append(ids, snapshot.SnapshotID)
		}
	}
	if len(ids) > 0 {
		updates = append(updates, table.NewRemoveSnapshotsUpdate(ids, false))
	}
	return requirements, updates, gone
}

// removeExpired removes the manifest lists of expired snapshots and the manifests that no other snapshot has.
// What can't be removed harms nobody: no snapshot leads to it.
func removeExpired(files iceio.IO, meta table.Metadata, expired []table.Snapshot) {
	if len(expired) == 0 {
		return
	}
	held := map[string]bool{}
	for _, snapshot := range meta.Snapshots() {
		manifests, err := snapshot.Manifests(files)
		if err != nil {
			return // without knowing what is held nothing may go
		}
		for _, manifest := range manifests {
			held[manifest.FilePath()] = true
		}
	}
	for _, snapshot := range expired {
		manifests, err := snapshot.Manifests(files)
		if err != nil {
			continue
		}
		for _, manifest := range manifests {
			if !held[manifest.FilePath()] {
				_ = files.Remove(manifest.FilePath())
			}
		}
		_ = files.Remove(snapshot.ManifestList)
	}
}
