package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
)

var _ datasource.DataSourceWithConfigure = (*tablesDataSource)(nil)

type tablesDataSource struct{ dataSourceObject }

func newTablesDataSource() datasource.DataSource { return &tablesDataSource{} }

type tablesModel struct {
	Database types.String        `tfsdk:"database"`
	AtRun    types.Int64         `tfsdk:"at_run"`
	Tables   []tableSummaryModel `tfsdk:"tables"`
}

type tableSummaryModel struct {
	Database         types.String `tfsdk:"database"`
	TableName        types.String `tfsdk:"table_name"`
	DataflowID       types.String `tfsdk:"dataflow_id"`
	Key              types.String `tfsdk:"key"`
	FileName         types.String `tfsdk:"file_name"`
	Purpose          types.String `tfsdk:"purpose"`
	Hidden           types.Bool   `tfsdk:"hidden"`
	TotalRecords     types.Int64  `tfsdk:"total_records"`
	UUID             types.String `tfsdk:"uuid"`
	MetadataLocation types.String `tfsdk:"metadata_location"`
}

func (*tablesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_tables"
}

func (*tablesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The tables of the catalog, or of one database.",
		Attributes: map[string]schema.Attribute{
			"database": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The database to list. Default: all of them. One that does not exist has no tables.",
				Validators: []validator.String{databaseValidator()},
			},
			"at_run": waitForRunAttribute(),
			"tables": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The tables, in the order of their database and name.",
				NestedObject: schema.NestedAttributeObject{Attributes: tableSummaryAttributes()},
			},
		},
	}
}

func tableSummaryAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"database":          computedText("The database."),
		"table_name":        computedText("The table's name in it."),
		"dataflow_id":       computedText("The dataflow that it belongs to; null for a table of somebody else."),
		"key":               computedText("Its key in the dataflow's `tables`."),
		"file_name":         computedText("What the source calls it."),
		"purpose":           computedText("What it is imported for."),
		"hidden":            computedBool("Whether it shows no rows: it was hidden, or nothing was published yet."),
		"total_records":     computedNumber("How many rows it has."),
		"uuid":              computedText("The Iceberg table's uuid."),
		"metadata_location": computedText("Where its newest Iceberg metadata is."),
	}
}

func (d *tablesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tablesModel
	if !d.reads(ctx, req.Config, &model, &resp.Diagnostics) {
		return
	}
	summaries, err := d.list(ctx, model.Database)
	if err != nil {
		report(&resp.Diagnostics, "Tables can't be read", err, nil)
		return
	}
	model.Tables = []tableSummaryModel{}
	for _, s := range summaries {
		model.Tables = append(model.Tables, tableSummaryOf(s))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (d *tablesDataSource) list(ctx context.Context, database types.String) ([]lakehouse.TableSummary, error) {
	lake, err := d.services.lakehouse(ctx)
	if err != nil {
		return nil, err
	}
	databases := []string{database.ValueString()}
	if database.IsNull() {
		if databases, err = lake.Databases(ctx); err != nil {
			return nil, err
		}
	}
	var all []lakehouse.TableSummary
	for _, database := range databases {
		summaries, err := lake.List(ctx, database)
		if err != nil {
			return nil, err
		}
		all = append(all, summaries...)
	}
	return all, nil
}

func tableSummaryOf(s lakehouse.TableSummary) tableSummaryModel {
	return tableSummaryModel{
		Database: types.StringValue(s.ID.Database), TableName: types.StringValue(s.ID.Name),
		DataflowID: textOrNull(s.Dataflow), Key: textOrNull(s.Key), FileName: textOrNull(s.FileName), Purpose: textOrNull(string(s.Purpose)),
		Hidden: types.BoolValue(s.Hidden), TotalRecords: types.Int64Value(s.TotalRecords),
		UUID: types.StringValue(s.UUID), MetadataLocation: types.StringValue(s.MetadataLocation),
	}
}

func textOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
