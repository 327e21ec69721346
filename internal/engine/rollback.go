package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Rollback takes the tables to an earlier import, or forward to a later one: rows and schema both. It writes no data file,
// contacts no source, is itself a run in the history, and can be undone like any other.
// Tables that the target did not have are hidden; ones that were hidden since come back.
//
// Without a target in the order it is the import before the current one. A target that is not kept fails
// with dataflow.CodeNotFound, and a pin that the order did not declare with dataflow.CodePinned; neither starts a run.
func (e *Engine) Rollback(ctx context.Context, order Order) (dataflow.Run, error) {
	return e.run(ctx, dataflow.KindRollback, order, e.stageRollback)
}

// CheckTarget says whether a rollback of the dataflow can go to a run, as its newest finished run left the tables, and whether
// those still have it. If not, it is an error with dataflow.CodeNotFound that lists the runs that are kept.
func (e *Engine) CheckTarget(ctx context.Context, name string, run int64) error {
	standing, err := e.newestStanding(ctx, name)
	if err != nil {
		return err
	}
	if err := checkTarget(name, standing, run); err != nil {
		return err
	}
	owned, err := e.tables.Owned(ctx, name, standing.Databases)
	if err != nil {
		return err
	}
	lost, err := e.lost(ctx, name, run, owned)
	if err != nil {
		return err
	}
	if lost == "" {
		return e.intact(ctx, name, run)
	}
	kept := standing.Retained
	standing.Retained = nil
	for _, run := range kept {
		lost, err := e.lost(ctx, name, run, owned)
		if err != nil {
			return err
		}
		if lost == "" {
			standing.Retained = append(standing.Retained, run)
		}
	}
	return notKept(name, standing, fmt.Errorf("table %s does not have run %d any more: somebody dropped it since", lost, run))
}

// lost names a table of a kept run that does not have it any more; empty: there is none.
func (e *Engine) lost(ctx context.Context, name string, run int64, owned []dataflow.TableState) (string, error) {
	finished, err := e.ledger.Finished(ctx, name, run)
	if err != nil {
		return "", err
	}
	for _, table := range finished.Standing.Tables {
		if !slices.ContainsFunc(owned, func(has dataflow.TableState) bool { return has.ID == table.TableID && slices.Contains(has.Runs, run) }) {
			return table.TableID.String(), nil
		}
	}
	return "", nil
}

// intact refuses to go to a run some of whose files somebody deleted.
func (e *Engine) intact(ctx context.Context, name string, run int64) error {
	finished, err := e.ledger.Finished(ctx, name, run)
	if err != nil {
		return err
	}
	for _, table := range finished.Standing.Tables {
		if err := e.tables.Intact(ctx, table.TableID, run); err != nil {
			return fmt.Errorf("run %d: %w", run, err)
		}
	}
	return nil
}

// Newest gives the newest completed import whose data is kept: where the tables go when nothing holds them back.
func (e *Engine) Newest(ctx context.Context, name string) (dataflow.Run, error) {
	standing, err := e.newestStanding(ctx, name)
	if err != nil {
		return dataflow.Run{}, err
	}
	if len(standing.Retained) == 0 {
		return dataflow.Run{}, notKept(name, standing, errors.New("there is no completed import"))
	}
	return e.ledger.Finished(ctx, name, standing.Retained[len(standing.Retained)-1])
}

// HasSeen says whether an import was run for what a definition asks for: the same tables and the same refresh_triggers. While a dataflow is
// pinned, a change of its triggers imports nothing; the import that they ask for stays due.
func (e *Engine) HasSeen(ctx context.Context, run dataflow.Run, definition dataflow.Definition) (bool, error) {
	if run.Digest != definition.Digest() {
		return false, nil
	}
	started, err := e.ledger.Started(ctx, run.Dataflow, run.Run)
	return maps.Equal(started.Definition.RefreshTriggers, definition.RefreshTriggers), err
}

// newestStanding is where the dataflow stands after its newest finished run.
func (e *Engine) newestStanding(ctx context.Context, name string) (dataflow.Standing, error) {
	latest, err := e.ledger.Latest(ctx, name)
	if err != nil || latest == 0 {
		return dataflow.Standing{}, err
	}
	run, err := e.ledger.Finished(ctx, name, latest)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return e.standingBefore(ctx, name, latest)
	}
	return run.Standing, err
}

// target gives the import that a rollback goes to.
func target(order Order, before dataflow.Standing) (*int64, error) {
	if order.Target != nil {
		return order.Target, checkTarget(order.Definition.Name, before, *order.Target)
	}
	for _, run := range slices.Backward(before.Retained) {
		if before.CurrentRun != nil && run < *before.CurrentRun {
			return &run, nil
		}
	}
	return nil, notKept(order.Definition.Name, before, errors.New("there is no import before the current one"))
}

func checkTarget(name string, standing dataflow.Standing, run int64) error {
	if slices.Contains(standing.Retained, run) {
		return nil
	}
	return notKept(name, standing, fmt.Errorf("run %d is not a completed import whose data is kept", run))
}

func notKept(name string, standing dataflow.Standing, cause error) error {
	hint := "No import is kept: run the dataflow first."
	if len(standing.Retained) > 0 {
		var kept []string
		for _, run := range standing.Retained {
			kept = append(kept, strconv.FormatInt(run, 10))
		}
		hint = "The runs that are kept: " + strings.Join(kept, ", ") + "."
	}
	return &dataflow.Error{Code: dataflow.CodeNotFound, Object: fmt.Sprintf("dataflow %q", name), Op: "roll back", Cause: cause, Hint: hint}
}

// stageRollback makes a ticket for every table of the target run, and for every table that it did not have.
func (e *Engine) stageRollback(ctx context.Context, started dataflow.Started, before dataflow.Standing) (staged, error) {
	target, err := e.ledger.Finished(ctx, started.Dataflow, *started.Target)
	if err != nil {
		return staged{}, fmt.Errorf("read run %d: %w", *started.Target, err)
	}
	if err := e.intact(ctx, started.Dataflow, target.Run); err != nil {
		return staged{}, err
	}
	var result staged
	has := map[dataflow.TableID]bool{}
	for _, table := range target.Standing.Tables {
		has[table.TableID] = true
		change, err := e.tables.Ticket(ctx, dataflow.TicketRequest{
			Dataflow: started.Dataflow, Run: started.Run, Key: table.Key, FileName: table.FileName,
			ID: table.TableID, Definition: table.Definition, Change: dataflow.ChangePublish, Target: target.Run,
		})
		if err != nil {
			return staged{}, fmt.Errorf("table %s: %w", table.Key, err)
		}
		change.DataAsOf, change.Source, change.HashKey, change.KnownColumns = table.DataAsOf, table.Source, table.HashKey, table.KnownColumns
		result.tables = append(result.tables, change)
	}
	lost, err := e.lostRuns(ctx, started, before)
	if err != nil {
		return result, err
	}
	result.letGo = append(letGo(started, before), lost...)
	hidden, err := e.stageHidden(ctx, started, before, has, result.letGo)
	result.tables = append(result.tables, hidden...)
	return result, err
}
