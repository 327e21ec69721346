package lakehouse

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Retain takes the tags of these runs from the tables, with the snapshots that no tag or branch is on any more, in one commit a table;
// then it removes the data files that no snapshot has, of this run and earlier ones only. Tables that are not there are skipped.
//
// A process that slept through newer runs and calls it late changes nothing: the tags are gone, what a newer run needs has a tag
// or a branch, and the files of a newer run have its number in their names.
//
// It gives the metadata location that each table has then.
func (l *Lakehouse) Retain(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID, letGo []int64) (map[dataflow.TableID]string, error) {
	c, err := l.writing(ctx)
	if err != nil {
		return nil, err
	}
	where := map[dataflow.TableID]string{}
	for _, id := range tables {
		at, err := l.retain(ctx, c, dataflowName, run, id, letGo)
		if dataflow.IsCode(err, dataflow.CodeNotFound) || dataflow.IsCode(err, dataflow.CodeFilesGone) {
			continue // the next run makes it anew
		}
		if err != nil {
			return nil, fmt.Errorf("retain: %w", err)
		}
		where[id] = at
	}
	return where, nil
}

func (l *Lakehouse) retain(ctx context.Context, c Catalog, dataflowName string, run int64, id dataflow.TableID, letGo []int64) (string, error) {
	tbl, err := l.loadOwn(ctx, c, dataflowName, id)
	if err != nil {
		return "", err
	}
	change := dataflow.TableChange{TableID: id, UUID: tbl.Metadata().TableUUID().String()}
	_, where, err := l.commitUntil(ctx, c, dataflowName, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		requirements, updates := expire(tbl.Metadata(), letGo)
		return requirements, updates, nil
	})
	if err != nil {
		return "", err
	}
	return where, removeOrphans(ctx, c, id, func(by int64) bool { return by <= run })
}

// expire gives the commit that takes these tags away, and every snapshot that nothing else is on. It asserts all refs that it has read:
// one that somebody adds meanwhile may be on such a snapshot.
func expire(meta table.Metadata, letGo []int64) ([]table.Requirement, []table.Update) {
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
		return nil, nil // nothing to let go, or it is done
	}
	var gone []table.Snapshot
	for _, snapshot := range meta.Snapshots() {
		if !held[snapshot.SnapshotID] {
			gone = append(gone, snapshot)
		}
	}
	return requirements, append(updates, takeAway(gone)...)
}
