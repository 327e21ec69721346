package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	iceio "github.com/apache/iceberg-go/io"
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

func (l *Lakehouse) sweep(ctx context.Context, c *sqlCatalog, dataflowName string, run int64, id dataflow.TableID) error {
	tbl, err := load(ctx, c, id)
	if err != nil {
		return err
	}
	if err := l.guardTable(dataflowName, id, tbl); err != nil {
		return err
	}
	var swept *table.Snapshot
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
		if swept = onlyOf(meta, run, branch); swept != nil {
			requirements = append(requirements, table.AssertRefSnapshotID(mainBranch, refOf(meta, mainBranch)))
			updates = append(updates, table.NewRemoveSnapshotsUpdate([]int64{*staged}, false))
		}
		return requirements, updates, nil
	})
	if err != nil {
		return err
	}
	var expired []table.Snapshot
	if swept != nil {
		expired = append(expired, *swept)
	}
	return removeFiles(ctx, c, id, expired, func(by int64) bool { return by == run })
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

// removeOrphans removes the data files of these runs that no snapshot has.
func removeOrphans(files iceio.IO, tbl *table.Table, of func(run int64) bool) error {
	all, err := list(files, tbl.Location()+"/data")
	if err != nil {
		return err
	}
	orphans := map[string]string{} // by name, which the write's UUID makes unique: URLs of one file differ between writers
	for _, file := range all {
		if by, ok := runOfDataFile(file); ok && of(by) {
			orphans[path.Base(file)] = file
		}
	}
	if len(orphans) == 0 {
		return nil
	}
	for _, snapshot := range tbl.Metadata().Snapshots() {
		manifests, err := snapshot.Manifests(files)
		if err != nil {
			return err
		}
		for _, manifest := range manifests {
			for entry, err := range manifest.Entries(files, true) {
				if err != nil {
					return err
				}
				delete(orphans, path.Base(entry.DataFile().FilePath()))
			}
		}
	}
	for _, file := range orphans {
		if err := files.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
