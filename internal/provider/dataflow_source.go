package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// isElsewhere says whether a connector leads to something else than what the tables of a dataflow were read from, as it was read before. Terraform plans again during apply, when the connector may have been given
// the pool that made connector_id unknown in the plan: then it is as known as before, and only the ledger tells that it leads elsewhere.
func (r *dataflowResource) isElsewhere(ctx context.Context, plan dataflowModel, private privateReader, diags *diag.Diagnostics) bool {
	if r.services == nil || r.services.unknown {
		return false
	}
	source, more := privateText(ctx, private, privateSource)
	diags.Append(more...)
	e, err := r.services.engine(ctx)
	return err == nil && !plan.ConnectorID.IsUnknown() && e.LeadsElsewhere(ctx, plan.ConnectorID.ValueString(), source)
}
