package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// warnOfCost says of each per-user table that the planned run will read what that costs, as far as the connector's last check tells.
// One with data = false costs the same: what is known of its values comes from a scan too. It asks no AWS.
func (r *dataflowResource) warnOfCost(ctx context.Context, plan dataflowModel, diags *diag.Diagnostics) {
	if !plan.LastRun.IsUnknown() || !plan.PinnedRun.IsNull() || plan.Tables.IsUnknown() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(plan.Tables.Elements())) {
		if _, _, perUser := cognito.PerUserCost(key, 0, 1); !perUser {
			continue
		}
		detail := "Each run asks AWS once for every user of the pool, at 50 requests a second at most. Leave the table out where it is not worth that."
		if connector, ok := r.connectorOf(ctx, plan.ConnectorID); ok {
			users := connector.Check.EstimatedUsers
			calls, takes, _ := cognito.PerUserCost(key, users, connector.MaxRequestsPerSecond)
			detail = fmt.Sprintf("The pool has about %s users, and each run asks AWS once for every one of them: %s calls, which take about %s at max_requests_per_second = %d. "+
				"Leave the table out where it is not worth that.", dataflow.Thousands(users), dataflow.Thousands(calls), roughly(takes), connector.MaxRequestsPerSecond)
		}
		diags.AddAttributeWarning(path.Root("tables").AtMapKey(key), "Table costs a call per user", detail)
	}
}

// connectorOf gives the record of a connector that is there.
func (r *dataflowResource) connectorOf(ctx context.Context, id types.String) (dataflow.Connector, bool) {
	if r.services == nil || r.services.unknown || id.IsUnknown() || id.IsNull() {
		return dataflow.Connector{}, false
	}
	connector, err := r.services.connector(ctx, id.ValueString())
	return connector, err == nil // what is wrong with it, apply says
}
