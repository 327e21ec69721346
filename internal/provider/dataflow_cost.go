package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// warnOfCost warns of each expensive table that the planned run will read, and says how expensive, as far as the connector's last check tells. It
// asks no source.
func (r *dataflowResource) warnOfCost(ctx context.Context, plan dataflowModel, diags *diag.Diagnostics) {
	if !plan.LastRun.IsUnknown() || !plan.PinnedRun.IsNull() || plan.Tables.IsUnknown() {
		return
	}
	var known *dataflow.Connector
	if connector, ok := r.connectorOf(ctx, plan.ConnectorID); ok {
		known = &connector
	}
	for _, key := range slices.Sorted(maps.Keys(plan.Tables.Elements())) {
		if warning := r.types.cost(key, known); warning != nil {
			diags.AddAttributeWarning(path.Root("tables").AtMapKey(key), warning.Summary, warning.Detail)
		}
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
