package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// tableNameDefault makes a table's name the key it has in `tables`, which it reads from its own path.
type tableNameDefault struct{}

var _ defaults.String = tableNameDefault{}

func (tableNameDefault) Description(context.Context) string         { return "the table's key" }
func (tableNameDefault) MarkdownDescription(context.Context) string { return "the table's key" }

func (tableNameDefault) DefaultString(_ context.Context, req defaults.StringRequest, resp *defaults.StringResponse) {
	if key, _ := req.Path.ParentPath().Steps().LastStep(); key != nil {
		resp.PlanValue = types.StringValue(tableKey(key))
	}
}

// tableKey reads the key out of a step of a path.
func tableKey(step path.PathStep) string {
	key, _ := step.(path.PathStepElementKeyString)
	return string(key)
}

// databaseDefault makes a dataflow's database its name in lower case.
type databaseDefault struct{}

var _ planmodifier.String = databaseDefault{}

func (databaseDefault) Description(context.Context) string         { return "the name in lower case" }
func (databaseDefault) MarkdownDescription(context.Context) string { return "the name in lower case" }

func (databaseDefault) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var name types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	if name.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
		return
	}
	resp.PlanValue = types.StringValue(dataflow.DefaultDatabase(name.ValueString()))
}

// dataDefault loads a table's rows unless its purpose needs none. It reads the purpose from the configuration,
// since the plan's may not have its own default yet.
type dataDefault struct{}

var _ planmodifier.Bool = dataDefault{}

func (dataDefault) Description(context.Context) string { return "whether the purpose needs rows" }
func (dataDefault) MarkdownDescription(context.Context) string {
	return "whether the purpose needs rows"
}

func (dataDefault) PlanModifyBool(ctx context.Context, req planmodifier.BoolRequest, resp *planmodifier.BoolResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var purpose types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, req.Path.ParentPath().AtName("purpose"), &purpose)...)
	if purpose.IsUnknown() {
		resp.PlanValue = types.BoolUnknown()
		return
	}
	resp.PlanValue = types.BoolValue(dataflow.Purpose(purpose.ValueString()).LoadsData())
}
