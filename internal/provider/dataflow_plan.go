package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// ModifyPlan decides whether the apply will run the dataflow, and shows it: a run is planned exactly when last_run is unknown.
//
// What it decides follows from configuration, prior state and private state alone, never from the clock or the ledger:
// Terraform plans again during apply, and a saved plan must mean then what it meant. The ledger is read for errors, and for what can't change
// between the two: the record of the run that a pin goes to, and the connector's pool, which a plan of the connector makes unknown (isElsewhere).
func (r *dataflowResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state dataflowModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !req.State.Raw.IsNull() && state.protected() && (req.Plan.Raw.IsNull() || !plan.Name.Equal(state.Name)) {
		resp.Diagnostics.AddAttributeError(path.Root("deletion_protection"), "Dataflow is protected",
			fmt.Sprintf("Dataflow %q has deletion_protection = true, and this plan would drop its tables. Set it to false and apply that first.", state.Name.ValueString()))
	}
	if r.services != nil && !r.services.unknown && !req.State.Raw.IsNull() { // a plan without a refresh has not looked yet
		r.services.checkWorkspace(ctx, req.Private, dataflowObject(state.Name.ValueString()), &resp.Diagnostics)
	}
	if r.services != nil && !r.services.unknown && !req.State.Raw.IsNull() && !plan.Name.Equal(state.Name) && !resp.Diagnostics.HasError() {
		r.services.planned.releaseDatabase(state.Database.ValueString())
		r.warnOfLoss(ctx, state, &resp.Diagnostics)
	}
	if req.Plan.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	if r.services != nil {
		if err := r.services.claimName(ctx, kindDataflow, plan.Name, state.Name, req.Config.Raw); err != nil {
			report(&resp.Diagnostics, "Name is taken", err, blame{dataflow.CodeInvalid: path.Root("name")})
			return
		}
	}
	plan.checkMadeTables(ctx, state, &resp.Diagnostics)
	plan.checkHashKey(ctx, state, req.Config, &resp.Diagnostics)
	var config types.Map
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("tables"), &config)...)
	plan.forgetDefaults(config)
	r.checkPin(ctx, plan, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	why, elsewhere := dataflow.TriggerCreate, false
	if req.State.Raw.IsNull() {
		r.planCreate(ctx, &plan)
		if !plan.PinnedRun.IsNull() {
			why = dataflow.TriggerPin
		}
	} else {
		readAt, diags := privateTime(ctx, req.Private, privateReadAt)
		resp.Diagnostics.Append(diags...)
		elsewhere = r.isElsewhere(ctx, plan, req.Private, &resp.Diagnostics)
		why = trigger(plan, state, elsewhere, readAt)
		r.planUpdate(&plan, state, why, elsewhere)
		if state.removing() && plan.PinnedRun.IsNull() { // the removal is brought to its end first, and then this is a new dataflow
			plan.LastRun = types.ObjectUnknown(runType.AttrTypes) // Terraform replaces for an argument that changes
			resp.RequiresReplace = path.Paths{path.Root("last_run")}
		}
	}
	plan.planReason(ctx, why, state, elsewhere)
	forward := why == dataflow.TriggerPin && plan.PinnedRun.IsNull() && plan.RunOnApply.Equal(types.BoolValue(false)) // to the newest import, whatever the configuration is now
	if plan.LastRun.IsUnknown() && (forward || !plan.PinnedRun.IsNull()) {
		plan.TableDetails = r.detailsAt(ctx, plan)
	}
	if plan.LastRun.IsUnknown() && !plan.TableDetails.IsUnknown() {
		plan.TableCount = types.Int64Value(int64(len(plan.TableDetails.Elements())))
	}
	if plan.LastRun.IsUnknown() && why != dataflow.TriggerPin && plan.decided(ctx) { // an apply that succeeds has imported
		plan.Status, plan.RunPending = types.StringValue(string(dataflow.StatusCompleted)), types.BoolValue(false)
	}
	r.checkAtPlan(ctx, plan, state, &resp.Diagnostics)
	if r.services != nil && !plan.Name.IsUnknown() {
		r.services.planned.setPin(plan.Name.ValueString(), !plan.PinnedRun.IsNull())
	}
	r.warnOfCost(ctx, plan, &resp.Diagnostics)
	plan.warnOfCopies(ctx, r.types, &resp.Diagnostics)
	plan.warnOfHeld(ctx, state, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// forgetDefaults makes a table unknown again that the configuration does not know yet: the framework has given it the
// defaults of one whose arguments are left out, and a plan may not say more than the configuration.
func (m *dataflowModel) forgetDefaults(config types.Map) {
	if m.Tables.IsUnknown() || config.IsUnknown() {
		return
	}
	tables := m.Tables.Elements()
	for key, table := range config.Elements() {
		if table.IsUnknown() {
			tables[key] = types.ObjectUnknown(tableType.AttrTypes)
		}
	}
	m.Tables = types.MapValueMust(tableType, tables)
}

// protected says whether deletion_protection holds: never for a dataflow that published nothing.
func (m dataflowModel) protected() bool {
	return m.DeletionProtection.ValueBool() && !m.CurrentRun.IsNull()
}

// planCreate plans a dataflow that is not there yet. Computed attributes arrive unknown.
func (r *dataflowResource) planCreate(ctx context.Context, plan *dataflowModel) {
	plan.ID = plan.Name
	plan.Type = types.StringUnknown() // the connector's
	if connector, ok := r.connectorOf(ctx, plan.ConnectorID); ok {
		plan.Type = types.StringValue(connector.Type)
	} else if only := r.types.only(); only != "" {
		plan.Type = types.StringValue(only)
	}
	if !plan.PinnedRun.IsNull() {
		plan.CurrentRun = plan.PinnedRun
		return
	}
	if plan.RunOnApply.IsUnknown() || plan.RunOnApply.ValueBool() {
		plan.TableDetails = plan.pendingDetails(r.types, dataflowModel{})
		return
	}
	plan.Status = types.StringValue(string(dataflow.StatusNew))
	plan.TableCount = types.Int64Value(0)
	plan.LastRefreshAt, plan.DataAsOf = types.StringNull(), types.StringNull()
	plan.CurrentRun = types.Int64Null()
	plan.LastRun = types.ObjectNull(runType.AttrTypes)
	plan.RunPending = types.BoolValue(true)
	plan.TableDetails = types.MapValueMust(tableDetailsType, map[string]attr.Value{})
}

// planUpdate plans a dataflow that is there. Computed attributes arrive as the state has them.
func (r *dataflowResource) planUpdate(plan *dataflowModel, state dataflowModel, why dataflow.Trigger, elsewhere bool) {
	if why != "" {
		plan.Status = types.StringUnknown()
		plan.TableCount = types.Int64Unknown()
		plan.UpdatedAt = types.StringUnknown()
		plan.LastRun = types.ObjectUnknown(runType.AttrTypes)
		plan.RunPending = types.BoolUnknown()
		if !plan.PinnedRun.IsNull() {
			plan.CurrentRun = plan.PinnedRun
		} else {
			plan.CurrentRun = types.Int64Unknown()
			plan.LastRefreshAt, plan.DataAsOf = types.StringUnknown(), types.StringUnknown()
		}
		plan.TableDetails = plan.pendingDetails(r.types, state)
		return
	}
	if !plan.sameRecord(state) {
		plan.UpdatedAt = types.StringUnknown()
	}
	if (elsewhere && !state.RunPending.ValueBool()) || !plan.sameImport(state) || !plan.RefreshTriggers.Equal(state.RefreshTriggers) || !plan.PinnedRun.Equal(state.PinnedRun) {
		plan.RunPending = types.BoolUnknown()
	}
}

// trigger says why an apply of plan runs the dataflow; empty: it does not. elsewhere: the connector leads to something else than what the tables
// were read from.
func trigger(plan, state dataflowModel, elsewhere bool, readAt time.Time) dataflow.Trigger {
	unpinned := plan.PinnedRun.IsNull() && !state.PinnedRun.IsNull()
	switch {
	case !plan.PinnedRun.IsNull() && plan.PinnedRun.Equal(state.CurrentRun) && !state.interrupted():
		return ""
	case !plan.PinnedRun.IsNull():
		return dataflow.TriggerPin
	case plan.RunOnApply.Equal(types.BoolValue(false)) && unpinned:
		return dataflow.TriggerPin
	case plan.RunOnApply.Equal(types.BoolValue(false)):
		return ""
	case !plan.sameImport(state), elsewhere && !unpinned:
		return dataflow.TriggerDefinition
	case !plan.RefreshTriggers.Equal(state.RefreshTriggers):
		return dataflow.TriggerRefreshTriggers
	case unpinned && state.interrupted() && state.lastKind() == dataflow.KindRollback: // the way forward itself, most likely: it goes on
		return dataflow.TriggerPin
	case state.Status.ValueString() == string(dataflow.StatusFailed):
		return dataflow.TriggerFailed
	case state.RunPending.ValueBool() && !unpinned: // what is due after a pin shows when it is gone: see unpin
		return dataflow.TriggerDefinition
	case isOlder(plan.MaxAge, state.DataAsOf, readAt):
		return dataflow.TriggerMaxAge
	case unpinned:
		return dataflow.TriggerPin
	}
	return ""
}

// checkPin refuses a pin to a run that the tables can't go to, as far as the ledger tells now; apply checks it again.
//
// `terraform destroy` plans what is configured before it plans to destroy it, and may have been killed half-way: while the tables are
// being removed nothing is said, and of a dataflow that was removed it is a warning, which apply turns into an error.
func (r *dataflowResource) checkPin(ctx context.Context, plan, state dataflowModel, diags *diag.Diagnostics) {
	if r.services == nil || r.services.unknown || plan.Name.IsUnknown() || plan.PinnedRun.IsNull() || plan.PinnedRun.IsUnknown() || plan.PinnedRun.Equal(state.CurrentRun) || state.removing() {
		return
	}
	e, ok := r.engine(ctx, diags)
	if !ok {
		return
	}
	err := e.CheckTarget(ctx, plan.Name.ValueString(), plan.PinnedRun.ValueInt64())
	if err == nil {
		return
	}
	const summary = "Run can't be pinned"
	if s, readErr := e.State(ctx, plan.Name.ValueString()); state.Name.IsNull() && readErr == nil && s.Record.Phase == dataflow.PhaseRemoved {
		diags.AddAttributeWarning(path.Root("pinned_run"), summary, dataflow.Sentence(err))
		return
	}
	report(diags, summary, err, blame{dataflow.CodeNotFound: path.Root("pinned_run")})
}

// interrupted says whether the newest run is unfinished and nobody works on it: an apply brings it to its end.
func (m dataflowModel) interrupted() bool {
	run := m.LastRun.Attributes()
	return len(run) > 0 && run["ended_at"].IsNull() && run["status"].Equal(types.StringValue(string(dataflow.StatusFailed)))
}

// removing says whether a removal has decided that the tables go, and nobody brings it to its end.
func (m dataflowModel) removing() bool {
	return m.interrupted() && m.lastKind() == dataflow.KindRemoval && m.CurrentRun.IsNull()
}

// lastKind is the kind of the newest run; empty: none.
func (m dataflowModel) lastKind() dataflow.Kind {
	kind, ok := m.LastRun.Attributes()["kind"].(types.String)
	if !ok {
		return ""
	}
	return dataflow.Kind(kind.ValueString())
}

// sameImport says whether an import of plan would load what one of state would. An unknown argument is a different one.
func (m dataflowModel) sameImport(state dataflowModel) bool {
	return m.ConnectorID.Equal(state.ConnectorID) && m.Database.Equal(state.Database) && m.Tables.Equal(state.Tables) && m.HashKeyVersion.Equal(state.HashKeyVersion)
}

// sameRecord says whether the record needs no new definition.
func (m dataflowModel) sameRecord(state dataflowModel) bool {
	a, b := m.dataflowArguments, state.dataflowArguments
	return m.sameImport(state) && a.DisplayName.Equal(b.DisplayName) && a.Description.Equal(b.Description) &&
		a.RunOnApply.Equal(b.RunOnApply) && a.RefreshTriggers.Equal(b.RefreshTriggers) && a.MaxAge.Equal(b.MaxAge) && a.ResumeWithin.Equal(b.ResumeWithin) && a.PinnedRun.Equal(b.PinnedRun) &&
		a.MaxRemovedPercent.Equal(b.MaxRemovedPercent) && a.RetainRuns.Equal(b.RetainRuns) && a.OnDestroy.Equal(b.OnDestroy) && a.DeletionProtection.Equal(b.DeletionProtection)
}

// isOlder says whether the data was older than maxAge when the state was read. One that seems to come later than that by more
// than maxAge is no newer: a clock was wrong, and the data could stay as it is for as long as the clock was ahead.
func isOlder(maxAge, dataAsOf types.String, readAt time.Time) bool {
	limit, err := time.ParseDuration(maxAge.ValueString())
	if err != nil || readAt.IsZero() {
		return false // no max_age, or a state that was never refreshed
	}
	refreshed, err := time.Parse(time.RFC3339Nano, dataAsOf.ValueString())
	return err != nil || readAt.Sub(refreshed).Abs() > limit
}
