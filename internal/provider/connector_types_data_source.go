package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ datasource.DataSource = (*connectorTypesDataSource)(nil)

// connectorTypesDataSource needs no workspace: what it lists is in the provider.
type connectorTypesDataSource struct{ types connectorTypes }

func newConnectorTypesDataSource(types connectorTypes) datasource.DataSource {
	return connectorTypesDataSource{types}
}

type connectorTypesModel struct {
	Category types.String         `tfsdk:"category"`
	Search   types.String         `tfsdk:"search"`
	Types    []connectorTypeModel `tfsdk:"types"`
}

type connectorTypeModel struct {
	Name        types.String `tfsdk:"name"`
	Category    types.String `tfsdk:"category"`
	Description types.String `tfsdk:"description"`
	Resource    types.String `tfsdk:"resource"`
}

func (connectorTypesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_connector_types"
}

func (connectorTypesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The types of connectors that this version of the provider has. It reads neither the workspace nor the network.",
		Attributes: map[string]schema.Attribute{
			"category": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Only types of this category, without regard to case, such as `Services and apps`. Default: all of them.",
				Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, maxText)},
			},
			"search": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Only types whose name, category or description has this text, without regard to case. Default: all of them.",
				Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, maxText)},
			},
			"types": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The types, in the order of their names.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":        computedText("The type's name: the `type` of a dataflow that imports through it."),
					"category":    computedText("What kind of source it is."),
					"description": computedText("What is imported through it."),
					"resource":    computedText("The resource that makes a connector of this type."),
				}},
			},
		},
	}
}

func (d connectorTypesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model connectorTypesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.Types = []connectorTypeModel{}
	for _, t := range d.types {
		info := t.Info()
		if (model.Category.IsNull() || strings.EqualFold(model.Category.ValueString(), info.Category)) && has(info, model.Search.ValueString()) {
			model.Types = append(model.Types, connectorTypeModel{
				Name: types.StringValue(info.Name), Category: types.StringValue(info.Category), Description: types.StringValue(info.Description),
				Resource: types.StringValue(t.resourceType),
			})
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// has says whether somebody who searches for this text finds the type.
func has(t dataflow.ConnectorTypeInfo, text string) bool {
	for _, in := range []string{t.Name, t.Category, t.Description} {
		if strings.Contains(strings.ToLower(in), strings.ToLower(text)) {
			return true
		}
	}
	return false
}
