package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/columnpolicy"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// policyStep is the rowStep that leaves out, hashes and masks columns. It comes before anything is kept.
type policyStep struct{ policies *columnpolicy.Policies }

var _ rowStep = policyStep{}

func (s policyStep) columns() dataflow.Schema                   { return s.policies.Columns() }
func (s policyStep) row(row dataflow.Row) (dataflow.Row, error) { return s.policies.Row(row) }

// policiesOf gives the policies of a table; nil: it has none.
func (e *Engine) policiesOf(ctx context.Context, started dataflow.Started, before dataflow.Standing, table dataflow.SourceTable) (*columnpolicy.Policies, error) {
	definition := started.Definition
	return columnpolicy.New(columnpolicy.Given{
		Table: table, Definition: definition.Tables[table.Key], Known: standingOf(before, definition.TableID(table.Key)).KnownColumns,
		Key: func() (dataflow.HashKey, error) {
			if e.hashKeys == nil {
				return nil, errors.New("this engine has no hash keys")
			}
			key, err := e.hashKeys.HashKey(ctx, definition.HashKey)
			if err != nil {
				return nil, fmt.Errorf("hash: %w", err)
			}
			return key, nil
		},
	})
}

// standingOf gives a table as the newest run that published it left it; one that none has published is empty.
func standingOf(before dataflow.Standing, id dataflow.TableID) dataflow.TableResult {
	for _, table := range before.Tables {
		if table.TableID == id {
			return table
		}
	}
	return dataflow.TableResult{}
}

// namesParts says whether values of a column that policies change are in the names of parts, which a checkpoint keeps.
func (rows tableRows) namesParts() bool {
	return rows.source.PartsNamedBy != "" && rows.policies.Changes(rows.source.Schema.Index(rows.source.PartsNamedBy))
}

// isRekeyed says whether rows have other keys than those of the same rows before: all of them are removed and added then, and nothing of that says that the
// source lacks rows.
func isRekeyed(before dataflow.TableResult, now dataflow.TableChange, key []string) bool {
	if before.UUID == "" || !before.Definition.Data {
		return false // there were none
	}
	for _, column := range key {
		was := before.Definition.Columns[column].Policy == dataflow.PolicyHash
		is := now.Definition.Columns[column].Policy == dataflow.PolicyHash
		if was != is || is && before.HashKey != now.HashKey {
			return true
		}
	}
	return false
}

// describePolicies says what changed in the policies of a run's tables, and where values are still as they were. A sentence or two for each table.
// letGo are the runs that this one lets go.
func describePolicies(run dataflow.Run, before dataflow.Standing, letGo []int64) []string {
	var sentences []string
	for _, table := range run.Tables {
		was := standingOf(before, table.TableID)
		if was.UUID == "" || run.Kind != dataflow.KindImport || table.Change == dataflow.ChangeHide || table.Change == dataflow.ChangeDrop {
			continue
		}
		changes := changedPolicies(was.Definition.Columns, table.Definition.Columns)
		if len(changes) > 0 {
			sentences = append(sentences, fmt.Sprintf("Policies of table %s changed: %s. %s", table.Name, strings.Join(changes, ", "), heldBy(before, letGo)))
		}
		if was.HashKey != "" && table.HashKey != "" && was.HashKey != table.HashKey {
			sentences = append(sentences, fmt.Sprintf("Columns of table %s are hashed with another key (%s, before %s): their hashes join no more with those of earlier runs.",
				table.Name, table.HashKey, was.HashKey))
		}
	}
	return sentences
}

// changedPolicies says of each column whose policy changed which one it has, in the order of their names.
func changedPolicies(was, is map[string]dataflow.ColumnPolicy) []string {
	say := func(policies map[string]dataflow.ColumnPolicy, name string) string {
		policy, has := policies[name]
		switch {
		case !has:
			return string(dataflow.PolicyLoad)
		case policy.KeepLast != nil:
			return fmt.Sprintf("%s, keep_last %d", policy.Policy, *policy.KeepLast)
		}
		return string(policy.Policy)
	}
	all := map[string]bool{}
	for name := range was {
		all[name] = true
	}
	for name := range is {
		all[name] = true
	}
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if before, now := say(was, name), say(is, name); before != now {
			changes = append(changes, fmt.Sprintf("%s %s (before: %s)", name, now, before))
		}
	}
	return changes
}

// heldBy says which runs hold values as they were before.
func heldBy(before dataflow.Standing, letGo []int64) string {
	kept := slices.DeleteFunc(slices.Clone(before.Retained), func(run int64) bool { return slices.Contains(letGo, run) })
	if len(kept) == 0 {
		return "No earlier run is kept."
	}
	return fmt.Sprintf("Runs up to %d hold the values as they were, until retain_runs lets them go.", slices.Max(kept))
}
