package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// table_details while a run is planned. Its keys are known, so that for_each over it can be planned; so is of each table what follows from the
// configuration or from the table itself, so that what hangs on a table's name is not replaced by every import.

// pendingDetails gives the details as far as an import of m leaves no doubt. Where it is not known whether there will be a run, the keys aren't
// known either: without one they are those of the tables that are published.
func (m dataflowModel) pendingDetails(all connectorTypes, state dataflowModel) types.Map {
	if m.Tables.IsUnknown() || m.RunOnApply.IsUnknown() {
		return types.MapUnknown(tableDetailsType)
	}
	before := state.TableDetails.Elements()
	details := map[string]attr.Value{}
	for key, table := range m.Tables.Elements() {
		inner := unknownDetails()
		inner["database"] = m.Database
		if name := all.fileName(key); name != "" {
			inner["file_name"] = types.StringValue(name)
		}
		if arguments, ok := table.(types.Object); ok && !arguments.IsUnknown() {
			inner["table_name"], inner["purpose"] = arguments.Attributes()["table_name"], arguments.Attributes()["purpose"]
		}
		// A table of the same name in the same database is the same one. Without it in the state it was lost, and will be another one.
		if was, ok := before[key].(types.Object); ok && was.Attributes()["database"].Equal(inner["database"]) && was.Attributes()["table_name"].Equal(inner["table_name"]) {
			inner["uuid"] = was.Attributes()["uuid"]
		}
		details[key] = types.ObjectValueMust(tableDetailsType.AttrTypes, inner)
	}
	return types.MapValueMust(tableDetailsType, details)
}

// detailsAt gives the details as the run left them that the plan takes the tables to: the pinned one, or the newest import when the pin is removed and
// nothing is to be imported. The record of a finished run never changes, and while a dataflow is pinned nobody imports, so a plan may say what it says.
func (r *dataflowResource) detailsAt(ctx context.Context, plan dataflowModel) types.Map {
	unknown := types.MapUnknown(tableDetailsType)
	if r.services == nil || r.services.unknown || plan.Name.IsUnknown() || plan.PinnedRun.IsUnknown() {
		return unknown
	}
	e, err := r.services.engine(ctx)
	if err != nil {
		return unknown // what is wrong with it, the check of the pin says
	}
	var run dataflow.Run
	if plan.PinnedRun.IsNull() {
		run, err = e.Newest(ctx, plan.Name.ValueString())
	} else {
		run, err = e.Run(ctx, plan.Name.ValueString(), plan.PinnedRun.ValueInt64())
	}
	if err != nil || run.EndedAt == nil {
		return unknown
	}
	details, diags := detailsOf(ctx, run.Standing.Tables)
	if diags.HasError() {
		return unknown
	}
	return details
}

func unknownDetails() map[string]attr.Value {
	inner := map[string]attr.Value{}
	for name, kind := range tableDetailsType.AttrTypes {
		inner[name] = types.StringUnknown()
		if kind == types.Int64Type {
			inner[name] = types.Int64Unknown()
		}
	}
	return inner
}

// asPlanned gives the details after a run, with what the plan knew as it was planned: somebody may have dropped a table between plan and apply,
// and Terraform takes a result that was planned otherwise for a fault of the provider. The next refresh shows it.
func asPlanned(planned, now types.Map) types.Map {
	if planned.IsUnknown() || planned.IsNull() {
		return now
	}
	after := now.Elements()
	details := map[string]attr.Value{}
	for key, table := range planned.Elements() {
		known, ok := table.(types.Object)
		if !ok {
			return now
		}
		inner := map[string]attr.Value{}
		is, published := after[key].(types.Object)
		for name, value := range known.Attributes() {
			switch {
			case !value.IsUnknown():
				inner[name] = value
			case published:
				inner[name] = is.Attributes()[name]
			case tableDetailsType.AttrTypes[name] == types.Int64Type:
				inner[name] = types.Int64Null()
			default:
				inner[name] = types.StringNull()
			}
		}
		details[key] = types.ObjectValueMust(tableDetailsType.AttrTypes, inner)
	}
	return types.MapValueMust(tableDetailsType, details)
}
