package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/columnpolicy"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// columnPolicyModel is what becomes of one column.
type columnPolicyModel struct {
	Policy   types.String `tfsdk:"policy"`
	KeepLast types.Int64  `tfsdk:"keep_last"`
	LoadedAs types.String `tfsdk:"loaded_as"`
}

var columnPolicyType = types.ObjectType{AttrTypes: map[string]attr.Type{"policy": types.StringType, "keep_last": types.Int64Type, "loaded_as": types.StringType}}

func columnPolicyAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"columns": schema.MapNestedAttribute{
			Optional: true,
			MarkdownDescription: "What becomes of columns on their way, by their name; a column that is not named is loaded as it is. `COLUMN.NAME` names what is inside a column of JSON text or a map: `identities.userId`, `attribute_mapping.email`. " +
				"`data.skypoint_cognito_user_pool` lists the columns of a pool. Nothing of a value that is dropped, hashed or masked is stored anywhere. Changing it runs the dataflow; runs that are kept hold what they loaded.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				// Not Required: the framework takes a policy that is unknown as a whole for one without this. checkColumns says that it is missing.
				"policy": schema.StringAttribute{
					Optional: true,
					MarkdownDescription: "Must be given. `load`: as it is. `hash`: HMAC-SHA-256 in hex, in the column `<name>_hashed` in place of this one. `mask`: `********`, and the last characters that `keep_last` leaves. `drop`: it is not loaded. " +
						"The key of a table can be loaded or hashed.",
					Validators: []validator.String{stringvalidator.OneOf(dataflow.Policies()...)},
				},
				"keep_last": schema.Int64Attribute{
					Optional:            true,
					MarkdownDescription: fmt.Sprintf("With `mask`: how many characters at the end stay, 0 to %d. Of a value that has no more than those none stays. Default: 0.", dataflow.MaxKeepLast),
					Validators:          []validator.Int64{int64validator.Between(0, dataflow.MaxKeepLast)},
				},
				"loaded_as": schema.StringAttribute{
					Computed: true, MarkdownDescription: "What it is called in the table: of a hashed one `<name>_hashed`. Null: it is dropped.",
					PlanModifiers: []planmodifier.String{loadedAs{}},
				},
			}},
		},
		"new_columns": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "What an import does with a column that the pool has got since the first import with this setting, and that `columns` does not name: `load` (default), `drop`, or `fail`, which names it and publishes nothing. " +
				"With `drop` or `fail`, `columns` may name one that the pool does not have yet. Changing it runs the dataflow.",
			Validators: []validator.String{stringvalidator.OneOf(dataflow.AllNewColumns()...)},
		},
	}
}

// loadedAs tells in the plan what a column is called in its table.
type loadedAs struct{}

var _ planmodifier.String = loadedAs{}

func (loadedAs) Description(context.Context) string         { return "the column's name in the table" }
func (loadedAs) MarkdownDescription(context.Context) string { return "the column's name in the table" }

func (loadedAs) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	var policy types.String
	column := req.Path.ParentPath()
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, column.AtName("policy"), &policy)...)
	if policy.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
		return
	}
	name, _ := column.Steps().LastStep()
	resp.PlanValue = types.StringPointerValue(columnpolicy.LoadedAs(tableKey(name), dataflow.Policy(policy.ValueString())))
}

func columnPoliciesOf(ctx context.Context, columns types.Map) (map[string]dataflow.ColumnPolicy, diag.Diagnostics) {
	if columns.IsNull() || columns.IsUnknown() {
		return nil, nil
	}
	models := map[string]columnPolicyModel{}
	diags := columns.ElementsAs(ctx, &models, true)
	policies := map[string]dataflow.ColumnPolicy{}
	for name, m := range models {
		policies[name] = dataflow.ColumnPolicy{Policy: dataflow.Policy(m.Policy.ValueString()), KeepLast: m.KeepLast.ValueInt64Pointer()}
	}
	return policies, diags
}

// showColumnPolicies is the inverse of columnPoliciesOf.
func showColumnPolicies(ctx context.Context, policies map[string]dataflow.ColumnPolicy) (types.Map, diag.Diagnostics) {
	if policies == nil {
		return types.MapNull(columnPolicyType), nil
	}
	models := map[string]columnPolicyModel{}
	for name, p := range policies {
		models[name] = columnPolicyModel{
			Policy: types.StringValue(string(p.Policy)), KeepLast: types.Int64PointerValue(p.KeepLast),
			LoadedAs: types.StringPointerValue(columnpolicy.LoadedAs(name, p.Policy)),
		}
	}
	return types.MapValueFrom(ctx, columnPolicyType, models)
}

// checkColumns finds policies that can't be, as far as that is known without asking the source: of the columns that a table has in every source all, of
// others what does not hang on the column.
func (m dataflowModel) checkColumns(ctx context.Context, all connectorTypes, diags *diag.Diagnostics) {
	tables := m.knownTables(ctx)
	for _, key := range slices.Sorted(maps.Keys(tables)) {
		table, at := tables[key], path.Root("tables").AtMapKey(key)
		info, known := all.table(key)
		definition := table.knownPolicies(ctx)
		columns := table.Columns.Elements()
		for _, name := range slices.Sorted(maps.Keys(columns)) {
			column, ok := columns[name].(types.Object)
			switch {
			case !ok || column.IsUnknown():
			case column.IsNull():
				diags.AddAttributeError(at.AtName("columns").AtMapKey(name), "Invalid value", "A policy can't be null: leave the column out, or give { policy = \"load\" }.")
			case column.Attributes()["policy"].IsNull():
				diags.AddAttributeError(at.AtName("columns").AtMapKey(name).AtName("policy"), "Missing policy", "A column that is named takes a policy: "+strings.Join(dataflow.Policies(), ", ")+".")
			}
		}
		open := !known || info.IsOpen || definition.StopsNewColumns()
		for _, wrong := range columnpolicy.Check(key, info.Schema, open, definition) {
			column, policy := at.AtName("columns").AtMapKey(wrong.Column), definition.Columns[wrong.Column]
			switch {
			case !columnpolicy.IsOfPolicyItself(policy):
				diags.AddAttributeError(column, "Invalid policy", capitalized(dataflow.Sentence(wrong)))
			case policy.KeepLast != nil && policy.Policy != dataflow.PolicyMask:
				diags.AddAttributeError(column.AtName("keep_last"), "Invalid value", capitalized(dataflow.Sentence(wrong)))
			} // else the attribute's own validator says so
		}
		if known && !info.IsOpen && columnpolicy.LeavesTheKeyAlone(info.Schema, definition) {
			diags.AddAttributeWarning(at.AtName("columns"), "Nothing but the key is left", fmt.Sprintf("Every column of table %q but its key is dropped. To know what is in a table without its rows there is purpose = \"Privacy-Metadata\".", key))
		}
	}
}

// capitalized begins a sentence with a capital letter.
func capitalized(sentence string) string { return strings.ToUpper(sentence[:1]) + sentence[1:] }

// knownTables are the tables of which everything is known that checks go by.
func (m dataflowModel) knownTables(ctx context.Context) map[string]tableModel {
	tables := map[string]tableModel{}
	for key, value := range m.Tables.Elements() {
		object, ok := value.(types.Object)
		if !ok || object.IsNull() || object.IsUnknown() {
			continue
		}
		var table tableModel
		if more := object.As(ctx, &table, basetypes.ObjectAsOptions{}); !more.HasError() {
			tables[key] = table
		}
	}
	return tables
}

// knownPolicies gives the policies of a table that are known.
func (t tableModel) knownPolicies(ctx context.Context) dataflow.TableDefinition {
	definition := dataflow.TableDefinition{NewColumns: dataflow.NewColumns(t.NewColumns.ValueString()), Columns: map[string]dataflow.ColumnPolicy{}}
	if t.NewColumns.IsUnknown() {
		definition.NewColumns = dataflow.NewColumnsFail // which allows most
	}
	for name, value := range t.Columns.Elements() {
		object, ok := value.(types.Object)
		if !ok || object.IsNull() || object.IsUnknown() {
			continue
		}
		var column columnPolicyModel
		if more := object.As(ctx, &column, basetypes.ObjectAsOptions{}); more.HasError() || column.Policy.IsUnknown() || column.KeepLast.IsUnknown() {
			continue
		}
		definition.Columns[name] = dataflow.ColumnPolicy{Policy: dataflow.Policy(column.Policy.ValueString()), KeepLast: column.KeepLast.ValueInt64Pointer()}
	}
	return definition
}

// warnOfCopies names the tables that still have a value which another table hides.
func (m dataflowModel) warnOfCopies(ctx context.Context, all connectorTypes, diags *diag.Diagnostics) {
	policies := map[string]map[string]dataflow.ColumnPolicy{} // by table and column
	for key, table := range m.knownTables(ctx) {
		policies[key] = table.knownPolicies(ctx).Columns
	}
	hides := func(key, column string) bool {
		policy, named := policies[key][column]
		return named && !policy.IsLoad()
	}
	keys := slices.Sorted(maps.Keys(policies))
	for _, key := range keys {
		info, _ := all.table(key)
		for _, column := range info.Schema.Columns {
			if !hides(key, column.Name) {
				continue
			}
			var others []string
			for _, other := range keys {
				has, _ := all.table(other)
				at := has.Schema.Index(column.Name)
				if at >= 0 && has.Schema.Columns[at].Source == column.Source && !hides(other, column.Name) {
					others = append(others, other)
				}
			}
			if len(others) > 0 {
				diags.AddAttributeWarning(path.Root("tables").AtMapKey(key).AtName("columns").AtMapKey(column.Name), "Other tables have the value", fmt.Sprintf(
					"Column %q has policy %q in table %q, and is loaded as it is in %s. Give it a policy there too, if nobody is to see the value.", column.Name, policies[key][column.Name].Policy, key, strings.Join(others, ", ")))
			}
		}
	}
}

// warnOfHeld says which runs hold values that a new policy hides.
func (m dataflowModel) warnOfHeld(ctx context.Context, state dataflowModel, diags *diag.Diagnostics) {
	if state.CurrentRun.IsNull() || !m.PinnedRun.IsNull() {
		return
	}
	before, tables := state.knownTables(ctx), m.knownTables(ctx)
	for _, key := range slices.Sorted(maps.Keys(tables)) {
		table := tables[key]
		was, there := before[key]
		if !there || !table.TableName.Equal(was.TableName) || !m.Database.Equal(state.Database) {
			continue
		}
		hidden := columnpolicy.Stricter(was.knownPolicies(ctx).Columns, table.knownPolicies(ctx).Columns)
		if len(hidden) > 0 {
			diags.AddAttributeWarning(path.Root("tables").AtMapKey(key).AtName("columns"), "Earlier runs hold the values", fmt.Sprintf(
				"%s of table %q: the runs that are kept, up to run %d, hold the values as they were loaded. They go with these runs: retain_runs = %d keeps so many of the newest, and a lower one lets older ones go with the next run.",
				strings.Join(hidden, ", "), key, state.CurrentRun.ValueInt64(), m.RetainRuns.ValueInt64()))
		}
	}
}

// reportColumn adds an error about a column's policy at the column.
func reportColumn(diags *diag.Diagnostics, summary string, err error) bool {
	wrong, ok := errors.AsType[*dataflow.ColumnError](err)
	if ok {
		diags.AddAttributeError(path.Root("tables").AtMapKey(wrong.Table).AtName("columns").AtMapKey(wrong.Column), summary, dataflow.Sentence(err))
	}
	return ok
}
