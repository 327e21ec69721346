package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var (
	_ resource.Resource                   = (*dataflowResource)(nil)
	_ resource.ResourceWithConfigure      = (*dataflowResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*dataflowResource)(nil)
	_ resource.ResourceWithValidateConfig = (*dataflowResource)(nil)
	_ resource.ResourceWithImportState    = (*dataflowResource)(nil)
	_ resource.ResourceWithIdentity       = (*dataflowResource)(nil)
	_ resource.ResourceWithUpgradeState   = (*dataflowResource)(nil)
)

type dataflowResource struct {
	resourceObject
	named
}

func newDataflowResource(types connectorTypes) resource.Resource {
	return &dataflowResource{resourceObject: resourceObject{configured{types: types}}}
}

func (*dataflowResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflow"
}

// dataflowBlame says which argument an engine's error is about.
var dataflowBlame = blame{
	dataflow.CodeInvalid:         path.Root("tables"),
	dataflow.CodeForeign:         path.Root("database"),
	dataflow.CodeGuard:           path.Root("max_removed_percent"),
	dataflow.CodeNoConnector:     path.Root("connector_id"),
	dataflow.CodePinned:          path.Root("pinned_run"),
	dataflow.CodeUnauthenticated: path.Root("connector_id"),
	dataflow.CodeAccessDenied:    path.Root("connector_id"),
	dataflow.CodeNoSource:        path.Root("connector_id"),
	dataflow.CodeUnreachable:     path.Root("connector_id"),
	dataflow.CodeSecretsKey:      path.Root("connector_id"),
}

func dataflowObject(name string) string { return fmt.Sprintf("Dataflow %q", name) }

// nameBlame is dataflowBlame while there is nothing yet but a name.
var nameBlame = blame{dataflow.CodeInvalid: path.Root("name")}

// Create declares the dataflow and runs it.
//
// When that publishes nothing it leaves nothing in the state: the next plan creates the dataflow, as the one before did, and Declare goes on with
// the record, which is still in creation. The other way, a state that the CLI marks as tainted, was tried: its plan says "must be replaced", which
// alarms whoever reviews it, and is an error where prevent_destroy is set. What did publish is in the state, and tainted where the end failed.
func (r *dataflowResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan dataflowModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	planned := plan.dataflowResults
	if plan.RunReason.IsUnknown() { // as long as something else was
		plan.RunReason = types.StringNull()
		if planned.LastRun.IsUnknown() {
			plan.RunReason = types.StringValue(plan.reason(dataflow.TriggerCreate, dataflowModel{}, false))
		}
	}
	runs := planned.LastRun.IsUnknown() && plan.RunOnApply.ValueBool()
	timeout, diags := plan.Timeouts.Create(ctx, dataflow.DefaultTimeout)
	resp.Diagnostics.Append(diags...)
	definition, diags := plan.definition(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	e, ok := r.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	definition.HashKey = r.hashKey(ctx, e, plan, dataflowModel{}, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := dataflow.WithTimeout(ctx, "timeouts.create", timeout)
	defer cancel()
	if runs && definition.PinnedRun == nil {
		if err := r.services.checkBeforeRun(ctx, definition); err != nil {
			report(&resp.Diagnostics, "Dataflow was not created", err, dataflowBlame)
			return
		}
	}
	record, err := e.Declare(ctx, definition)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		reportExists(&resp.Diagnostics, "Dataflow was not created", err, "skypoint_dataflow", definition.Name)
		return
	}
	if err != nil {
		report(&resp.Diagnostics, "Dataflow was not created", err, nameBlame)
		return
	}
	order := engine.Order{UID: record.UID, Definition: definition, Trigger: dataflow.TriggerCreate}
	switch {
	case definition.PinnedRun != nil:
		order.Trigger = dataflow.TriggerPin
		err = r.pin(ctx, e, order)
	case runs:
		_, err = e.Import(ctx, order)
	default:
		err = e.Define(ctx, record.UID, definition)
	}
	if err != nil {
		report(&resp.Diagnostics, failed(order.Trigger), err, dataflowBlame)
	}
	if s, ok := r.reread(ctx, e, definition.Name, &resp.Diagnostics); ok && (err == nil || s.Published()) {
		now, diags := resultsOf(ctx, s)
		plan.dataflowResults = planned.settle(now, err == nil)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, record.UID)...)
		resp.Diagnostics.Append(r.services.markWorkspace(ctx, resp.Private)...)
		resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.Name)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	}
}

// reread gives the dataflow as the ledger has it after a run, also when the run's own context has ended.
func (r *dataflowResource) reread(ctx context.Context, e *engine.Engine, name string, diags *diag.Diagnostics) (engine.State, bool) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), rereadWithin)
		defer cancel()
	}
	s, err := e.State(ctx, name)
	if err != nil {
		report(diags, "The dataflow's record can't be read", err, nil)
		return engine.State{}, false
	}
	return e.WithSource(ctx, s), true
}

// rereadWithin bounds the last look at the ledger after an interrupt.
const rereadWithin = time.Second

// Read shows the dataflow as the ledger has it. It writes nothing there and calls no AWS.
func (r *dataflowResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model dataflowModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, model.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.services.unknown {
		resp.Diagnostics.AddWarning("Dataflow was not refreshed", "The provider's configuration is not known yet, so the state is shown as it was.")
		return
	}
	s, found := r.find(ctx, req.Private, model.ID.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(model.show(ctx, s)...)
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, s.Record.UID)...)
	resp.Diagnostics.Append(r.services.markWorkspace(ctx, resp.Private)...)
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateSource, s.Standing.Source())...)
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateReadAt, time.Now().UTC().Format(time.RFC3339Nano))...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// find gives the dataflow that this resource is about. Another uid is another object: somebody destroyed this one
// and created its name anew.
func (r *dataflowResource) find(ctx context.Context, private privateReader, name string, diags *diag.Diagnostics) (engine.State, bool) {
	uid, more := privateText(ctx, private, privateUID)
	diags.Append(more...)
	if !r.services.checkWorkspace(ctx, private, dataflowObject(name), diags) {
		return engine.State{}, false
	}
	e, ok := r.engine(ctx, diags)
	if !ok {
		return engine.State{}, false
	}
	s, err := e.State(ctx, name)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return engine.State{}, false
	}
	if err != nil {
		report(diags, "Dataflow can't be read", err, blame{dataflow.CodeInvalid: path.Root("name")})
		return engine.State{}, false
	}
	another := func(s engine.State) bool {
		// A removal that is not finished still is to be brought to its end, also when the record says already what it will have done.
		removed := s.Record.Phase == dataflow.PhaseRemoved && (s.LastRun == nil || s.LastRun.EndedAt != nil)
		return removed || (uid != "" && uid != s.Record.UID)
	}
	if another(s) {
		return engine.State{}, false
	}
	s, drift, err := e.Drift(ctx, s)
	if err != nil {
		report(diags, "The tables can't be read", err, nil)
	}
	for _, what := range drift {
		diags.AddWarning("Tables are not as the dataflow left them", fmt.Sprintf("Dataflow %q: %s", s.Record.Definition.Name, what))
	}
	return e.WithSource(ctx, s), !another(s)
}

// Update runs the dataflow when the plan says so, and otherwise records the new arguments.
// On error every argument keeps its prior value in the state, so the same difference is planned again.
func (r *dataflowResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state dataflowModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, state.ID)...)
	readAt, diags := privateTime(ctx, req.Private, privateReadAt)
	resp.Diagnostics.Append(diags...)
	uid, diags := privateText(ctx, req.Private, privateUID)
	resp.Diagnostics.Append(diags...)
	timeout, diags := plan.Timeouts.Update(ctx, dataflow.DefaultTimeout)
	resp.Diagnostics.Append(diags...)
	definition, diags := plan.definition(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.services.checkWorkspace(ctx, req.Private, dataflowObject(state.ID.ValueString()), &resp.Diagnostics) {
		return
	}
	e, ok := r.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	definition.HashKey = r.hashKey(ctx, e, plan, state, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := dataflow.WithTimeout(ctx, "timeouts.update", timeout)
	defer cancel()
	order := engine.Order{UID: uid, Definition: definition}
	elsewhere := r.isElsewhere(ctx, plan, req.Private, &resp.Diagnostics)
	if plan.LastRun.IsUnknown() {
		order.Trigger = trigger(plan, state, elsewhere, readAt)
	}
	var err error
	switch {
	case order.Trigger == dataflow.TriggerPin && definition.PinnedRun != nil:
		err = r.pin(ctx, e, order)
	case order.Trigger == dataflow.TriggerPin:
		err = r.unpin(ctx, e, order)
	case order.Trigger != "":
		if err = r.services.checkBeforeRun(ctx, definition); err == nil {
			_, err = e.Import(ctx, order)
		}
	case !plan.sameRecord(state):
		err = e.Define(ctx, uid, definition)
	}
	s, ok := r.reread(ctx, e, definition.Name, &resp.Diagnostics)
	if ok {
		resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateSource, s.Standing.Source())...)
	}
	now, diags := resultsOf(ctx, s)
	resp.Diagnostics.Append(diags...)
	if plan.RunReason.IsUnknown() {
		plan.RunReason = types.StringValue(plan.reason(order.Trigger, state, elsewhere))
		if order.Trigger == "" {
			plan.RunReason = state.RunReason
		}
	}
	plan.dataflowResults = plan.settle(now, err == nil)
	if err != nil {
		report(&resp.Diagnostics, failed(order.Trigger), err, dataflowBlame)
		plan = state
		plan.dataflowResults = now
	}
	if ok {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	}
}

// pin takes the tables to the pinned run, and then records the definition that holds them there.
func (*dataflowResource) pin(ctx context.Context, e *engine.Engine, order engine.Order) error {
	order.Target = order.Definition.PinnedRun
	if _, err := e.Rollback(ctx, order); err != nil {
		return err
	}
	return e.Define(ctx, order.UID, order.Definition)
}

// unpin takes the tables to the newest completed import, or imports when that one is not what the definition asks for.
func (r *dataflowResource) unpin(ctx context.Context, e *engine.Engine, order engine.Order) error {
	newest, err := e.Newest(ctx, order.Definition.Name)
	if err != nil {
		return err
	}
	if order.Definition.RunOnApply {
		seen, err := e.HasSeen(ctx, newest, order.Definition)
		if err != nil {
			return err
		}
		elsewhere := e.LeadsElsewhere(ctx, order.Definition.Connector, newest.Standing.Source())
		if !seen || elsewhere {
			order.Trigger = dataflow.TriggerDefinition
			if newest.Digest == order.Definition.Digest() && !elsewhere {
				order.Trigger = dataflow.TriggerRefreshTriggers
			}
			_, err := e.Import(ctx, order)
			return err
		}
	}
	order.Target = &newest.Run
	if _, err := e.Rollback(ctx, order); err != nil {
		return err
	}
	return e.Define(ctx, order.UID, order.Definition)
}

// failed says in a few words what did not happen.
func failed(why dataflow.Trigger) string {
	switch why {
	case "":
		return "Dataflow was not changed"
	case dataflow.TriggerPin:
		return "Rollback failed"
	default:
		return "Import failed"
	}
}

// Delete drops the dataflow's tables and marks its record as removed. A dataflow that published nothing has none to drop.
func (r *dataflowResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state dataflowModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, dataflow.DefaultTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, ok := r.find(ctx, req.Private, state.ID.ValueString(), &resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	e, ok := r.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	ctx, cancel := dataflow.WithTimeout(ctx, "timeouts.delete", timeout)
	defer cancel()
	s, err := e.Settle(ctx, found.Record.Definition.Name) // whether something was published is known only when nothing is under way
	switch {
	case err != nil:
	case s.Published() && state.DeletionProtection.ValueBool():
		resp.Diagnostics.AddAttributeError(path.Root("deletion_protection"), "Dataflow is protected",
			"It has deletion_protection = true. Set it to false and apply that first.")
		return
	case s.Published() && state.OnDestroy.ValueString() == string(dataflow.OnDestroyDelete):
		var run dataflow.Run
		run, err = e.Remove(ctx, engine.Order{UID: found.Record.UID, Definition: s.Record.Definition, Trigger: dataflow.TriggerDestroy})
		for _, id := range run.Discarded {
			resp.Diagnostics.AddWarning("Table could not be read any more", fmt.Sprintf("Files of table %s were gone. What was left of it was removed.", id))
		}
	case s.Record.Phase == dataflow.PhaseRemoved: // by the run that was under way
	default:
		if err = e.Forget(ctx, found.Record.UID, s.Record.Definition.Name); err == nil {
			if err := r.services.forgetDataflow(ctx, s.Record.Definition.Name); err != nil {
				resp.Diagnostics.AddWarning("Report is not up to date", dataflow.Sentence(err))
			}
		}
	}
	if err != nil {
		report(&resp.Diagnostics, "Dataflow was not removed", err, nil)
	}
}
