package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// discardBroken removes what is left of the dataflow's tables whose metadata files were deleted, and gives their names. After that they are, to the
// protocol, tables that somebody dropped: an import makes them anew.
func (e *Engine) discardBroken(ctx context.Context, started dataflow.Started, before dataflow.Standing) ([]dataflow.TableID, error) {
	broken, err := e.tables.Broken(ctx, databases(started, before))
	if err != nil || len(broken) == 0 {
		return nil, err
	}
	var discarded []dataflow.TableID
	for _, id := range broken {
		known, err := e.lastKnown(ctx, started.Dataflow, before, id)
		if err != nil {
			return nil, err
		}
		if known == "" {
			continue // another dataflow's, or one that no run has published
		}
		if err := e.tables.Discard(ctx, id, known); dataflow.IsCode(err, dataflow.CodeForeign) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("discard table %s: %w", id, err)
		}
		discarded = append(discarded, id)
	}
	return discarded, nil
}

// lastKnown gives the metadata location that the records have of a table of the dataflow, a hidden one too; empty: they know none.
func (e *Engine) lastKnown(ctx context.Context, name string, before dataflow.Standing, id dataflow.TableID) (string, error) {
	find := func(tables []dataflow.TableResult) string {
		i := slices.IndexFunc(tables, func(t dataflow.TableResult) bool { return t.TableID == id })
		if i < 0 {
			return ""
		}
		return tables[i].PublishedMetadataLocation
	}
	if at := find(before.Tables); at != "" {
		return at, nil
	}
	for _, run := range slices.Backward(before.Retained) {
		finished, err := e.ledger.Finished(ctx, name, run)
		if err != nil {
			return "", err
		}
		if at := find(finished.Standing.Tables); at != "" {
			return at, nil
		}
	}
	return "", nil
}
