package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Declare makes the record of a new dataflow and gives it a uid of its own.
//
// A record that nobody can miss is taken over: one that was removed, one whose creation nobody works on any more,
// and one that never published anything. Its history stays and its numbering goes on.
// Any other record of the name fails with dataflow.CodeExists; one that a live process works on with dataflow.CodeBusy.
func (e *Engine) Declare(ctx context.Context, definition dataflow.Definition) (dataflow.Record, error) {
	now := e.clock()
	record := dataflow.Record{
		UID: uuid.NewString(), Phase: dataflow.PhaseCreating, Type: dataflow.TypeCognito,
		Definition: definition, CreatedAt: now, UpdatedAt: now,
	}
	state, err := e.State(ctx, definition.Name)
	switch {
	case dataflow.IsCode(err, dataflow.CodeNotFound):
		err = e.ledger.CreateDataflow(ctx, record)
		return record, err
	case err != nil:
		return dataflow.Record{}, err
	}
	object := fmt.Sprintf("dataflow %q", state.Record.Definition.Name)
	if state.Status() == dataflow.StatusProcessing {
		return dataflow.Record{}, busy(object, *state.LastRun)
	}
	if state.Record.Phase == dataflow.PhaseCreated && state.Published() {
		return dataflow.Record{}, &dataflow.Error{
			Code: dataflow.CodeExists, Object: object, Op: "create",
			Cause: fmt.Errorf("a dataflow of this name exists in the workspace and has tables at run %d", *state.Standing.CurrentRun),
			Hint:  fmt.Sprintf("To manage it from here: terraform import skypoint_dataflow.ADDRESS %s", state.Record.Definition.Name),
		}
	}
	return record, e.ledger.PutDataflow(ctx, record)
}

// Define gives a dataflow a new definition without a run: for arguments that change no row.
func (e *Engine) Define(ctx context.Context, definition dataflow.Definition) error {
	record, err := e.ledger.Dataflow(ctx, definition.Name)
	if err != nil {
		return err
	}
	return e.define(ctx, record, definition)
}

// define makes the definition the record's, in phase created.
func (e *Engine) define(ctx context.Context, record dataflow.Record, definition dataflow.Definition) error {
	record.Definition = definition
	record.Phase = dataflow.PhaseCreated
	record.UpdatedAt = e.clock()
	return e.ledger.PutDataflow(ctx, record)
}

// Forget marks a dataflow as removed and touches no table. Its history stays.
func (e *Engine) Forget(ctx context.Context, name string) error {
	record, err := e.ledger.Dataflow(ctx, name)
	if err != nil {
		return err
	}
	record.Phase = dataflow.PhaseRemoved
	record.UpdatedAt = e.clock()
	return e.ledger.PutDataflow(ctx, record)
}
