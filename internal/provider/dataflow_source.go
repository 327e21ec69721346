package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// isElsewhere says whether a connector leads to another place than the one that the dataflow's tables were read from when the state was last refreshed.
//
// A plan of the connector that changes its pool makes connector_id unknown. But Terraform plans the dataflow again during apply, when the connector has
// its new pool and connector_id is known and the same as before: then only the ledger tells that it leads elsewhere.
func (r *dataflowResource) isElsewhere(ctx context.Context, plan dataflowModel, private privateReader, diags *diag.Diagnostics) bool {
	if r.services == nil || r.services.unknown {
		return false
	}
	source, more := privateText(ctx, private, privateSource)
	diags.Append(more...)
	e, err := r.services.engine(ctx)
	return err == nil && !plan.ConnectorID.IsUnknown() && e.LeadsElsewhere(ctx, plan.ConnectorID.ValueString(), source)
}
