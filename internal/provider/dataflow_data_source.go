package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

var _ datasource.DataSourceWithConfigure = (*dataflowDataSource)(nil)

type dataflowDataSource struct{ dataSourceObject }

func newDataflowDataSource() datasource.DataSource { return &dataflowDataSource{} }

type dataflowDataSourceModel struct {
	DataflowID  types.String `tfsdk:"dataflow_id"`
	AtRun       types.Int64  `tfsdk:"at_run"`
	Name        types.String `tfsdk:"name"`
	DisplayName types.String `tfsdk:"display_name"`
	Description types.String `tfsdk:"description"`
	ConnectorID types.String `tfsdk:"connector_id"`
	Database    types.String `tfsdk:"database"`
	dataflowResults
}

func (*dataflowDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflow"
}

func (*dataflowDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"dataflow_id":  dataflowIDAttribute(),
		"at_run":       waitForRunAttribute(),
		"name":         computedText("The dataflow's name."),
		"display_name": computedText("The name that people are shown."),
		"description":  computedText("What the dataflow is for."),
		"connector_id": computedText("The connector that is imported."),
		"database":     computedText("The database of the tables."),
	}
	maps.Copy(attributes, dataflowResultDataAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "A dataflow as the workspace has it: where it stands, its newest run, its tables.",
		Attributes:          attributes,
	}
}

func (d *dataflowDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model dataflowDataSourceModel
	if !d.reads(ctx, req.Config, &model, &resp.Diagnostics) {
		return
	}
	s, ok := d.state(ctx, model.DataflowID.ValueString(), &resp.Diagnostics)
	if !ok {
		return
	}
	definition := s.Record.Definition
	model.Name = types.StringValue(definition.Name)
	model.DisplayName = types.StringPointerValue(definition.DisplayName)
	model.Description = types.StringPointerValue(definition.Description)
	model.ConnectorID = types.StringValue(definition.Connector)
	model.Database = types.StringValue(definition.Database)
	var diags diag.Diagnostics
	model.dataflowResults, diags = resultsOf(ctx, s)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// state reads the dataflow that an object asks for in dataflow_id.
func (o *configured) state(ctx context.Context, name string, diags *diag.Diagnostics) (engine.State, bool) {
	e, ok := o.engine(ctx, diags)
	if !ok {
		return engine.State{}, false
	}
	s, err := e.State(ctx, name)
	if err == nil && s.Record.Phase == dataflow.PhaseRemoved {
		err = &dataflow.Error{Code: dataflow.CodeNotFound, Object: "dataflow \"" + name + "\"", Op: "read", Cause: errRemoved}
	}
	if err != nil {
		report(diags, "Dataflow can't be read", err, blame{
			dataflow.CodeNotFound: path.Root("dataflow_id"), dataflow.CodeInvalid: path.Root("dataflow_id"),
		})
		return engine.State{}, false
	}
	return s, true
}

func dataflowIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Required: true, MarkdownDescription: "The dataflow's `id`.",
		Validators: []validator.String{referenceValidator()},
	}
}

// waitForRunAttribute is at_run where nothing is read of an older run.
func waitForRunAttribute() schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: "Give it the dataflow's `current_run`: then the data source waits for a run that the same apply makes. " +
			"Where a `skypoint_dataflow_run` runs the dataflow, give it that one's `run`, which comes later. It changes nothing else.",
	}
}
