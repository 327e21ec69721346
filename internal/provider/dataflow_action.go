package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// dataflowActionModel is what every action on a dataflow takes.
type dataflowActionModel struct {
	DataflowID types.String `tfsdk:"dataflow_id"`
	Timeout    types.String `tfsdk:"timeout"`
}

func dataflowActionAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"dataflow_id": schema.StringAttribute{
			Required: true, MarkdownDescription: "The dataflow's `id`.",
			Validators: []validator.String{referenceValidator()},
		},
		"timeout": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How long the action may take, with waiting for somebody else's run: a duration such as `2h`, at least `1s`. " +
				"A run that takes longer fails and publishes nothing. Default: `24h`.",
			Validators: []validator.String{duration(time.Second)},
		},
	}
}

// drive runs the dataflow and shows how it goes.
func (o *configured) drive(
	ctx context.Context, model dataflowActionModel, resp *action.InvokeResponse, failed string, attributes blame,
	run func(ctx context.Context, e *engine.Engine, order engine.Order) (dataflow.Run, error),
) {
	if !o.ready(&resp.Diagnostics) {
		return
	}
	name := model.DataflowID.ValueString()
	if _, ok := o.state(ctx, name, &resp.Diagnostics); !ok {
		return
	}
	e, ok := o.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	timeout := dataflow.DefaultTimeout
	if !model.Timeout.IsNull() {
		given, err := time.ParseDuration(model.Timeout.ValueString())
		if err != nil {
			panic(err) // it was validated
		}
		timeout = given
	}
	ctx, cancel := dataflow.WithTimeout(ctx, "timeout", timeout)
	defer cancel()
	lines := newProgress(func(line string) { resp.SendProgress(action.InvokeProgressEvent{Message: line}) })
	done, err := run(watchedBy(ctx, lines), e, engine.Order{Definition: dataflow.Definition{Name: name}, Trigger: dataflow.TriggerAction})
	if err == nil {
		lines.add("", fmt.Sprintf("run %d has completed: %s", done.Run, done.Description))
	}
	lines.close(lastLines)
	if err != nil {
		report(&resp.Diagnostics, failed, err, attributes)
	}
}

// runBlame says which argument an error is about, in a resource or an action that runs a dataflow which is declared elsewhere.
var runBlame = blame{dataflow.CodePinned: path.Root("dataflow_id")}
