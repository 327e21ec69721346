package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// dataflowArguments is what a person declares: the record holds all of it.
type dataflowArguments struct {
	Name               types.String `tfsdk:"name"`
	DisplayName        types.String `tfsdk:"display_name"`
	Description        types.String `tfsdk:"description"`
	ConnectorID        types.String `tfsdk:"connector_id"`
	Database           types.String `tfsdk:"database"`
	Tables             types.Map    `tfsdk:"tables"`
	RunOnApply         types.Bool   `tfsdk:"run_on_apply"`
	RefreshTriggers    types.Map    `tfsdk:"refresh_triggers"`
	MaxAge             types.String `tfsdk:"max_age"`
	ResumeWithin       types.String `tfsdk:"resume_within"`
	PinnedRun          types.Int64  `tfsdk:"pinned_run"`
	MaxRemovedPercent  types.Int64  `tfsdk:"max_removed_percent"`
	RetainRuns         types.Int64  `tfsdk:"retain_runs"`
	OnDestroy          types.String `tfsdk:"on_destroy"`
	DeletionProtection types.Bool   `tfsdk:"deletion_protection"`
	HashKeyVersion     types.Int64  `tfsdk:"hash_key_wo_version"`
}

// dataflowResults is what the ledger says.
type dataflowResults struct {
	ID            types.String `tfsdk:"id"`
	Type          types.String `tfsdk:"type"`
	Status        types.String `tfsdk:"status"`
	TableCount    types.Int64  `tfsdk:"table_count"`
	CreatedAt     types.String `tfsdk:"created_at"`
	UpdatedAt     types.String `tfsdk:"updated_at"`
	LastRefreshAt types.String `tfsdk:"last_refresh_at"`
	DataAsOf      types.String `tfsdk:"data_as_of"`
	CurrentRun    types.Int64  `tfsdk:"current_run"`
	LastRun       types.Object `tfsdk:"last_run"`
	RunPending    types.Bool   `tfsdk:"run_pending"`
	TableDetails  types.Map    `tfsdk:"table_details"`
}

type dataflowModel struct {
	dataflowArguments
	dataflowResults
	HashKey   types.String   `tfsdk:"hash_key_wo"` // write-only: null everywhere but in the configuration
	RunReason types.String   `tfsdk:"run_reason"`  // in the state alone: what the last plan that ran the dataflow said
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

type tableModel struct {
	Purpose    types.String `tfsdk:"purpose"`
	Data       types.Bool   `tfsdk:"data"`
	Metadata   types.Bool   `tfsdk:"metadata"`
	TableName  types.String `tfsdk:"table_name"`
	Columns    types.Map    `tfsdk:"columns"`
	NewColumns types.String `tfsdk:"new_columns"`
}

var tableType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"purpose": types.StringType, "data": types.BoolType, "metadata": types.BoolType, "table_name": types.StringType,
	"columns": types.MapType{ElemType: columnPolicyType}, "new_columns": types.StringType,
}}

// tableDetailsModel is what a table is, without what one run did to it: a value that every run changes would be a line for each table in every plan.
type tableDetailsModel struct {
	FileName     types.String `tfsdk:"file_name"`
	TableName    types.String `tfsdk:"table_name"`
	Database     types.String `tfsdk:"database"`
	Purpose      types.String `tfsdk:"purpose"`
	UUID         types.String `tfsdk:"uuid"`
	TotalRecords types.Int64  `tfsdk:"total_records"`
}

var tableDetailsType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"file_name": types.StringType, "table_name": types.StringType, "database": types.StringType, "purpose": types.StringType,
	"uuid": types.StringType, "total_records": types.Int64Type,
}}

type runModel struct {
	Run         types.Int64  `tfsdk:"run"`
	Kind        types.String `tfsdk:"kind"`
	Status      types.String `tfsdk:"status"`
	Trigger     types.String `tfsdk:"trigger"`
	StartedAt   types.String `tfsdk:"started_at"`
	EndedAt     types.String `tfsdk:"ended_at"`
	Description types.String `tfsdk:"description"`
}

var runType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"run": types.Int64Type, "kind": types.StringType, "status": types.StringType, "trigger": types.StringType,
	"started_at": types.StringType, "ended_at": types.StringType, "description": types.StringType,
}}

// show gives the model of a dataflow. Its timeouts and its reason to run, which no record has, stay as they are.
func (m *dataflowModel) show(ctx context.Context, s engine.State) diag.Diagnostics {
	arguments, diags := argumentsOf(ctx, s.Record.Definition)
	results, more := resultsOf(ctx, s)
	m.dataflowArguments, m.dataflowResults = arguments, results
	return append(diags, more...)
}

// definition gives what the engine runs. Every argument must be known.
func (a dataflowArguments) definition(ctx context.Context) (dataflow.Definition, diag.Diagnostics) {
	var diags diag.Diagnostics
	d := dataflow.Definition{
		Name: a.Name.ValueString(), DisplayName: a.DisplayName.ValueStringPointer(), Description: a.Description.ValueStringPointer(),
		Connector: a.ConnectorID.ValueString(), Database: a.Database.ValueString(),
		Tables:            map[string]dataflow.TableDefinition{},
		RunOnApply:        a.RunOnApply.ValueBool(),
		MaxAge:            a.MaxAge.ValueStringPointer(),
		ResumeWithin:      a.ResumeWithin.ValueString(),
		PinnedRun:         a.PinnedRun.ValueInt64Pointer(),
		MaxRemovedPercent: a.MaxRemovedPercent.ValueInt64(), RetainRuns: a.RetainRuns.ValueInt64(),
		OnDestroy: dataflow.OnDestroy(a.OnDestroy.ValueString()), DeletionProtection: a.DeletionProtection.ValueBool(),
		HashKeyVersion: a.HashKeyVersion.ValueInt64Pointer(),
	}
	if !a.RefreshTriggers.IsNull() {
		d.RefreshTriggers = map[string]string{}
		diags.Append(a.RefreshTriggers.ElementsAs(ctx, &d.RefreshTriggers, false)...)
	}
	tables := map[string]tableModel{}
	diags.Append(a.Tables.ElementsAs(ctx, &tables, false)...)
	for key, t := range tables {
		columns, more := columnPoliciesOf(ctx, t.Columns)
		diags.Append(more...)
		d.Tables[key] = dataflow.TableDefinition{
			Purpose: dataflow.Purpose(t.Purpose.ValueString()), Data: t.Data.ValueBool(), Metadata: t.Metadata.ValueBool(),
			TableName: t.TableName.ValueString(), Columns: columns, NewColumns: dataflow.NewColumns(t.NewColumns.ValueString()),
		}
	}
	return d, diags
}

// argumentsOf is the inverse of definition.
func argumentsOf(ctx context.Context, d dataflow.Definition) (dataflowArguments, diag.Diagnostics) {
	var diags diag.Diagnostics
	tables := map[string]tableModel{}
	for key, t := range d.Tables {
		columns, more := showColumnPolicies(ctx, t.Columns)
		diags.Append(more...)
		tables[key] = tableModel{
			Purpose: types.StringValue(string(t.Purpose)), Data: types.BoolValue(t.Data), Metadata: types.BoolValue(t.Metadata),
			TableName: types.StringValue(t.TableName), Columns: columns, NewColumns: types.StringNull(),
		}
		if t.NewColumns != "" {
			table := tables[key]
			table.NewColumns = types.StringValue(string(t.NewColumns))
			tables[key] = table
		}
	}
	a := dataflowArguments{
		Name: types.StringValue(d.Name), DisplayName: types.StringPointerValue(d.DisplayName), Description: types.StringPointerValue(d.Description),
		ConnectorID: types.StringValue(d.Connector), Database: types.StringValue(d.Database),
		RunOnApply:        types.BoolValue(d.RunOnApply),
		RefreshTriggers:   types.MapNull(types.StringType),
		MaxAge:            types.StringPointerValue(d.MaxAge),
		ResumeWithin:      types.StringValue(cmp.Or(d.ResumeWithin, dataflow.DefaultResumeWithin)),
		PinnedRun:         types.Int64PointerValue(d.PinnedRun),
		MaxRemovedPercent: types.Int64Value(d.MaxRemovedPercent),
		RetainRuns:        types.Int64Value(d.RetainRuns),
		OnDestroy:         types.StringValue(string(d.OnDestroy)), DeletionProtection: types.BoolValue(d.DeletionProtection),
		HashKeyVersion: types.Int64PointerValue(d.HashKeyVersion),
	}
	var more diag.Diagnostics
	a.Tables, more = types.MapValueFrom(ctx, tableType, tables)
	diags.Append(more...)
	if d.RefreshTriggers != nil {
		a.RefreshTriggers, more = types.MapValueFrom(ctx, types.StringType, d.RefreshTriggers)
		diags.Append(more...)
	}
	return a, diags
}

// resultsOf gives a dataflow's computed attributes.
func resultsOf(ctx context.Context, s engine.State) (dataflowResults, diag.Diagnostics) {
	var diags diag.Diagnostics
	r := dataflowResults{
		ID:            types.StringValue(s.Record.Definition.Name),
		Type:          types.StringValue(s.Record.Type),
		Status:        types.StringValue(string(s.Status())),
		TableCount:    types.Int64Value(int64(len(s.Standing.Tables))),
		CreatedAt:     timeValue(&s.Record.CreatedAt),
		UpdatedAt:     timeValue(&s.Record.UpdatedAt),
		LastRefreshAt: timeValue(s.Standing.LastRefreshAt),
		DataAsOf:      timeValue(cmp.Or(s.Standing.DataAsOf, s.Standing.LastRefreshAt)),
		CurrentRun:    types.Int64PointerValue(s.Standing.CurrentRun),
		LastRun:       types.ObjectNull(runType.AttrTypes),
		RunPending:    types.BoolValue(s.Pending()),
	}
	var more diag.Diagnostics
	if s.LastRun != nil {
		r.LastRun, more = types.ObjectValueFrom(ctx, runType.AttrTypes, runOf(*s.LastRun))
		diags.Append(more...)
	}
	r.TableDetails, more = detailsOf(ctx, s.Standing.Tables)
	diags.Append(more...)
	return r, diags
}

// settle gives the results of an apply: what the plan left open as it is now, and what the plan knew as it was planned.
// Where no run was planned, somebody else may have run the dataflow or dropped a table since. Terraform takes a result
// that was planned otherwise for a fault of the provider; the next refresh shows it.
// completed says whether the planned run, if there was one, has completed; if it has not, the state shows what is there.
func (r dataflowResults) settle(now dataflowResults, completed bool) dataflowResults {
	if r.LastRun.IsUnknown() && !completed {
		return now
	}
	if r.LastRun.IsUnknown() {
		now.TableDetails = asPlanned(r.TableDetails, now.TableDetails)
		if !r.TableCount.IsUnknown() {
			now.TableCount = r.TableCount
		}
		if !r.Status.IsUnknown() {
			now.Status = r.Status
		}
		if !r.RunPending.IsUnknown() {
			now.RunPending = r.RunPending
		}
		return now
	}
	if r.CreatedAt.IsUnknown() {
		r.CreatedAt = now.CreatedAt
	}
	if r.UpdatedAt.IsUnknown() {
		r.UpdatedAt = now.UpdatedAt
	}
	if r.RunPending.IsUnknown() {
		r.RunPending = now.RunPending
	}
	return r
}

func runOf(r dataflow.Run) runModel {
	return runModel{
		Run: types.Int64Value(r.Run), Kind: types.StringValue(string(r.Kind)), Status: types.StringValue(string(r.Status)),
		Trigger: types.StringValue(string(r.Trigger)), StartedAt: timeValue(&r.StartedAt), EndedAt: timeValue(r.EndedAt),
		Description: types.StringValue(r.Description),
	}
}

func detailsOf(ctx context.Context, tables []dataflow.TableResult) (types.Map, diag.Diagnostics) {
	details := map[string]tableDetailsModel{}
	for _, t := range tables {
		details[t.Key] = tableDetailsModel{
			FileName: types.StringValue(t.FileName), TableName: types.StringValue(t.Name), Database: types.StringValue(t.Database),
			Purpose: types.StringValue(string(t.Definition.Purpose)), UUID: types.StringValue(t.UUID), TotalRecords: types.Int64Value(t.Records()),
		}
	}
	return types.MapValueFrom(ctx, tableDetailsType, details)
}

func timeValue(t *time.Time) types.String {
	if t == nil {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339Nano))
}
