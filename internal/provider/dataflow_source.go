package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// What a connector leads to is not in a dataflow's arguments: connector_id stays when its connector is given another pool. So what the tables
// were read from is held against what the connector leads to now.

// withSource makes a run pending when the connector leads to something else than what the tables were read from.
func (s *services) withSource(ctx context.Context, state engine.State) engine.State {
	if s.leadsElsewhere(ctx, types.StringValue(state.Record.Definition.Connector), state.Standing.Source()) {
		state.Standing.Digest = "" // the tables are not what the definition asks for
	}
	return state
}

// leadsElsewhere says whether a connector leads to something else than source, as far as it is known.
func (s *services) leadsElsewhere(ctx context.Context, connectorID types.String, source string) bool {
	if source == "" || connectorID.IsUnknown() {
		return false
	}
	connector, err := s.connector(ctx, connectorID.ValueString())
	return err == nil && // else whoever runs the dataflow is told
		cognitoConfig(connector, "", "").Source() != source
}

// isElsewhere is leadsElsewhere for a dataflow that was read before. Terraform plans again during apply, when the connector may have been given
// the pool that made connector_id unknown in the plan: then it is as known as before, and only the ledger tells that it leads elsewhere.
func (r *dataflowResource) isElsewhere(ctx context.Context, plan dataflowModel, private privateReader, diags *diag.Diagnostics) bool {
	if r.services == nil || r.services.unknown {
		return false
	}
	source, more := privateText(ctx, private, privateSource)
	diags.Append(more...)
	return r.services.leadsElsewhere(ctx, plan.ConnectorID, source)
}
