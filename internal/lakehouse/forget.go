package lakehouse

import (
	"context"
	"strings"

	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// ForgetRuns implements dataflow.Tables.
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
