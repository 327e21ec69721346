package provider

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var (
	_ resource.ResourceWithConfigure    = (*dataflowRunResource)(nil)
	_ resource.ResourceWithImportState  = (*dataflowRunResource)(nil)
	_ resource.ResourceWithModifyPlan   = (*dataflowRunResource)(nil)
	_ resource.ResourceWithUpgradeState = (*dataflowRunResource)(nil)
)

// dataflowRunResource is a run that somebody wanted. It is in the state because it is in the history, where it stays.
type dataflowRunResource struct{ resourceObject }

func newDataflowRunResource() resource.Resource { return &dataflowRunResource{} }

type dataflowRunModel struct {
	ID         types.String   `tfsdk:"id"`
	DataflowID types.String   `tfsdk:"dataflow_id"`
	Triggers   types.Map      `tfsdk:"triggers"`
	Timeouts   timeouts.Value `tfsdk:"timeouts"`
	runModel
	runUsage
	Tables types.Map `tfsdk:"tables"`
}

var runCountsType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"database": types.StringType, "table_name": types.StringType, "change": types.StringType, "read": types.Int64Type, "added": types.Int64Type,
	"changed": types.Int64Type, "removed": types.Int64Type, "unchanged": types.Int64Type, "kept_as_text": types.Int64Type,
}}

func (*dataflowRunResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflow_run"
}

// UpgradeState brings a state that an older schema wrote to today's.
func (*dataflowRunResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return upgraders(dataflowRunChanges)
}

func (*dataflowRunResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: int64(len(dataflowRunChanges)),
		MarkdownDescription: "A run of a dataflow: creating it imports the dataflow's tables anew, as its definition was last recorded. " +
			"Destroying it only forgets it: the run stays in the history, and its data in the tables. Refused while the dataflow has a `pinned_run`. " +
			"When the run fails, the apply fails and leaves nothing in the state, so the next apply runs the dataflow again.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The dataflow's `id` and the run's number: `Customers/13`.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"dataflow_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The dataflow's `id`. Changing it runs the other dataflow.",
				Validators:    []validator.String{referenceValidator()},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"triggers": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Any values but null; a change of one of them runs the dataflow again. They are in the run's record: no place for a secret. Default: none, and the dataflow runs once.",
				Validators:          []validator.Map{mapvalidator.NoNullValues()},
				PlanModifiers:       []planmodifier.Map{mapplanmodifier.RequiresReplace()},
			},
			"timeouts": timeoutsAttribute(ctx, timeouts.Opts{
				Create:            true,
				CreateDescription: "How long the run may take, with waiting for somebody else's. A duration such as `2h`; default `24h`.",
			}),
		},
	}
	maps.Copy(resp.Schema.Attributes, runAttributes())
}

// runAttributes gives what is known of a run. It never changes once the run is finished.
func runAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
	}
	number := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description, PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}}
	}
	seconds := func(description string) schema.Float64Attribute {
		return schema.Float64Attribute{Computed: true, MarkdownDescription: description, PlanModifiers: []planmodifier.Float64{float64planmodifier.UseStateForUnknown()}}
	}
	count := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"run":              number("Its number."),
		"kind":             text("`import`, `rollback` or `removal`."),
		"status":           text("`Processing`, `Completed` or `Failed`."),
		"trigger":          text("Why it ran: `create`, `definition`, `refresh_triggers`, `failed`, `max_age`, `pin`, `resource` (a `skypoint_dataflow_run`), `action` or `destroy`."),
		"started_at":       text("When it started (RFC 3339, UTC)."),
		"ended_at":         text("When it ended (RFC 3339, UTC); null while it runs."),
		"description":      text("What it did, or the error with its cause and what to do."),
		"duration_seconds": seconds("How long it took, in seconds; null while it runs."),
		"calls":            number("Requests sent to AWS."),
		"throttles":        number("Answers of AWS that asked to slow down."),
		"waited_seconds":   seconds("Time spent waiting for the request limit, in seconds, over all requests."),
		"tables": schema.MapNestedAttribute{
			Computed: true, MarkdownDescription: "What it did to each table, by the table's key. A table that it took out while another one has the key is under its `database.table_name`. Empty for a run that failed.",
			PlanModifiers: []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"database":     schema.StringAttribute{Computed: true, MarkdownDescription: "The database that the table is in."},
				"table_name":   schema.StringAttribute{Computed: true, MarkdownDescription: "What the table is called in the database."},
				"change":       schema.StringAttribute{Computed: true, MarkdownDescription: "`publish`, `keep` (nothing changed), `hide` or `drop`."},
				"read":         count("Rows that the source gave."),
				"added":        count("Rows added."),
				"changed":      count("Rows changed."),
				"removed":      count("Rows removed."),
				"unchanged":    count("Rows left as they were."),
				"kept_as_text": count("Values that their column's type could not hold."),
			}},
		},
	}
}

// ModifyPlan refuses a new run that could not begin.
func (r *dataflowRunResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state dataflowRunModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if !plan.DataflowID.Equal(state.DataflowID) || !plan.Triggers.Equal(state.Triggers) {
		r.checkOrdered(ctx, plan.DataflowID, &resp.Diagnostics)
	}
}

// Create runs the dataflow. What comes of a run that fails is in the history; the state has nothing of it.
func (r *dataflowRunResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan dataflowRunModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := plan.Timeouts.Create(ctx, dataflow.DefaultTimeout)
	resp.Diagnostics.Append(diags...)
	name := plan.DataflowID.ValueString()
	order := engine.Order{Definition: dataflow.Definition{Name: name}, Trigger: dataflow.TriggerResource}
	resp.Diagnostics.Append(plan.Triggers.ElementsAs(ctx, &order.Triggers, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if _, ok := r.state(ctx, name, &resp.Diagnostics); !ok {
		return
	}
	e, ok := r.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	ctx, cancel := dataflow.WithTimeout(ctx, "timeouts.create", timeout)
	defer cancel()
	run, err := r.services.importAsRecorded(ctx, e, order)
	if err != nil {
		report(&resp.Diagnostics, failed(order.Trigger), err, runBlame)
		return
	}
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, run.UID)...)
	resp.Diagnostics.Append(r.services.markWorkspace(ctx, resp.Private)...)
	resp.Diagnostics.Append(plan.show(ctx, run)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// show takes in what the history says of the run.
func (m *dataflowRunModel) show(ctx context.Context, run dataflow.Run) diag.Diagnostics {
	entry := historyEntry(run)
	m.ID = types.StringValue(fmt.Sprintf("%s/%d", run.Dataflow, run.Run))
	m.DataflowID = types.StringValue(run.Dataflow)
	m.runModel, m.runUsage = entry.runModel, entry.runUsage
	var diags, more diag.Diagnostics
	m.Tables, diags = types.MapValueFrom(ctx, runCountsType, entry.Tables)
	m.Triggers, more = types.MapValueFrom(ctx, types.StringType, run.Triggers)
	return append(diags, more...)
}

// Read shows the run's record, also when the dataflow was destroyed or made anew since: the history stays.
// Another uid is another run: the records were deleted behind everybody's back, and the number was given again.
func (r *dataflowRunResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model dataflowRunModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	uid, diags := privateText(ctx, req.Private, privateUID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.services.unknown {
		resp.Diagnostics.AddWarning("Run was not refreshed", "The provider's configuration is not known yet, so the state is shown as it was.")
		return
	}
	object := fmt.Sprintf("Run %d of dataflow %q", model.Run.ValueInt64(), model.DataflowID.ValueString())
	if !r.services.checkWorkspace(ctx, req.Private, object, &resp.Diagnostics) {
		return
	}
	e, ok := r.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	run, err := e.Run(ctx, model.DataflowID.ValueString(), model.Run.ValueInt64())
	switch {
	case dataflow.IsCode(err, dataflow.CodeNotFound), err == nil && uid != "" && uid != run.UID:
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		report(&resp.Diagnostics, "Run can't be read", err, blame{dataflow.CodeInvalid: path.Root("dataflow_id")})
		return
	case uid == "" && (run.Kind != dataflow.KindImport || run.Status != dataflow.StatusCompleted):
		resp.Diagnostics.AddError("Run can't be imported", fmt.Sprintf("Run %d of dataflow %q is no completed import: %s, %s. Only what this resource could have made can be imported.",
			run.Run, run.Dataflow, run.Kind, run.Status))
		return
	}
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, run.UID)...)
	resp.Diagnostics.Append(r.services.markWorkspace(ctx, resp.Private)...)
	resp.Diagnostics.Append(model.show(ctx, run)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// Update takes a new timeout. Everything else that changes is another run.
func (*dataflowRunResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan dataflowRunModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Delete forgets the run. It stays in the history.
func (*dataflowRunResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

// ImportState takes the dataflow's name and the run's number: Customers/13.
func (*dataflowRunResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name, run, err := parseRunID(req.ID)
	if err != nil {
		report(&resp.Diagnostics, "Invalid import id", err, nil)
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("dataflow_id"), name)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("run"), run)...)
}

// parseRunID reads the id of a run.
func parseRunID(id string) (name string, run int64, err error) {
	name, text, _ := strings.Cut(id, "/")
	if err := dataflow.CheckName(name); err != nil {
		return "", 0, err
	}
	if run, err = strconv.ParseInt(text, 10, 64); err != nil || run < 1 || strconv.FormatInt(run, 10) != text {
		return "", 0, &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("%q", id), Cause: fmt.Errorf("it is not the id of a run"),
			Hint: "Write the dataflow's id and the run's number, such as \"Customers/13\".",
		}
	}
	return name, run, nil
}
