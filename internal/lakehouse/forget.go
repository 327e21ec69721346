package lakehouse

import (
	"context"
	"strings"

	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// ForgetRuns removes the traces of all runs from a table: their tags and branches, and that one has hidden it or replaced a snapshot. Its rows stay.
// It is for a dataflow whose records are gone and which numbers its runs from 1 again.
//
// lost says whether that is so. It is asked after the table was read, and what was read is asserted: a process that sleeps
// in between finds the traces of newer runs in the table and is refused.
func (l *Lakehouse) ForgetRuns(ctx context.Context, dataflowName string, id dataflow.TableID, lost func(context.Context) error) error {
	c, err := l.writing(ctx)
	if err != nil {
		return err
	}
	tbl, err := l.loadOwn(ctx, c, dataflowName, id)
	if err != nil {
		return err
	}
	change := dataflow.TableChange{TableID: id, UUID: tbl.Metadata().TableUUID().String()}
	_, _, err = l.commitUntil(ctx, c, dataflowName, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		var requirements []table.Requirement
		var updates []table.Update
		for name, ref := range meta.Refs() {
			requirements = append(requirements, table.AssertRefSnapshotID(name, &ref.SnapshotID))
			if _, ours := runOfTag(strings.TrimSuffix(name, stagingSuffix)); ours {
				updates = append(updates, table.NewRemoveSnapshotRefUpdate(name))
			}
		}
		updates = append(updates, unhide(meta.Properties())...)
		if _, set := meta.Properties()[propertyReplaced]; set {
			updates = append(updates, table.NewRemovePropertiesUpdate([]string{propertyReplaced}))
		}
		return requirements, updates, lost(ctx)
	})
	return err
}
