package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// What can be known before a run begins. A plan checks it, and apply checks it again before it starts a run, so that a run which can't begin is not in the
// history.
//
// `terraform destroy` first plans what is configured. So a plan fails only for what the configuration newly asks for. For a dataflow that is there it warns,
// or nobody could destroy the dataflow.

// checkAtPlan holds a planned run to what the workspace tells now.
func (r *dataflowResource) checkAtPlan(ctx context.Context, plan, state dataflowModel, diags *diag.Diagnostics) {
	if r.services == nil || r.services.unknown || plan.Name.IsUnknown() {
		return
	}
	if !plan.PinnedRun.IsNull() && state.removing() {
		diags.AddAttributeWarning(path.Root("pinned_run"), "Tables are being removed", fmt.Sprintf(
			"A removal of dataflow %q was interrupted after it had decided that the tables go, so no pin can hold them. Destroy the dataflow to bring that to its end, or remove pinned_run to import it anew after that.",
			plan.Name.ValueString()))
		return
	}
	isNew := !plan.Name.Equal(state.Name)
	if isNew || !plan.Database.Equal(state.Database) {
		if err := r.services.claimDatabase(ctx, plan.Name.ValueString(), plan.Database); err != nil {
			report(diags, "Database is another dataflow's", err, dataflowBlame)
		}
	}
	if !plan.LastRun.IsUnknown() || !plan.PinnedRun.IsNull() {
		return
	}
	connector, err := r.services.plannedConnector(ctx, plan.ConnectorID)
	switch {
	case err != nil && !dataflow.IsCode(err, dataflow.CodeNoConnector): // a record that can't be read: whoever needs it says so
	case err != nil && (isNew || !plan.ConnectorID.Equal(state.ConnectorID)):
		report(diags, "Connector is missing", err, dataflowBlame)
	case err != nil:
		diags.AddAttributeWarning(path.Root("connector_id"), "Connector is missing", dataflow.Sentence(err))
	default:
		r.checkTableKeys(plan, connector, diags)
		plan.warnOfUnreadable(connector, diags)
	}
}

// checkBeforeRun refuses a run that could not begin.
func (s *services) checkBeforeRun(ctx context.Context, definition dataflow.Definition) error {
	if _, err := s.connector(ctx, definition.Connector); err != nil {
		return err
	}
	_, err := s.checkDatabase(ctx, definition.Name, definition.Database)
	return err
}

// importAsRecorded imports a dataflow as its record has it, unless that could not begin.
func (s *services) importAsRecorded(ctx context.Context, e *engine.Engine, order engine.Order) (dataflow.Run, error) {
	state, err := e.State(ctx, order.Definition.Name)
	if err == nil && state.Record.Definition.PinnedRun == nil { // what is wrong with a pinned one, Import says
		err = s.checkBeforeRun(ctx, state.Record.Definition)
	}
	if err != nil {
		return dataflow.Run{}, err
	}
	return e.Import(ctx, order)
}

// connector reads a connector that an argument names.
func (s *services) connector(ctx context.Context, name string) (dataflow.Connector, error) {
	l, err := s.ledger(ctx)
	if err != nil {
		return dataflow.Connector{}, err
	}
	connector, err := l.Connector(ctx, name)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		err = noConnector(name, "connector_id")
	}
	return connector, err
}

// plannedConnector is connector for a plan: one that the plan makes is there, and nothing is known of it yet.
func (s *services) plannedConnector(ctx context.Context, id types.String) (dataflow.Connector, error) {
	if id.IsUnknown() {
		return dataflow.Connector{}, nil
	}
	connector, err := s.connector(ctx, id.ValueString())
	if dataflow.IsCode(err, dataflow.CodeNoConnector) && s.planned.isClaimed(kindConnector, id.ValueString()) {
		err = nil
	}
	return connector, err
}

// checkDatabase is lakehouse.CheckDatabase.
func (s *services) checkDatabase(ctx context.Context, name, database string) (open bool, err error) {
	lake, err := s.lakehouse(ctx)
	if err != nil {
		return false, err
	}
	return lake.CheckDatabase(ctx, name, database)
}

// claimDatabase refuses a database that is another dataflow's, or that this plan gives to another one too.
func (s *services) claimDatabase(ctx context.Context, name string, database types.String) error {
	if database.IsUnknown() {
		return nil
	}
	open, err := s.checkDatabase(ctx, name, database.ValueString())
	switch {
	case dataflow.IsCode(err, dataflow.CodeForeign) && !s.planned.isReleased(database.ValueString()): // else the plan takes it from whose it is
		return err
	case open:
		return nil
	}
	return s.planned.claimDatabase(name, database.ValueString()) // whatever else is wrong with it, apply says so
}

// checkOrdered refuses a run, ordered by a resource or an action, of a dataflow that is not there or is pinned. If the plan changes the dataflow, what the
// plan makes of it counts; else what the workspace has.
func (o *configured) checkOrdered(ctx context.Context, id types.String, diags *diag.Diagnostics) {
	if o.services == nil || o.services.unknown || id.IsUnknown() || id.IsNull() {
		return
	}
	name := id.ValueString()
	pinned, planned := o.services.planned.pin(name)
	if !planned {
		s, ok := o.state(ctx, name, diags)
		if !ok {
			return
		}
		pinned = s.Record.Definition.PinnedRun != nil
	}
	if pinned {
		diags.AddAttributeError(path.Root("dataflow_id"), "Dataflow is pinned",
			fmt.Sprintf("Dataflow %q is held at a run by pinned_run, so nothing is imported. Remove its pinned_run, or this run.", name))
	}
}

// checkTableKeys refuses tables that sources of the connector's type do not have.
func (r *dataflowResource) checkTableKeys(plan dataflowModel, connector dataflow.Connector, diags *diag.Diagnostics) {
	t, err := r.types.named(connector.Type)
	if err != nil || plan.Tables.IsUnknown() {
		return // nothing is known of the connector yet, or whoever opens it says what is wrong
	}
	only := connectorTypes{{ConnectorType: t}}
	for _, key := range slices.Sorted(maps.Keys(plan.Tables.Elements())) {
		if err := only.checkTableKey(key); err != nil {
			diags.AddAttributeError(path.Root("tables").AtMapKey(key), "Invalid value", fmt.Sprintf("Connector %q: %s.", connector.Name, err))
		}
	}
}

// warnOfUnreadable names the tables that the last connection check could not read. It is a warning, since the missing permission may have been granted
// since: only a change of the connector, or the run itself, checks the connection again.
func (m dataflowModel) warnOfUnreadable(connector dataflow.Connector, diags *diag.Diagnostics) {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(m.Tables.Elements())) {
		for _, table := range connector.Check.AvailableTables {
			if table.Key == key && !table.Readable {
				lines = append(lines, fmt.Sprintf("- %s: %s", key, table.Reason))
			}
		}
	}
	if len(lines) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root("tables"), "Tables can't be read", fmt.Sprintf(
		"When connector %q was last checked, on %s, it could not read:\n%s\nIf that was not put right since, the import will fail. Leave these tables out to import the others.",
		connector.Name, connector.UpdatedAt.Format("2006-01-02"), strings.Join(lines, "\n")))
}
