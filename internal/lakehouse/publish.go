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
// Late, when the ticket is used and the tag was let go or the run was swept, a publish and a keep are refused with dataflow.CodeAbandoned,
// and a hide and a drop change nothing. A table that is gone, or whose name another one has now, gives
// dataflow.CodeNotFound; to a drop it is done, except for files that may have stayed.
//
// Where main is not what the decision saw, somebody else wrote to the table: Replaced names the snapshot that the run replaced,
// to whoever publishes the change again as well.
func (l *Lakehouse) Publish(ctx context.Context, dataflowName string, run int64, change dataflow.TableChange) (dataflow.TableResult, error) {
	result := dataflow.TableResult{TableChange: change}
	c, err := l.writing(ctx)
	if err != nil {
		return result, err
	}
	switch change.Change {
	case dataflow.ChangeHide:
		_, result.PublishedMetadataLocation, err = l.hide(ctx, c, dataflowName, run, change, &result)
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
func (l *Lakehouse) mine(ctx context.Context, c Catalog, dataflowName string, change dataflow.TableChange) (*table.Table, error) {
	tbl, err := load(ctx, c, change.TableID)
	if dataflow.IsCode(err, dataflow.CodeNotFound) && change.Change != dataflow.ChangeDrop {
		tbl, err = l.restore(ctx, c, dataflowName, change.TableID, change.MetadataLocation)
	}
	if err != nil {
		return nil, err
	}
	if tbl.Metadata().TableUUID().String() != change.UUID {
		return nil, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "load", Object: object(change.TableID), Cause: errors.New("another table has this name now")}
	}
	return tbl, l.guardTable(dataflowName, change.TableID, tbl)
}

// commitUntil makes one commit of a change, again and again while it is refused. It gives the table's metadata as it is at the end.
//
// A refused commit is an error that wraps table.ErrCommitFailed (the pointer moved) or a bare one (a requirement failed),
// so every failure is judged by reading again, never by its kind.
func (l *Lakehouse) commitUntil(ctx context.Context, c Catalog, dataflowName string, change dataflow.TableChange, next commitFor) (table.Metadata, string, error) {
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
		meta, where, err := commitTable(ctx, c, tbl, requirements, updates)
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

func (l *Lakehouse) publish(ctx context.Context, c Catalog, dataflowName string, run int64, change dataflow.TableChange, result *dataflow.TableResult) error {
	_, where, err := l.commitUntil(ctx, c, dataflowName, change, publishing(run, change, result))
	result.PublishedMetadataLocation = where
	return err
}

// A commitFor looks at a table as it is and says what to commit. No updates: there is nothing to do any more.
type commitFor func(*table.Table) ([]table.Requirement, []table.Update, error)

// publishing is the commit that makes a snapshot current which the run has staged, or that an earlier run left.
func publishing(run int64, change dataflow.TableChange, result *dataflow.TableResult) commitFor {
	branch, tag := stagingBranch(run), RunTag(run)
	return func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		if change.After == nil || change.Ticket == nil {
			return nil, nil, &dataflow.Error{Code: dataflow.CodeCorrupt, Op: "publish", Object: object(change.TableID), Cause: errors.New("the decision names no snapshot")}
		}
		if refOf(meta, tag) != nil {
			result.Replaced = replacedBy(meta, run)
			return nil, nil, nil
		}
		if !same(refOf(meta, branch), change.Ticket) {
			return nil, nil, &dataflow.Error{Code: dataflow.CodeAbandoned, Op: "publish", Object: object(change.TableID),
				Cause: fmt.Errorf("the branch %s is gone, and the tag %s is not there", branch, tag)}
		}
		now := refOf(meta, mainBranch)
		requirements := []table.Requirement{
			table.AssertRefSnapshotID(tag, nil),
			table.AssertRefSnapshotID(branch, change.Ticket),
			table.AssertRefSnapshotID(mainBranch, now),
		}
		var updates []table.Update
		if change.SchemaID != nil && *change.SchemaID != meta.CurrentSchema().ID {
			updates = append(updates, table.NewSetCurrentSchemaUpdate(*change.SchemaID))
		}
		if !same(now, change.After) {
			updates = append(updates, table.NewSetSnapshotRefUpdate(mainBranch, *change.After, table.BranchRef, 0, 0, 0))
		}
		updates = append(updates,
			table.NewSetSnapshotRefUpdate(tag, *change.After, table.TagRef, 0, 0, 0), table.NewRemoveSnapshotRefUpdate(branch))
		var properties iceberg.Properties
		result.Replaced, properties = noteReplaced(meta, run, change)
		if purpose := string(change.Definition.Purpose); purpose != "" && meta.Properties()[propertyPurpose] != purpose {
			properties[propertyPurpose] = purpose
		}
		switch key := meta.Properties()[propertyHashKey]; {
		case change.HashKey != "" && key != change.HashKey:
			properties[propertyHashKey] = change.HashKey
		case change.HashKey == "" && key != "":
			updates = append(updates, table.NewRemovePropertiesUpdate([]string{propertyHashKey}))
		}
		if len(properties) > 0 {
			updates = append(updates, table.NewSetPropertiesUpdate(properties))
		}
		updates = append(updates, unhide(meta.Properties())...)
		return requirements, updates, nil
	}
}

// replacedBy gives the snapshot of somebody else that the run has taken from main, so that whoever recovers the run can name it too.
// The table's log of main was rejected for this: in it, a snapshot that was replaced looks like one that was hidden.
func replacedBy(meta table.Metadata, run int64) *int64 {
	var by, snapshot int64
	if _, err := fmt.Sscan(meta.Properties()[propertyReplaced], &by, &snapshot); err != nil || by != run {
		return nil
	}
	return &snapshot
}

// noteReplaced finds a snapshot on main that the decision did not see there and that the change takes away, and the property that remembers it.
func noteReplaced(meta table.Metadata, run int64, change dataflow.TableChange) (*int64, iceberg.Properties) {
	now := refOf(meta, mainBranch)
	if now == nil || same(now, change.Before) {
		return nil, iceberg.Properties{}
	}
	return now, iceberg.Properties{propertyReplaced: fmt.Sprint(run, " ", *now)}
}

// hide takes main away, and gives the table's metadata as it then is and where that lies.
func (l *Lakehouse) hide(ctx context.Context, c Catalog, dataflowName string, run int64, change dataflow.TableChange, result *dataflow.TableResult) (table.Metadata, string, error) {
	return l.commitUntil(ctx, c, dataflowName, change, hiding(run, change, result))
}

// hiding is the commit that takes main away. The ticket decides: once it is gone, whoever comes late finds nothing to do.
func hiding(run int64, change dataflow.TableChange, result *dataflow.TableResult) commitFor {
	branch := stagingBranch(run)
	return func(tbl *table.Table) ([]table.Requirement, []table.Update, error) {
		meta := tbl.Metadata()
		if change.Ticket == nil || !same(refOf(meta, branch), change.Ticket) {
			result.Replaced = replacedBy(meta, run)
			return nil, nil, nil
		}
		now := refOf(meta, mainBranch)
		requirements := []table.Requirement{
			table.AssertRefSnapshotID(branch, change.Ticket),
			table.AssertRefSnapshotID(mainBranch, now),
		}
		var updates []table.Update
		if now != nil {
			updates = append(updates, table.NewRemoveSnapshotRefUpdate(mainBranch))
		}
		var properties iceberg.Properties
		result.Replaced, properties = noteReplaced(meta, run, change)
		properties[propertyHidden], properties[propertyComment] = strconv.FormatInt(run, 10), commentHidden(meta.Properties(), run)
		return requirements, append(updates, table.NewRemoveSnapshotRefUpdate(branch), table.NewSetPropertiesUpdate(properties)), nil
	}
}

// Ticket puts the run's branch on a snapshot that the table has, for a change that writes no data file: dataflow.ChangeHide,
// dataflow.ChangeDrop, and dataflow.ChangePublish, which takes the table back to an earlier run. It says what Publish will have to do.
// A table that is not there any more, or has not kept the run, gives dataflow.CodeNotFound; one that the run has staged dataflow.CodeExists.
// One that never had a snapshot needs no ticket and gets none. Asked for twice it is the same.
func (l *Lakehouse) Ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error) {
	change := dataflow.TableChange{Key: req.Key, FileName: req.FileName, TableID: req.ID, Definition: req.Definition, Change: req.Change}
	switch req.Change {
	case dataflow.ChangePublish, dataflow.ChangeHide, dataflow.ChangeDrop:
	default:
		return change, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "make a ticket", Object: object(req.ID), Cause: fmt.Errorf("a change %q has none", req.Change)}
	}
	c, err := l.writing(ctx)
	if err != nil {
		return change, err
	}
	tbl, err := l.loadOwn(ctx, c, req.Dataflow, req.ID)
	if err != nil {
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
			if snapshot = refOf(meta, RunTag(req.Target)); snapshot == nil {
				return nil, nil, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "roll back", Object: object(req.ID), Cause: fmt.Errorf("run %d is not kept", req.Target)}
			}
			if has := refOf(meta, branch); has != nil && !same(has, snapshot) {
				return nil, nil, alreadyStaged(req.ID, req.Run)
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
