package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

var _ datasource.DataSourceWithConfigure = (*tableRowsDataSource)(nil)

type tableRowsDataSource struct{ dataSourceObject }

func newTableRowsDataSource(types connectorTypes) datasource.DataSource {
	return &tableRowsDataSource{dataSourceObject: dataSourceObject{configured{types: types}}}
}

func (*tableRowsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_table_rows"
}

func (d *tableRowsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A few rows of a table, for a look or a check. They are sensitive, and they are in the state: ask for no more than you need. " +
			"The ephemeral resource of the same name gives rows that are in no state.",
		Attributes: tableRowsAttributes(d.types),
	}
}

func (d *tableRowsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tableRowsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.rows(ctx, &model, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
