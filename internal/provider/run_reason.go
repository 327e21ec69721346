package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// planReason says in the plan why the dataflow runs. It is unknown while anything that it depends on is unknown: what a plan says of a value must
// hold at apply. Without a run the reason of the last one stays.
func (m *dataflowModel) planReason(ctx context.Context, why dataflow.Trigger, state dataflowModel, elsewhere bool) {
	switch {
	case !m.LastRun.IsUnknown():
		m.RunReason = state.RunReason
	case !m.decided(ctx):
		m.RunReason = types.StringUnknown()
	default:
		m.RunReason = types.StringValue(m.reason(why, state, elsewhere))
	}
}

// decided says whether everything is known that decides whether the dataflow runs, and why.
func (m dataflowModel) decided(ctx context.Context) bool {
	for _, value := range []attr.Value{m.ConnectorID, m.Database, m.Tables, m.HashKeyVersion, m.RefreshTriggers, m.RunOnApply, m.MaxAge, m.PinnedRun} {
		if v, err := value.ToTerraformValue(ctx); err != nil || !v.IsFullyKnown() {
			return false
		}
	}
	return true
}

// reason gives one sentence. Values of refresh_triggers are not repeated: the plan shows them, and one may be long.
func (m dataflowModel) reason(why dataflow.Trigger, state dataflowModel, elsewhere bool) string {
	switch why {
	case dataflow.TriggerCreate:
		return "It is created."
	case dataflow.TriggerDefinition:
		changes := m.changes(state)
		if elsewhere {
			changes = append(changes, fmt.Sprintf("connector %q leads to another user pool", m.ConnectorID.ValueString()))
		}
		if len(changes) > 0 {
			return "Another import is asked for: " + strings.Join(changes, ", ") + "."
		}
		return "The tables are not as the last import left them, or an earlier change was not imported."
	case dataflow.TriggerRefreshTriggers:
		return "refresh_triggers changed: " + strings.Join(differing(m.RefreshTriggers.Elements(), state.RefreshTriggers.Elements()), ", ") + "."
	case dataflow.TriggerFailed:
		return "The newest import failed: run " + state.LastRun.Attributes()["run"].String() + "."
	case dataflow.TriggerMaxAge:
		return fmt.Sprintf("The data is of %s, and max_age is %s.", orNothing(state.DataAsOf, "no known time"), m.MaxAge.ValueString())
	case dataflow.TriggerPin:
		if m.PinnedRun.IsNull() {
			return "pinned_run was removed: the tables go to the newest import, or there is one where that is due."
		}
		return fmt.Sprintf("pinned_run: the tables go to run %d.", m.PinnedRun.ValueInt64())
	case dataflow.TriggerResource, dataflow.TriggerAction, dataflow.TriggerDestroy: // no plan of a dataflow has these
	}
	return ""
}

// changes names what makes the import another one.
func (m dataflowModel) changes(state dataflowModel) []string {
	var changes []string
	if !m.ConnectorID.Equal(state.ConnectorID) {
		changes = append(changes, "connector_id")
	}
	if !m.Database.Equal(state.Database) {
		changes = append(changes, "database")
	}
	if tables := differing(m.Tables.Elements(), state.Tables.Elements()); len(tables) > 0 {
		changes = append(changes, "tables ("+strings.Join(tables, ", ")+")")
	}
	if !m.HashKeyVersion.Equal(state.HashKeyVersion) {
		changes = append(changes, "hash_key_wo_version")
	}
	return changes
}

// differing gives the keys under which two maps have not the same, in their order.
func differing(a, b map[string]attr.Value) []string {
	keys := map[string]bool{}
	for key, value := range a {
		if other, ok := b[key]; !ok || !value.Equal(other) {
			keys[key] = true
		}
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

func orNothing(s types.String, nothing string) string {
	if s.IsNull() {
		return nothing
	}
	return s.ValueString()
}
