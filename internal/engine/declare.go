package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Declare makes the record of a new dataflow and gives it a uid of its own.
//
// A dataflow that another Declare has completed is never taken over: that is dataflow.CodeExists, and changes nothing. A second CLI workspace, a test and a
// lost state look alike from here, and in the first two cases somebody else needs the dataflow.
//
// A name is free when its dataflow was removed, or is still in creation and nobody works on it. The history stays, and its numbering
// goes on. A run that is under way is waited for, until it is finished or its owner is dead. When ctx ends before that, it is dataflow.CodeBusy.
func (e *Engine) Declare(ctx context.Context, definition dataflow.Definition) (dataflow.Record, error) {
	kind, err := e.sources.Type(ctx, definition.Connector)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeNoConnector) {
		return dataflow.Record{}, err
	}
	now := e.clock()
	record := dataflow.Record{
		Version: 1, UID: uuid.NewString(), Phase: dataflow.PhaseCreating, Type: kind,
		Definition: definition, CreatedAt: now, UpdatedAt: now,
	}
	ownerDead := false
	for {
		state, err := e.State(ctx, definition.Name)
		switch {
		case dataflow.IsCode(err, dataflow.CodeNotFound), err == nil && state.isFree(ownerDead):
			record.Version = state.Record.Version + 1
			err := e.ledger.PutDataflow(ctx, record)
			if dataflow.IsCode(err, dataflow.CodeExists) {
				continue // somebody changed it meanwhile: look again
			}
			return record, err
		case err != nil:
			return dataflow.Record{}, err
		case state.isComplete():
			return dataflow.Record{}, exists(state)
		}
		started, err := e.ledger.Started(ctx, definition.Name, state.LastRun.Run)
		if err != nil {
			return dataflow.Record{}, err
		}
		ownerDead, err = e.outlive(ctx, started, func() error {
			_, err := e.ledger.Finished(ctx, definition.Name, started.Run)
			return err
		})
		if err != nil {
			return dataflow.Record{}, err
		}
	}
}

// isComplete says whether a dataflow was created and is not being removed.
func (s State) isComplete() bool {
	beingRemoved := s.LastRun != nil && s.LastRun.EndedAt == nil && s.LastRun.Kind == dataflow.KindRemoval && !s.Published()
	return s.Record.Phase == dataflow.PhaseCreated && !beingRemoved
}

// isFree says whether a name may be given to a new dataflow: this one is not complete, and nobody works on it.
func (s State) isFree(ownerDead bool) bool {
	return !s.isComplete() && (s.LastRun == nil || s.LastRun.Status != dataflow.StatusProcessing || ownerDead)
}

// exists says that a dataflow of this name is there, and what it holds.
func exists(state State) error {
	holds := "has published nothing yet"
	if run := state.Standing.CurrentRun; run != nil {
		var rows int64
		for _, table := range state.Standing.Tables {
			rows += table.Records()
		}
		tables := int64(len(state.Standing.Tables))
		holds = fmt.Sprintf("holds %s with %s in database %q, at run %d",
			dataflow.Count(tables, "table"), dataflow.Count(rows, "row"), state.Record.Definition.Database, *run)
	}
	return &dataflow.Error{
		Code: dataflow.CodeExists, Object: fmt.Sprintf("dataflow %q", state.Record.Definition.Name), Op: "create",
		Cause: fmt.Errorf("the workspace has a dataflow of this name, which was created on %s and %s",
			state.Record.CreatedAt.Format(time.RFC3339), holds),
	}
}

// Define gives a dataflow a new definition without a run: for arguments that change no row. A dataflow that is not the one
// of this uid any more is left alone: the error has dataflow.CodeForeign when it was made anew, dataflow.CodeNotFound when it was removed.
func (e *Engine) Define(ctx context.Context, uid string, definition dataflow.Definition) error {
	return e.change(ctx, func() (dataflow.Record, bool, error) {
		record, err := e.plannedFor(ctx, uid, definition.Name, "change")
		record.Definition, record.Phase = definition, dataflow.PhaseCreated
		return record, err == nil, err
	})
}

// Forget marks a dataflow as removed and touches no table. Its history stays. Its errors are Define's.
func (e *Engine) Forget(ctx context.Context, uid, name string) error {
	err := e.change(ctx, func() (dataflow.Record, bool, error) {
		record, err := e.plannedFor(ctx, uid, name, "remove")
		record.Phase = dataflow.PhaseRemoved
		return record, err == nil, err
	})
	if err != nil {
		return err
	}
	return e.checkpoints.Forget(ctx, name, math.MaxInt64, "") // what an import that failed has read are a customer's values
}

// change writes the next version of a dataflow's record. next reads the newest version, and gives the next one and whether it differs.
// When somebody else has changed the record meanwhile, next is called again. So a process that sleeps in between never overwrites what it has not read.
func (e *Engine) change(ctx context.Context, next func() (dataflow.Record, bool, error)) error {
	for {
		record, changes, err := next()
		if err != nil || !changes {
			return err
		}
		record.Version++
		record.UpdatedAt = e.clock()
		if err := e.ledger.PutDataflow(ctx, record); !dataflow.IsCode(err, dataflow.CodeExists) {
			return err
		}
	}
}

// plannedFor gives the record of a dataflow that is still the one which somebody planned for: neither removed since
// nor made anew by another Create.
func (e *Engine) plannedFor(ctx context.Context, uid, name, op string) (dataflow.Record, error) {
	record, err := e.ledger.Dataflow(ctx, name)
	if err != nil {
		return dataflow.Record{}, err
	}
	gone := &dataflow.Error{Object: fmt.Sprintf("dataflow %q", name), Op: op, Hint: "Plan again."}
	switch {
	case record.UID != uid:
		gone.Code, gone.Cause = dataflow.CodeForeign, errors.New("it was made anew since this was planned")
	case record.Phase == dataflow.PhaseRemoved:
		gone.Code, gone.Cause = dataflow.CodeNotFound, errors.New("it was removed since this was planned")
	default:
		return record, nil
	}
	return record, gone
}
