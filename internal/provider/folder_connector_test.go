package provider

import (
	"context"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/foldertest"
)

// A second connector type, as it would be written: its package, this file with its resource, and its line in the registry (Variants).

func folderConnectorType() connectorType {
	return connectorType{
		ConnectorType: foldertest.Type{}, resourceType: "skypoint_folder_connector",
		resource: func() resource.Resource { return &folderConnectorResource{} },
	}
}

type folderConnectorResource struct{ resourceObject }

type folderConnectorModel struct {
	ID   types.String `tfsdk:"id"`
	Name types.String `tfsdk:"name"`
	Path types.String `tfsdk:"path"`
}

func (*folderConnectorResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_folder_connector"
}

func (*folderConnectorResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	replaces := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":   schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
		"name": schema.StringAttribute{Required: true, PlanModifiers: replaces},
		"path": schema.StringAttribute{Required: true},
	}}
}

func (r *folderConnectorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan folderConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	l, err := r.services.ledger(ctx)
	if err == nil {
		err = l.CreateConnector(ctx, plan.connector(), nil)
	}
	if err != nil {
		report(&resp.Diagnostics, "Connector was not created", err, nil)
		return
	}
	plan.ID = plan.Name
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (m folderConnectorModel) connector() dataflow.Connector {
	return dataflow.Connector{
		Type: foldertest.Type{}.Info().Name, Name: m.Name.ValueString(), UID: uuid.NewString(), CreatedAt: now(), UpdatedAt: now(),
		Settings: foldertest.Settings{Path: m.Path.ValueString()}.Raw(),
	}
}

func (r *folderConnectorResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state folderConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if _, err := r.services.connector(ctx, state.Name.ValueString()); err != nil {
		resp.State.RemoveResource(ctx)
	}
}

func (r *folderConnectorResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan folderConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	l, err := r.services.ledger(ctx)
	if err == nil {
		err = l.PutConnector(ctx, plan.connector(), nil)
	}
	if err != nil {
		report(&resp.Diagnostics, "Connector was not changed", err, nil)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

func (r *folderConnectorResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state folderConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	l, err := r.services.ledger(ctx)
	if err == nil {
		err = l.DeleteConnector(ctx, state.Name.ValueString())
	}
	if err != nil {
		report(&resp.Diagnostics, "Connector was not removed", err, nil)
	}
}
