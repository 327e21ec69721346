package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// checkTriggers refuses what would ask for runs that run_on_apply = false forbids.
func (m dataflowModel) checkTriggers(diags *diag.Diagnostics) {
	if m.RunOnApply.IsNull() || m.RunOnApply.IsUnknown() || m.RunOnApply.ValueBool() {
		return
	}
	if !m.RefreshTriggers.IsNull() && !m.RefreshTriggers.IsUnknown() {
		diags.AddAttributeError(path.Root("refresh_triggers"), "Nothing would run",
			"refresh_triggers runs the dataflow on apply, and run_on_apply = false forbids that. Leave one of them out.")
	}
	if !m.MaxAge.IsNull() && !m.MaxAge.IsUnknown() {
		diags.AddAttributeError(path.Root("max_age"), "Nothing would run",
			"max_age runs the dataflow on apply, and run_on_apply = false forbids that. Leave one of them out.")
	}
}

// checkDatabase finds a name whose default database is not allowed.
func (m dataflowModel) checkDatabase(diags *diag.Diagnostics) {
	if !m.Database.IsNull() || m.Name.IsNull() || m.Name.IsUnknown() || dataflow.CheckName(m.Name.ValueString()) != nil {
		return
	}
	if err := dataflow.CheckDatabase(dataflow.DefaultDatabase(m.Name.ValueString())); err != nil {
		diags.AddAttributeError(path.Root("database"), "Invalid value",
			"Without a database the dataflow's name in lower case is taken: "+err.Error()+". Set database.")
	}
}

// checkTables checks each table, and that no two have one name.
func (m dataflowModel) checkTables(ctx context.Context, diags *diag.Diagnostics) {
	if m.Tables.IsNull() || m.Tables.IsUnknown() {
		return
	}
	tables := map[string]tableModel{}
	for key, value := range m.Tables.Elements() {
		if value.IsUnknown() {
			continue
		}
		if value.IsNull() {
			diags.AddAttributeError(path.Root("tables").AtMapKey(key), "Invalid value", "A table can't be null: give {} to take its defaults, or leave the key out.")
			return
		}
	}
	if more := m.Tables.ElementsAs(ctx, &tables, true); more.HasError() {
		return // an unknown table: nothing to check yet
	}
	keyOf := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tables)) {
		table, at := tables[key], path.Root("tables").AtMapKey(key)
		if loads, known := table.loadsData(); known && !loads && !table.Metadata.IsNull() && !table.Metadata.IsUnknown() && !table.Metadata.ValueBool() {
			diags.AddAttributeError(at.AtName("metadata"), "Nothing would be loaded",
				fmt.Sprintf("Table %q would load neither data nor metadata. Set one of them to true, or leave the table out.", key))
		}
		if table.TableName.IsUnknown() {
			continue
		}
		name := key
		if !table.TableName.IsNull() {
			name = table.TableName.ValueString()
		}
		if other, taken := keyOf[name]; taken {
			diags.AddAttributeError(at.AtName("table_name"), "Table name is taken",
				fmt.Sprintf("Tables %q and %q would both be called %q. Give each a table_name of its own.", other, key, name))
		}
		keyOf[name] = key
	}
}

// checkMadeTables finds a table_name under which the dataflow has made another key's table: that one keeps its name and its runs, hidden too.
// Tables that were hidden before the state's own ones are left for apply to find.
func (m dataflowModel) checkMadeTables(ctx context.Context, state dataflowModel, diags *diag.Diagnostics) {
	if m.Tables.IsUnknown() || m.Database.IsUnknown() || state.TableDetails.IsNull() || !m.Name.Equal(state.Name) {
		return
	}
	made := map[string]tableDetailsModel{}
	diags.Append(state.TableDetails.ElementsAs(ctx, &made, false)...)
	keyOf := map[string]string{}
	for key, table := range made {
		if table.Database.Equal(m.Database) {
			keyOf[table.TableName.ValueString()] = key
		}
	}
	tables := map[string]tableModel{}
	if more := m.Tables.ElementsAs(ctx, &tables, true); more.HasError() {
		return // an unknown table: nothing to check yet
	}
	for _, key := range slices.Sorted(maps.Keys(tables)) {
		name := tables[key].TableName
		if other, found := keyOf[name.ValueString()]; found && other != key && !name.IsUnknown() {
			diags.AddAttributeError(path.Root("tables").AtMapKey(key).AtName("table_name"), "Table name is taken",
				fmt.Sprintf("Table %q was made for %q and keeps the rows of earlier runs, also while it is hidden. Give %q another table_name.",
					name.ValueString(), other, key))
		}
	}
}

// loadsData says whether the table's rows are loaded, as far as the configuration tells.
func (t tableModel) loadsData() (loads, known bool) {
	switch {
	case t.Data.IsUnknown():
		return false, false
	case !t.Data.IsNull():
		return t.Data.ValueBool(), true
	case t.Purpose.IsUnknown():
		return false, false
	default:
		return dataflow.Purpose(t.Purpose.ValueString()).LoadsData(), true
	}
}
