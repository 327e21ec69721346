package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ datasource.DataSourceWithConfigure = (*cognitoConnectorDataSource)(nil)

// cognitoConnectorDataSource is for a root module that uses a connector which another one has made.
type cognitoConnectorDataSource struct{ dataSourceObject }

func newCognitoConnectorDataSource() datasource.DataSource { return &cognitoConnectorDataSource{} }

type cognitoConnectorDataModel struct {
	Name                 types.String          `tfsdk:"name"`
	ID                   types.String          `tfsdk:"id"`
	DisplayName          types.String          `tfsdk:"display_name"`
	Description          types.String          `tfsdk:"description"`
	UserPoolID           types.String          `tfsdk:"user_pool_id"`
	Region               types.String          `tfsdk:"region"`
	Endpoint             types.String          `tfsdk:"endpoint"`
	MaxRequestsPerSecond types.Int64           `tfsdk:"max_requests_per_second"`
	AvailableTables      []availableTableModel `tfsdk:"available_tables"`
	UnreadableTables     types.Map             `tfsdk:"unreadable_tables"`
	UserPoolName         types.String          `tfsdk:"user_pool_name"`
	EstimatedUsers       types.Int64           `tfsdk:"estimated_users"`
	CreatedAt            types.String          `tfsdk:"created_at"`
	UpdatedAt            types.String          `tfsdk:"updated_at"`
}

type availableTableModel struct {
	Key         types.String `tfsdk:"key"`
	FileName    types.String `tfsdk:"file_name"`
	Description types.String `tfsdk:"description"`
	Readable    types.Bool   `tfsdk:"readable"`
	Reason      types.String `tfsdk:"reason"`
}

func (*cognitoConnectorDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cognito_connector"
}

func (*cognitoConnectorDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A connector that the workspace has, made by this root module or another: what a dataflow needs of it. How it signs in is not shown. It reads the record and calls no AWS.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true, MarkdownDescription: "The connector's name: " + dataflow.NameRule + ", in the case that it was made with.",
				Validators: []validator.String{nameValidator()},
			},
			"id":                      computedText("The connector's name: what a dataflow's `connector_id` takes."),
			"display_name":            computedText("The name that people are shown."),
			"description":             computedText("What the connector is for."),
			"user_pool_id":            computedText("The user pool's id."),
			"region":                  computedText("The AWS Region that is asked."),
			"endpoint":                computedText("The URL of the VPC endpoint or emulator that is asked; null: AWS's endpoint of the Region."),
			"max_requests_per_second": computedNumber("How many requests per second an import may send."),
			"available_tables": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The pool's tables, as the last connection check saw them.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"key":         computedText("The table's key in a dataflow's `tables`."),
					"file_name":   computedText("What the source calls it."),
					"description": computedText("What its rows are."),
					"readable":    computedBool("Whether this sign-in can read it."),
					"reason":      computedText("Why it can't be read; empty when it can."),
				}},
			},
		},
	}
	maps.Copy(resp.Schema.Attributes, readable(cognitoConnectorResultAttributes()))
}

func (d *cognitoConnectorDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model cognitoConnectorDataModel
	if !d.reads(ctx, req.Config, &model, &resp.Diagnostics) {
		return
	}
	l, ok := d.ledger(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	c, err := l.Connector(ctx, model.Name.ValueString())
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		err = noConnector(model.Name.ValueString(), "name")
	}
	if err != nil {
		report(&resp.Diagnostics, "Connector can't be read", err, blame{dataflow.CodeNoConnector: path.Root("name"), dataflow.CodeInvalid: path.Root("name")})
		return
	}
	var shown cognitoConnectorModel
	resp.Diagnostics.Append(shown.show(ctx, c)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &cognitoConnectorDataModel{
		Name: shown.Name, ID: shown.ID, DisplayName: shown.DisplayName, Description: shown.Description, UserPoolID: shown.UserPoolID, Region: shown.Region,
		Endpoint: shown.Endpoint, MaxRequestsPerSecond: shown.MaxRequestsPerSecond, AvailableTables: availableTables(c.Check), UnreadableTables: shown.UnreadableTables, UserPoolName: shown.UserPoolName,
		EstimatedUsers: shown.EstimatedUsers, CreatedAt: shown.CreatedAt, UpdatedAt: shown.UpdatedAt,
	})...)
}

func availableTables(check dataflow.ConnectionCheck) []availableTableModel {
	tables := []availableTableModel{}
	for _, t := range check.AvailableTables {
		tables = append(tables, availableTableModel{
			Key: types.StringValue(t.Key), FileName: types.StringValue(t.FileName), Description: types.StringValue(t.Description),
			Readable: types.BoolValue(t.Readable), Reason: types.StringValue(t.Reason),
		})
	}
	return tables
}
