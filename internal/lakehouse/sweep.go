package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Sweep removes what an abandoned run left on these tables: its branch with the snapshot that only it had, then the data files that only it wrote.
// Tables that are not there are skipped. One that can't be swept, or is somebody else's, keeps no other from being swept.
func (l *Lakehouse) Sweep(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID) error {
	c, err := l.catalog(ctx, false)
	if errors.Is(err, errNoCatalog) {
		return nil
	}
	if err == nil {
		c, err = l.writing(ctx)
	}
	if err != nil {
		return err
	}
	var failures []error
	for _, id := range tables {
		err := l.sweep(ctx, c, dataflowName, run, id)
		if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			failures = append(failures, fmt.Errorf("sweep run %d: %w", run, err))
		}
	}
	return errors.Join(failures...)
}

func (l *Lakehouse) sweep(ctx context.Context, c Catalog, dataflowName string, run int64, id dataflow.TableID) error {
	tbl, err := l.loadOwn(ctx, c, dataflowName, id)
	if err != nil {
		return err
	}
	branch := stagingBranch(run)
	change := dataflow.TableChange{TableID: id, UUID: tbl.Metadata().TableUUID().String()}
	_, _, err = l.commitUntil(ctx, c, dataflowName, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		staged := refOf(meta, branch)
		if staged == nil {
			return nil, nil, nil
		}
		requirements := []table.Requirement{table.AssertRefSnapshotID(branch, staged)}
		updates := []table.Update{table.NewRemoveSnapshotRefUpdate(branch)}
		if swept := onlyOf(meta, run, branch); swept != nil {
			requirements = append(requirements, table.AssertRefSnapshotID(mainBranch, refOf(meta, mainBranch)))
			updates = append(updates, takeAway([]table.Snapshot{*swept})...)
		}
		return requirements, updates, nil
	})
	if err != nil {
		return err
	}
	return removeOrphans(ctx, c, id, func(by int64) bool { return by == run })
}

// onlyOf gives the branch's snapshot if the run made it and no other branch or tag leads to it.
func onlyOf(meta table.Metadata, run int64, branch string) *table.Snapshot {
	snapshot := meta.SnapshotByName(branch)
	if snapshot == nil || snapshot.Summary == nil || snapshot.Summary.Properties[propertyRun] != strconv.FormatInt(run, 10) {
		return nil
	}
	for name, ref := range meta.Refs() {
		for at := meta.SnapshotByID(ref.SnapshotID); at != nil && name != branch; {
			if at.SnapshotID == snapshot.SnapshotID {
				return nil
			}
			if at.ParentSnapshotID == nil {
				break
			}
			at = meta.SnapshotByID(*at.ParentSnapshotID)
		}
	}
	return snapshot
}
