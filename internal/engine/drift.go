package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Drift compares a dataflow with its tables. It gives the state, which is pending when a table is not as the dataflow left it, and a sentence for each
// difference: a table is gone or can't be read, it does not have the run that the records say it is at (the catalog is an older copy), or somebody
// else has written to it. On an error the state is the one that was given.
//
// It writes nothing, and opens only the tables that somebody changed.
func (e *Engine) Drift(ctx context.Context, state State) (State, []string, error) {
	for {
		if len(state.Standing.Tables) == 0 || state.Status() == dataflow.StatusProcessing { // a run that publishes moves them
			return state, nil, nil
		}
		if err := e.checkCatalog(ctx, state.Record.Definition.Name, state.Standing); err != nil {
			return state, nil, err
		}
		there, drift, err := e.lookAtTables(ctx, state)
		if err != nil || len(drift) == 0 {
			return state, nil, err
		}
		again, err := e.State(ctx, state.Record.Definition.Name)
		if err != nil {
			return state, nil, err
		}
		if again.LastRun == nil || again.LastRun.Run != state.LastRun.Run {
			state = again // a run has moved them since the records were read
			continue
		}
		state.Standing.Tables = there
		state.Standing.Digest = "" // the tables are not what the definition asks for
		return state, drift, nil
	}
}

// lookAtTables gives the tables that are there, and a sentence for each that is not as the dataflow left it.
func (e *Engine) lookAtTables(ctx context.Context, state State) (there []dataflow.TableResult, drift []string, err error) {
	standing := state.Standing
	var ids []dataflow.TableID
	for _, t := range standing.Tables {
		ids = append(ids, t.TableID)
	}
	where, err := e.tables.Where(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	var lost []string
	for _, t := range standing.Tables {
		if at, found := where[t.TableID]; found && at == t.PublishedMetadataLocation { // nobody has changed it since the run: its file says nothing new
			there = append(there, t)
			continue
		}
		found, err := e.tables.Find(ctx, t.TableID)
		if dataflow.IsCode(err, dataflow.CodeFilesGone) {
			drift = append(drift, dataflow.Sentence(err))
			continue
		}
		if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return nil, nil, err
		}
		atRun := standing.CurrentRun != nil && slices.Contains(found.Runs, *standing.CurrentRun)
		if err != nil || found.UUID != t.UUID || found.Hidden || !atRun {
			lost = append(lost, t.TableID.String())
			continue
		}
		there = append(there, t)
		if t.After != nil && found.Snapshot != nil && *found.Snapshot != *t.After {
			drift = append(drift, fmt.Sprintf("somebody else has written to table %s since run %d. The next apply that runs the dataflow makes it what the source has.",
				t.TableID, *standing.CurrentRun))
		}
	}
	if len(lost) > 0 {
		drift = slices.Insert(drift, 0, fmt.Sprintf(
			"%s: not in the catalog, or not at run %d. The next apply that runs the dataflow imports the data again. Files that they left in the warehouse stay where they are.",
			strings.Join(lost, ", "), *standing.CurrentRun))
	}
	return there, drift, nil
}

// LeadsElsewhere says whether a connector leads to another place than source, as far as it is known. A definition has the connector's name alone, and
// that stays when the connector is given another pool. It asks nobody but the ledger.
func (e *Engine) LeadsElsewhere(ctx context.Context, connector, source string) bool {
	if source == "" {
		return false
	}
	leads, err := e.sources.Source(ctx, connector)
	return err == nil && leads != source // an error: whoever runs the dataflow is told
}

// WithSource makes a dataflow pending whose connector leads to something else than what the tables were read from.
func (e *Engine) WithSource(ctx context.Context, state State) State {
	if e.LeadsElsewhere(ctx, state.Record.Definition.Connector, state.Standing.Source()) {
		state.Standing.Digest = "" // the tables are not what the definition asks for
	}
	return state
}
