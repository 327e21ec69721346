package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var _ action.ActionWithConfigure = (*dataflowRollbackAction)(nil)

type dataflowRollbackAction struct{ actionObject }

func newDataflowRollbackAction() action.Action { return &dataflowRollbackAction{} }

type dataflowRollbackModel struct {
	dataflowActionModel
	ToRun types.Int64 `tfsdk:"to_run"`
}

func (*dataflowRollbackAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflow_rollback"
}

func (*dataflowRollbackAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Takes the tables of a dataflow back to an earlier import, or forward to a later one, rows and columns both. It writes no data file, contacts no AWS, " +
			"and is a run itself, of kind `rollback` with the trigger `action`: another rollback undoes it. " +
			"Nothing holds the tables there: the next import moves them on. To hold them, give the dataflow a `pinned_run`; while it has one, this is refused.",
		Attributes: map[string]schema.Attribute{
			"to_run": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "The number of the completed import to go to, at least 1. A run whose data is not kept is an error that lists the ones that are. " +
					"Default: the import before the dataflow's `current_run`.",
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
		},
	}
	maps.Copy(resp.Schema.Attributes, dataflowActionAttributes())
}

// Invoke rolls the tables back.
func (a *dataflowRollbackAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model dataflowRollbackModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	attributes := maps.Clone(runBlame)
	attributes[dataflow.CodeNotFound] = path.Root("to_run")
	a.drive(ctx, model.dataflowActionModel, resp, failed(dataflow.TriggerPin), attributes, func(ctx context.Context, e *engine.Engine, order engine.Order) (dataflow.Run, error) {
		order.Target = model.ToRun.ValueInt64Pointer()
		return e.Rollback(ctx, order)
	})
}
