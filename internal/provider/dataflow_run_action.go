package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var (
	_ action.ActionWithConfigure  = (*dataflowRunAction)(nil)
	_ action.ActionWithModifyPlan = (*dataflowRunAction)(nil)
)

type dataflowRunAction struct{ actionObject }

func newDataflowRunAction() action.Action { return &dataflowRunAction{} }

func (*dataflowRunAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflow_run"
}

func (*dataflowRunAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Runs a dataflow: imports its tables anew, as its definition was last recorded, and shows how far it is. " +
			"Refused while the dataflow has a `pinned_run`. The run has the trigger `action`, and the next refresh of the dataflow shows it.",
		Attributes: dataflowActionAttributes(),
	}
}

// ModifyPlan refuses a run that could not begin.
func (a *dataflowRunAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var model dataflowActionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !resp.Diagnostics.HasError() {
		a.checkOrdered(ctx, model.DataflowID, &resp.Diagnostics)
	}
}

// Invoke runs the dataflow. A run that fails, or that is cancelled, fails the action.
func (a *dataflowRunAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model dataflowActionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	a.drive(ctx, model, resp, failed(dataflow.TriggerAction), runBlame, func(ctx context.Context, e *engine.Engine, order engine.Order) (dataflow.Run, error) {
		return a.services.importAsRecorded(ctx, e, order)
	})
}
