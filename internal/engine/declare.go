package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Declare makes the record of a new dataflow and gives it a uid of its own.
//
// A record that nobody can miss is taken over: one that was removed, one whose creation nobody works on any more,
// one that never published anything, and one that was lost (isLost). Its history stays and its numbering goes on.
// Any other record of the name fails with dataflow.CodeExists. A run that is under way is waited for, until it is
// finished or its owner dead; when ctx ends before, that is dataflow.CodeBusy.
func (e *Engine) Declare(ctx context.Context, definition dataflow.Definition) (dataflow.Record, error) {
	now := e.clock()
	record := dataflow.Record{
		Version: 1, UID: uuid.NewString(), Phase: dataflow.PhaseCreating, Type: dataflow.TypeCognito,
		Definition: definition, CreatedAt: now, UpdatedAt: now,
	}
	ownerDead := false
	for {
		state, err := e.State(ctx, definition.Name)
		switch {
		case dataflow.IsCode(err, dataflow.CodeNotFound), err == nil && e.isFree(state, definition, ownerDead):
			record.Version = state.Record.Version + 1
			err := e.ledger.PutDataflow(ctx, record)
			if dataflow.IsCode(err, dataflow.CodeExists) {
				continue // somebody changed it meanwhile: look again
			}
			return record, err
		case err != nil:
			return dataflow.Record{}, err
		case state.Record.Phase == dataflow.PhaseCreated && state.Published():
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

// isFree says whether nobody can miss a dataflow and nobody works on it.
func (e *Engine) isFree(s State, definition dataflow.Definition, ownerDead bool) bool {
	if s.Record.Phase == dataflow.PhaseCreated && s.Published() {
		return e.isLost(s, definition)
	}
	return s.LastRun == nil || s.LastRun.Status != dataflow.StatusProcessing || ownerDead
}

// isLost says whether a dataflow is this root module's own and its state went missing: a process that is killed after its run
// is finished, or a CLI that is killed before it has written its state, leaves a dataflow that nobody but its creator declares.
// Its last run is then that of its creation, from this folder on this host, by a process that is dead, and the definition is the same.
// Another folder's is refused, and so is one that has run since: somebody has it in a state.
func (e *Engine) isLost(s State, definition dataflow.Definition) bool {
	created := s.LastRun
	return created != nil && created.EndedAt != nil && created.Trigger == dataflow.TriggerCreate &&
		created.Owner.SameRoot(e.self) && e.liveness(created.Owner) == LivenessDead && reflect.DeepEqual(s.Record.Definition, definition)
}

// exists says that a dataflow of this name is there, and how to manage it.
func exists(state State) error {
	name := state.Record.Definition.Name
	return &dataflow.Error{
		Code: dataflow.CodeExists, Object: fmt.Sprintf("dataflow %q", name), Op: "create",
		Cause: fmt.Errorf("a dataflow of this name exists in the workspace and has tables at run %d", *state.Standing.CurrentRun),
		Hint:  "To manage it from here: terraform import skypoint_dataflow.ADDRESS " + name,
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
	return e.parts.Forget(ctx, name, math.MaxInt64, "") // what an import that failed has read are a customer's values
}

// change writes the next version of a dataflow's record. next reads the newest one and says what becomes of it, and whether anything does;
// when somebody else has changed the record meanwhile it is asked again. So whoever sleeps in between changes nothing that it has not seen.
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
