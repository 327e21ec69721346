package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// publishAttempts is how often a refused commit is made again, on the table as it then is. Whoever was faster has moved on by then.
const publishAttempts = 20

// Publish carries out one change of a decision in one atomic commit (a drop: that commit, then the entry, then the files).
// It is refused, and reads again, when the table moved meanwhile; when the run's tag is there already it is done.
//
// Where main is not what the decision saw, somebody else wrote to the table: Replaced names the snapshot that the run replaced.
func (l *Lakehouse) Publish(ctx context.Context, dataflowName string, run int64, change dataflow.TableChange) (dataflow.TableResult, error) {
	result := dataflow.TableResult{TableChange: change}
	c, err := l.writing(ctx)
	if err != nil {
		return result, err
	}
	switch change.Change {
	case dataflow.ChangeHide:
		_, err = l.hide(ctx, c, dataflowName, run, change, &result)
	case dataflow.ChangeDrop:
		err = l.drop(ctx, c, dataflowName, run, change, &result)
	case dataflow.ChangePublish, dataflow.ChangeKeep:
		err = l.publish(ctx, c, dataflowName, run, change, &result)
	default:
		err = &dataflow.Error{Code: dataflow.CodeCorrupt, Op: "publish", Object: object(change.TableID), Cause: fmt.Errorf("there is no change %q", change.Change)}
	}
	return result, err
}

// mine loads the table of a change: CodeNotFound when it is gone or another one has its name.
func (l *Lakehouse) mine(ctx context.Context, c *sqlCatalog, dataflowName string, change dataflow.TableChange) (*table.Table, error) {
	tbl, err := load(ctx, c, change.TableID)
	if err != nil {
		return nil, err
	}
	if tbl.Metadata().TableUUID().String() != change.UUID {
		return nil, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "load", Object: object(change.TableID), Cause: errors.New("another table has this name now")}
	}
	return tbl, l.guardTable(dataflowName, change.TableID, tbl)
}

// commitUntil makes one commit of a change, again and again while it is refused. next looks at the table as it is and says
// what to commit; no updates: there is nothing to do any more. It gives the table's metadata as it is at the end.
//
// A refused commit is an error that wraps table.ErrCommitFailed (the pointer moved) or a bare one (a requirement failed),
// so every failure is judged by reading again, never by its kind.
func (l *Lakehouse) commitUntil(ctx context.Context, c *sqlCatalog, dataflowName string, change dataflow.TableChange,
	next func(*table.Table) ([]table.Requirement, []table.Update, error),
) (table.Metadata, string, error) {
	var failure error
	for attempt := 1; attempt <= publishAttempts; attempt++ {
		tbl, err := l.mine(ctx, c, dataflowName, change)
		if err != nil {
			return nil, "", err
		}
		requirements, updates, err := next(tbl)
		if err != nil || len(updates) == 0 {
			return tbl.Metadata(), tbl.MetadataLocation(), err
		}
		requirements = append(requirements, table.AssertTableUUID(tbl.Metadata().TableUUID()))
		meta, where, err := commit(ctx, c, tbl, requirements, updates)
		if err == nil {
			return meta, where, nil
		}
		failure = err
		if err := pause(ctx, attempt); err != nil {
			return nil, "", err
		}
	}
	return nil, "", &dataflow.Error{Op: "publish", Object: object(change.TableID), Cause: failure}
}

func (l *Lakehouse) publish(ctx context.Context, c *sqlCatalog, dataflowName string, run int64, change dataflow.TableChange, result *dataflow.TableResult) error {
	if change.After == nil {
		return &dataflow.Error{Code: dataflow.CodeCorrupt, Op: "publish", Object: object(change.TableID), Cause: errors.New("the decision names no snapshot")}
	}
	branch, tag := stagingBranch(run), runTag(run)
	_, where, err := l.commitUntil(ctx, c, dataflowName, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		if refOf(meta, tag) != nil {
			result.Replaced = replaced(meta, change)
			return nil, nil, nil
		}
		now := refOf(meta, mainBranch)
		requirements := []table.Requirement{
			table.AssertRefSnapshotID(tag, nil),
			table.AssertRefSnapshotID(mainBranch, now),
		}
		var updates []table.Update
		if change.Ticket != nil {
			if !same(refOf(meta, branch), change.Ticket) {
				return nil, nil, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "publish", Object: object(change.TableID),
					Cause: fmt.Errorf("the branch %s is gone, and the tag %s is not there", branch, tag)}
			}
			requirements = append(requirements, table.AssertRefSnapshotID(branch, change.Ticket))
		} else if meta.SnapshotByID(*change.After) == nil {
			return nil, nil, nil // called late: a newer run has let this one go
		}
		result.Replaced = nil
		if change.Change == dataflow.ChangePublish {
			if change.SchemaID != nil && *change.SchemaID != meta.CurrentSchema().ID {
				updates = append(updates, table.NewSetCurrentSchemaUpdate(*change.SchemaID))
			}
			if !same(now, change.After) {
				updates = append(updates, table.NewSetSnapshotRefUpdate(mainBranch, *change.After, table.BranchRef, 0, 0, 0))
			}
			if !same(now, change.Before) {
				result.Replaced = now
			}
		}
		updates = append(updates, table.NewSetSnapshotRefUpdate(tag, *change.After, table.TagRef, 0, 0, 0))
		if change.Ticket != nil {
			updates = append(updates, table.NewRemoveSnapshotRefUpdate(branch))
		}
		if purpose := string(change.Definition.Purpose); purpose != "" && meta.Properties()[propertyPurpose] != purpose {
			updates = append(updates, table.NewSetPropertiesUpdate(iceberg.Properties{propertyPurpose: purpose}))
		}
		if _, hidden := meta.Properties()[propertyHidden]; hidden && change.Change == dataflow.ChangePublish {
			updates = append(updates, table.NewRemovePropertiesUpdate([]string{propertyHidden}))
		}
		return requirements, updates, nil
	})
	result.PublishedMetadataLocation = where
	return err
}

// replaced finds in the log of main what a publish that is done already had replaced: the snapshot before the change's own.
func replaced(meta table.Metadata, change dataflow.TableChange) *int64 {
	if change.Change != dataflow.ChangePublish {
		return nil
	}
	var before, found *int64
	for entry := range meta.SnapshotLogs() {
		if entry.SnapshotID == *change.After && before != nil {
			found = before
		}
		before = &entry.SnapshotID
	}
	if found == nil || same(found, change.Before) || change.Before == nil {
		return nil
	}
	return found
}

// hide takes main away. It says whether the table is hidden by this run, and gives it as it then is: nil when it is gone.
// The ticket decides: once it is gone, whoever comes late finds nothing to do.
func (l *Lakehouse) hide(ctx context.Context, c *sqlCatalog, dataflowName string, run int64, change dataflow.TableChange, result *dataflow.TableResult) (table.Metadata, error) {
	branch := stagingBranch(run)
	meta, where, err := l.commitUntil(ctx, c, dataflowName, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		if change.Ticket == nil || !same(refOf(meta, branch), change.Ticket) {
			return nil, nil, nil
		}
		now := refOf(meta, mainBranch)
		requirements := []table.Requirement{
			table.AssertRefSnapshotID(branch, change.Ticket),
			table.AssertRefSnapshotID(mainBranch, now),
		}
		var updates []table.Update
		result.Replaced = nil
		if now != nil {
			updates = append(updates, table.NewRemoveSnapshotRefUpdate(mainBranch))
			if !same(now, change.Before) {
				result.Replaced = now
			}
		}
		return requirements, append(updates,
			table.NewRemoveSnapshotRefUpdate(branch),
			table.NewSetPropertiesUpdate(iceberg.Properties{propertyHidden: strconv.FormatInt(run, 10)})), nil
	})
	result.PublishedMetadataLocation = where
	return meta, err
}

// Ticket puts the run's branch on a snapshot that the table has, for a change that writes no data file: dataflow.ChangeHide,
// dataflow.ChangeDrop, and dataflow.ChangePublish, which takes the table back to an earlier run. It says what Publish will have to do.
// A table that is not there any more, or has not kept the run, gives dataflow.CodeNotFound.
// One that never had a snapshot needs no ticket and gets none.
func (l *Lakehouse) Ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error) {
	change := dataflow.TableChange{Key: req.Key, FileName: req.FileName, TableID: req.ID, Definition: req.Definition, Change: req.Change}
	if req.Change == dataflow.ChangeKeep {
		return change, &dataflow.Error{Op: "make a ticket", Object: object(req.ID), Cause: fmt.Errorf("a change %q has none", req.Change)}
	}
	c, err := l.writing(ctx)
	if err != nil {
		return change, err
	}
	tbl, err := load(ctx, c, req.ID)
	if err != nil {
		return change, err
	}
	if err := l.guardTable(req.Dataflow, req.ID, tbl); err != nil {
		return change, err
	}
	if req.Change == dataflow.ChangePublish { // the ticket alone decides what becomes of a hide or a drop
		if err := guardRun(req.Run, req.ID, tbl); err != nil {
			return change, err
		}
	}
	change.UUID = tbl.Metadata().TableUUID().String()
	branch := stagingBranch(req.Run)
	meta, where, err := l.commitUntil(ctx, c, req.Dataflow, change, func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		snapshot := anySnapshot(meta)
		if req.Change == dataflow.ChangePublish {
			if snapshot = refOf(meta, runTag(req.Target)); snapshot == nil {
				return nil, nil, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "roll back", Object: object(req.ID), Cause: fmt.Errorf("run %d is not kept", req.Target)}
			}
		}
		if snapshot == nil || refOf(meta, branch) != nil {
			return nil, nil, nil
		}
		return []table.Requirement{
			table.AssertRefSnapshotID(branch, nil),
			table.AssertRefSnapshotID(mainBranch, refOf(meta, mainBranch)),
		}, []table.Update{table.NewSetSnapshotRefUpdate(branch, *snapshot, table.BranchRef, 0, 0, 0)}, nil
	})
	if err != nil {
		return change, err
	}
	change.Before, change.Ticket, change.MetadataLocation = refOf(meta, mainBranch), refOf(meta, branch), where
	if req.Change == dataflow.ChangePublish {
		target := meta.SnapshotByID(*change.Ticket)
		change.After, change.SchemaID = change.Ticket, target.SchemaID
		change.RowsBefore, change.Counts.Read = totalRecords(snapshotOf(meta, change.Before)), totalRecords(target)
	}
	return change, nil
}

// snapshotOf gives the snapshot of this id; nil for none.
func snapshotOf(meta table.Metadata, id *int64) *table.Snapshot {
	if id == nil {
		return nil
	}
	return meta.SnapshotByID(*id)
}

// anySnapshot is main's snapshot, else the newest one: a ticket only has to be on something that stays.
func anySnapshot(meta table.Metadata) *int64 {
	if now := refOf(meta, mainBranch); now != nil {
		return now
	}
	snapshots := meta.Snapshots()
	if len(snapshots) == 0 {
		return nil
	}
	return &snapshots[len(snapshots)-1].SnapshotID
}
