package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

var _ list.ListResourceWithConfigure = (*dataflowListResource)(nil)

// dataflowListResource lists the dataflows of the workspace for `terraform query`, from their records alone.
type dataflowListResource struct{ dataflowResource }

func newDataflowListResource(types connectorTypes) list.ListResource {
	return &dataflowListResource{dataflowResource{resourceObject: resourceObject{configured{types: types}}}}
}

// What the filters say of themselves, here and in the data source.
const (
	sayStatusFilter    = "Only dataflows with this status: `New`, `Processing`, `Completed` or `Failed`. Default: all of them."
	sayConnectorFilter = "Only dataflows that import through the connector with this `id`. Default: all of them."
)

func sayTypeFilter(all connectorTypes) string {
	return "Only dataflows of this type: " + strings.Join(quoted(all.names()), ", ") + ". Default: all of them."
}

func statuses() []string {
	return []string{string(dataflow.StatusNew), string(dataflow.StatusProcessing), string(dataflow.StatusCompleted), string(dataflow.StatusFailed)}
}

func (r *dataflowListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the dataflows of the workspace that are not removed, in the order of their names, for `terraform query` (Terraform 1.14 or newer). " +
			"With `-generate-config-out` Terraform writes a resource and an import block for each. Importing them plans no run, and nothing else either, but for an argument given as empty text, which Terraform leaves out.",
		Attributes: map[string]schema.Attribute{
			"name_regex": nameRegexAttribute("dataflows"),
			"type": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayTypeFilter(r.types),
				Validators: []validator.String{stringvalidator.OneOf(r.types.names()...)},
			},
			"status": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayStatusFilter,
				Validators: []validator.String{stringvalidator.OneOf(statuses()...)},
			},
			"connector_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayConnectorFilter,
				Validators: []validator.String{referenceValidator()},
			},
		},
	}
}

func (r *dataflowListResource) List(ctx context.Context, req list.ListRequest, resp *list.ListResultsStream) {
	var filter dataflowFilter
	diags := req.Config.Get(ctx, &filter)
	l, name := r.openList(ctx, filter.NameRegex, &diags)
	if diags.HasError() {
		resp.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	e, err := r.services.engine(ctx)
	if err != nil {
		report(&diags, "The workspace can't be used", err, nil)
		resp.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	states := ledger.ReadAhead(ctx, l.EachDataflow(ctx), e.State)
	resp.Results = stream(ctx, req, states, func(s engine.State, result *list.ListResult) bool {
		d := s.Record.Definition
		if !filter.passes(s, name) {
			return false
		}
		result.DisplayName = displayName(d.Name, d.DisplayName)
		result.Diagnostics.Append(identify(ctx, result.Identity, types.StringValue(d.Name))...)
		if req.IncludeResource {
			var model dataflowModel
			result.Diagnostics.Append(result.Resource.SetAttribute(ctx, path.Root("id"), d.Name)...) // timeouts become a null of their own type
			result.Diagnostics.Append(result.Resource.Get(ctx, &model)...)
			result.Diagnostics.Append(model.show(ctx, s)...)
			result.Diagnostics.Append(result.Resource.Set(ctx, &model)...)
		}
		return true
	})
}
