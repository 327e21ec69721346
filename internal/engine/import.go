package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// stageImport stages every table of the definition, and a ticket for every table that the definition no longer has.
func (e *Engine) stageImport(ctx context.Context, started dataflow.Started, before dataflow.Standing) (staged, error) {
	source, err := e.sources.Open(ctx, started.Definition.Connector)
	if err != nil {
		return staged{}, err
	}
	defer func() { _ = source.Close() }() // nothing was written through it
	tables, err := e.stageTables(ctx, started, before, source)
	result := staged{tables: tables, usage: source.Usage()}
	if err != nil {
		return result, err
	}
	staying := map[dataflow.TableID]bool{}
	for key := range started.Definition.Tables {
		staying[started.Definition.TableID(key)] = true
	}
	lost, err := e.lostRuns(ctx, started, before)
	if err != nil {
		return result, err
	}
	result.letGo = append(letGo(started, before), lost...)
	hidden, err := e.stageHidden(ctx, started, before, staying, result.letGo)
	result.tables = append(result.tables, hidden...)
	return result, err
}

// stageTables stages one table after the other, in the order of their keys.
func (e *Engine) stageTables(ctx context.Context, started dataflow.Started, before dataflow.Standing, source dataflow.Source) ([]dataflow.TableChange, error) {
	scanned := map[string]bool{}
	for key, table := range started.Definition.Tables {
		scanned[key] = isScanned(table)
	}
	if err := source.CheckTables(ctx, scanned); err != nil {
		return nil, err
	}
	var changes []dataflow.TableChange
	for _, key := range slices.Sorted(maps.Keys(started.Definition.Tables)) {
		change, err := e.stageTable(ctx, started, before, source, key)
		if err != nil {
			return nil, &stoppedError{
				key: key, rows: change.Counts.Read, done: len(changes), of: len(started.Definition.Tables), err: fmt.Errorf("table %s: %w", key, err),
			}
		}
		changes = append(changes, change)
	}
	return changes, e.checkRemoved(ctx, started, before, changes)
}

// stoppedError says how far an import came that did not read all its tables.
type stoppedError struct {
	key      string // the table that it was at
	rows     int64  // that it had read of it
	done, of int    // tables
	err      error
}

func (e *stoppedError) Error() string { return e.err.Error() }
func (e *stoppedError) Unwrap() error { return e.err }

// reached gives a sentence.
func (e *stoppedError) reached() string {
	return fmt.Sprintf("It was at table %s and had read %s of it; of %s %d had been read.",
		e.key, dataflow.Count(e.rows, "row"), dataflow.Count(int64(e.of), "table"), e.done)
}

// isScanned says whether an import reads a table's rows. It does for metadata too, which tells about the rows' values.
func isScanned(definition dataflow.TableDefinition) bool {
	return definition.Data || definition.Metadata
}

// stageTable brings one table from the source to a branch of its own. When it fails, the change has the rows that were read until then, and no more.
func (e *Engine) stageTable(ctx context.Context, started dataflow.Started, before dataflow.Standing, source dataflow.Source, key string) (dataflow.TableChange, error) {
	rows, err := e.rowsOf(ctx, started, before, source, key)
	if err != nil {
		return dataflow.TableChange{}, err
	}
	definition := started.Definition.Tables[key]
	staging, err := e.beginStaging(ctx, dataflow.StageRequest{
		Dataflow: started.Dataflow, Run: started.Run, ID: started.Definition.TableID(key), Table: rows.table, Definition: definition,
		MetadataLocation: standingOf(before, started.Definition.TableID(key)).PublishedMetadataLocation,
	})
	if err != nil {
		return dataflow.TableChange{}, fmt.Errorf("stage: %w", err)
	}
	defer func() { _ = staging.Close() }() // spool files only; a commit has its own error
	e.event(ctx, started, key, "staging", 0)

	var report dataflow.ScanReport
	var resumed []dataflow.Resumed
	if isScanned(definition) {
		var reading *reading
		if report, reading, err = e.read(ctx, started, before, source, rows, staging); err != nil {
			return dataflow.TableChange{Counts: dataflow.Counts{Read: reading.progress.rows.Load()}}, err
		}
		resumed = reading.resumed
	}
	change, err := staging.Commit(ctx)
	if err != nil {
		return dataflow.TableChange{}, fmt.Errorf("stage: %w", err)
	}
	change.Resumed, change.DataAsOf, change.Source = resumed, oldest(started, resumed), rows.table.Source
	change.HashKey, change.KnownColumns = rows.policies.HashKey(), rows.policies.Known()
	change.Rekeyed = isRekeyed(standingOf(before, change.TableID), change, rows.source.Schema.Key)
	e.event(ctx, started, key, "staged", change.Counts.Read)
	if definition.Data {
		change.Counts.KeptAsText = report.KeptAsText
	}
	return change, nil
}

// oldest gives the start of the oldest reading in a table: the run's own, or that of a failed one that rows were taken over from.
func oldest(started dataflow.Started, resumed []dataflow.Resumed) *time.Time {
	at := started.StartedAt
	for _, r := range resumed {
		if r.Began.Before(at) {
			at = r.Began
		}
	}
	return &at
}

// dataAsOf gives the start of the oldest reading in an import.
func dataAsOf(run dataflow.Run) *time.Time {
	at := run.StartedAt
	for _, table := range run.Tables {
		if table.DataAsOf != nil && table.DataAsOf.Before(at) {
			at = *table.DataAsOf
		}
	}
	return &at
}

// checkRemoved is the removal guard: a source that suddenly lacks most of its rows is more often a mistake than the truth.
// It names every table that is over it, and what else it knows: that the rows come from somewhere else now.
func (e *Engine) checkRemoved(ctx context.Context, started dataflow.Started, before dataflow.Standing, changes []dataflow.TableChange) error {
	maxPercent := started.Definition.MaxRemovedPercent
	var over []dataflow.TableChange
	for _, change := range changes { // of one that loads no data, to have no row is what was asked for
		if change.Definition.Data && removed(change)*100 > change.Counts.Before()*maxPercent {
			over = append(over, change)
		}
	}
	if len(over) == 0 {
		return nil
	}
	slices.SortStableFunc(over, func(a, b dataflow.TableChange) int { return cmp.Compare(removed(b), removed(a)) })
	var tables []string
	var forgotten error
	for _, change := range over {
		tables = append(tables, fmt.Sprintf("%s of %s of table %s",
			dataflow.Thousands(removed(change)), dataflow.Count(change.Counts.Before(), "row"), change.Key))
		forgotten = errors.Join(forgotten, e.checkpoints.Forget(ctx, started.Dataflow, started.Run, change.Key)) // it would lead here again
	}
	guard := &dataflow.Error{
		Code:  dataflow.CodeGuard,
		Cause: fmt.Errorf("the run would remove %s, more than max_removed_percent = %d allows", strings.Join(tables, ", "), maxPercent),
		Hint:  "If the source is right, raise max_removed_percent for one apply.",
	}
	if was, is := before.Source(), over[0].Source; was != "" && is != "" && was != is {
		guard.Hint = fmt.Sprintf("The tables have the rows of %s, and connector %q leads to %s. If that is meant, set max_removed_percent = 100 for one apply, or keep both with a dataflow for each.",
			was, started.Definition.Connector, is)
	}
	return errors.Join(guard, forgotten)
}

// removed is how many rows of a table the source has no more.
func removed(change dataflow.TableChange) int64 {
	if change.Rekeyed { // which of them are the same is not known
		return max(0, change.Counts.Before()-change.Counts.Read)
	}
	return change.Counts.Removed
}

// stageHidden makes a ticket for every table that is not in the definition any more. A table that readers see is hidden; a hidden one is
// dropped once retention lets its last run go. An empty table that a failed run has left stays until the dataflow is removed: the owner of that run
// may be asleep, and nobody would find a file that it writes to a dropped table.
func (e *Engine) stageHidden(
	ctx context.Context, started dataflow.Started, before dataflow.Standing, staying map[dataflow.TableID]bool, letGo []int64,
) ([]dataflow.TableChange, error) {
	owned, err := e.tables.Owned(ctx, started.Dataflow, databases(started, before))
	if err != nil {
		return nil, err
	}
	shown := map[dataflow.TableID]dataflow.TableDefinition{}
	for _, table := range before.Tables {
		shown[table.TableID] = table.Definition
	}
	var changes []dataflow.TableChange
	for _, table := range owned {
		if staying[table.ID] || len(table.Runs) == 0 {
			continue
		}
		change := dataflow.ChangeHide
		if !slices.ContainsFunc(table.Runs, func(run int64) bool { return !slices.Contains(letGo, run) }) {
			change = dataflow.ChangeDrop
		}
		if change == dataflow.ChangeHide && table.Hidden {
			continue
		}
		ticket, err := e.tables.Ticket(ctx, dataflow.TicketRequest{
			Dataflow: started.Dataflow, Run: started.Run, Key: table.Key, FileName: table.FileName,
			ID: table.ID, Definition: shown[table.ID], Change: change,
		})
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			continue // somebody dropped it: there is nothing to do
		}
		if err != nil {
			return nil, fmt.Errorf("table %s: %s: %w", table.Key, change, err)
		}
		changes = append(changes, ticket)
	}
	return changes, nil
}

// stageRemoval makes a ticket for every table that the dataflow owns.
func (e *Engine) stageRemoval(ctx context.Context, started dataflow.Started, before dataflow.Standing) (staged, error) {
	owned, err := e.tables.Owned(ctx, started.Dataflow, databases(started, before))
	if err != nil {
		return staged{}, err
	}
	var result staged
	for _, table := range owned {
		change, err := e.tables.Ticket(ctx, dataflow.TicketRequest{
			Dataflow: started.Dataflow, Run: started.Run, Key: table.Key, FileName: table.FileName,
			ID: table.ID, Change: dataflow.ChangeDrop,
		})
		if dataflow.IsCode(err, dataflow.CodeNotFound) {
			continue
		}
		if err != nil {
			return staged{}, fmt.Errorf("table %s: drop: %w", table.Key, err)
		}
		result.tables = append(result.tables, change)
	}
	return result, nil
}

func compareIDs(a, b dataflow.TableID) int {
	return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Name, b.Name))
}
