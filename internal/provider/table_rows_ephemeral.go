package provider

import (
	"context"

	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*tableRowsEphemeral)(nil)

type tableRowsEphemeral struct{ ephemeralObject }

func newTableRowsEphemeral(types connectorTypes) ephemeral.EphemeralResource {
	return &tableRowsEphemeral{ephemeralObject: ephemeralObject{configured{types: types}}}
}

func (*tableRowsEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_table_rows"
}

func (r *tableRowsEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A few rows of a table that are in no plan and in no state: for provider configurations and write-only arguments.",
		Attributes:          ephemeralAttributes(tableRowsAttributes(r.types)),
	}
}

// ephemeralAttributes turns attributes of a data source into those of an ephemeral resource. It knows the kinds that are used here.
func ephemeralAttributes(attributes map[string]datasourceschema.Attribute) map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for name, attribute := range attributes {
		switch a := attribute.(type) {
		case datasourceschema.StringAttribute:
			out[name] = schema.StringAttribute(a)
		case datasourceschema.Int64Attribute:
			out[name] = schema.Int64Attribute(a)
		case datasourceschema.ListAttribute:
			out[name] = schema.ListAttribute(a)
		case datasourceschema.MapAttribute:
			out[name] = schema.MapAttribute(a)
		default:
			panic("no ephemeral attribute for " + name)
		}
	}
	return out
}

// Open reads the rows. There is nothing to renew or to close.
func (r *tableRowsEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model tableRowsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !r.rows(ctx, &model, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}
