package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/resource"
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
