package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

// configured is what every object has: the services, given once by Configure.
type configured struct {
	services *services
	types    connectorTypes // for what is asked before Configure is called: schemas and their validators
}

// resourceObject is what every resource has.
type resourceObject struct{ configured }

// Configure takes the services from the provider.
func (o *resourceObject) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	o.services = servicesFrom(req.ProviderData, &resp.Diagnostics)
}

// dataSourceObject is what every data source has.
type dataSourceObject struct{ configured }

// Configure takes the services from the provider.
func (o *dataSourceObject) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	o.services = servicesFrom(req.ProviderData, &resp.Diagnostics)
}

// ephemeralObject is what every ephemeral resource has.
type ephemeralObject struct{ configured }

// Configure takes the services from the provider.
func (o *ephemeralObject) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	o.services = servicesFrom(req.ProviderData, &resp.Diagnostics)
}

// actionObject is what every action has.
type actionObject struct{ configured }

// Configure takes the services from the provider.
func (o *actionObject) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	o.services = servicesFrom(req.ProviderData, &resp.Diagnostics)
}

// servicesFrom is nil when the provider is not configured yet (validation).
func servicesFrom(data any, diags *diag.Diagnostics) *services {
	if data == nil {
		return nil
	}
	s, ok := data.(*services)
	if !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("got %T: this is a fault of the provider", data))
	}
	return s
}

// ready says whether an object can read the workspace now.
func (o *configured) ready(diags *diag.Diagnostics) bool {
	if !o.services.unknown {
		return true
	}
	diags.AddError("The provider's configuration is not known yet",
		o.services.sayUnknown()+"Read this after it: give it an input that is unknown until then, or depends_on.")
	return false
}

// given is a configuration, a plan or a state.
type given interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}

// reads takes what is given into a model, and says whether that went well and the workspace can be read now.
func (o *configured) reads(ctx context.Context, from given, model any, diags *diag.Diagnostics) bool {
	diags.Append(from.Get(ctx, model)...)
	return !diags.HasError() && o.ready(diags)
}

// engine gives an engine over the workspace; false: there is none, which is said.
func (o *configured) engine(ctx context.Context, diags *diag.Diagnostics) (*engine.Engine, bool) {
	e, err := o.services.engine(ctx)
	return e, usable(err, diags)
}

// ledger gives the records of the workspace; false: there are none, which is said.
func (o *configured) ledger(ctx context.Context, diags *diag.Diagnostics) (*ledger.Ledger, bool) {
	l, err := o.services.ledger(ctx)
	return l, usable(err, diags)
}

func usable(err error, diags *diag.Diagnostics) bool {
	if err != nil {
		report(diags, "The workspace can't be used", err, nil)
	}
	return err == nil
}
