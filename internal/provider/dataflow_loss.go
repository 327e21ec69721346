package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const lossSummary = "Tables will be dropped"

// warnOfLoss says what is lost by a destroy, or by a replace under another name: the tables with their rows, and the runs that a rollback could go to.
func (r *dataflowResource) warnOfLoss(ctx context.Context, state dataflowModel, diags *diag.Diagnostics) {
	if state.CurrentRun.IsNull() || state.OnDestroy.ValueString() != string(dataflow.OnDestroyDelete) {
		return
	}
	details := state.TableDetails.Elements()
	var tables []string
	for _, key := range slices.Sorted(maps.Keys(details)) {
		table, ok := details[key].(types.Object)
		if !ok {
			continue
		}
		name, _ := table.Attributes()["table_name"].(types.String)
		rows, _ := table.Attributes()["total_records"].(types.Int64)
		tables = append(tables, fmt.Sprintf("%s (%s)", name.ValueString(), dataflow.Count(rows.ValueInt64(), "row")))
	}
	detail := fmt.Sprintf("Of dataflow %q: %s in database %s: %s.", state.Name.ValueString(), dataflow.Count(int64(len(tables)), "table"), state.Database.ValueString(), strings.Join(tables, ", "))
	if e, err := r.services.engine(ctx); err == nil {
		if s, err := e.State(ctx, state.Name.ValueString()); err == nil {
			detail += fmt.Sprintf(" With them goes the data of %s that a rollback could go to.", dataflow.Count(int64(len(s.Standing.Retained)), "run"))
		}
	}
	diags.AddWarning(lossSummary, detail+" The run history stays. To keep the tables, set on_destroy = \"retain\" and apply that first.")
}
