package provider

import (
	"context"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

var _ datasource.DataSourceWithConfigure = (*dataflowsDataSource)(nil)

type dataflowsDataSource struct{ dataSourceObject }

func newDataflowsDataSource(types connectorTypes) datasource.DataSource {
	return &dataflowsDataSource{dataSourceObject: dataSourceObject{configured{types: types}}}
}

type dataflowsModel struct {
	dataflowFilter
	GroupBy    types.String                  `tfsdk:"group_by"`
	AtRun      types.Int64                   `tfsdk:"at_run"`
	Dataflows  []dataflowSummaryModel        `tfsdk:"dataflows"`
	Groups     map[string]dataflowGroupModel `tfsdk:"groups"`
	Unreadable []unreadableModel             `tfsdk:"unreadable"`
}

// dataflowFilter says which dataflows are listed, here and by the list resource.
type dataflowFilter struct {
	NameRegex   types.String `tfsdk:"name_regex"`
	Type        types.String `tfsdk:"type"`
	Status      types.String `tfsdk:"status"`
	ConnectorID types.String `tfsdk:"connector_id"`
}

// passes says whether the filter lets a dataflow pass. A removed one never does.
func (f dataflowFilter) passes(s engine.State, name *regexp.Regexp) bool {
	d := s.Record.Definition
	return s.Record.Phase != dataflow.PhaseRemoved && name.MatchString(d.Name) && equalOrNull(f.Type, s.Record.Type) &&
		equalOrNull(f.Status, string(s.Status())) && equalOrNull(f.ConnectorID, d.Connector)
}

type dataflowSummaryModel struct {
	ID            types.String `tfsdk:"id"`
	Name          types.String `tfsdk:"name"`
	DisplayName   types.String `tfsdk:"display_name"`
	Type          types.String `tfsdk:"type"`
	Status        types.String `tfsdk:"status"`
	ConnectorID   types.String `tfsdk:"connector_id"`
	Database      types.String `tfsdk:"database"`
	TableCount    types.Int64  `tfsdk:"table_count"`
	CurrentRun    types.Int64  `tfsdk:"current_run"`
	CreatedAt     types.String `tfsdk:"created_at"`
	UpdatedAt     types.String `tfsdk:"updated_at"`
	LastRefreshAt types.String `tfsdk:"last_refresh_at"`
}

type dataflowGroupModel struct {
	Dataflows []dataflowSummaryModel `tfsdk:"dataflows"`
}

type unreadableModel struct {
	Name   types.String `tfsdk:"name"`
	Reason types.String `tfsdk:"reason"`
}

func (*dataflowsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflows"
}

func (d *dataflowsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	summary := schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
		"id":              computedText("The dataflow's `id`."),
		"name":            computedText("The dataflow's name."),
		"display_name":    computedText("The name that people are shown."),
		"type":            computedText("The type of its connector: " + strings.Join(quoted(d.types.names()), ", ") + "."),
		"status":          computedText("`New`, `Processing`, `Completed` or `Failed`."),
		"connector_id":    computedText("The connector that it imports through."),
		"database":        computedText("The database of its tables."),
		"table_count":     computedNumber("How many tables it has published."),
		"current_run":     computedNumber("The import whose data its tables hold; null before the first."),
		"created_at":      computedText("When it was created (RFC 3339, UTC)."),
		"updated_at":      computedText("When its definition last changed (RFC 3339, UTC)."),
		"last_refresh_at": computedText("When its last completed import ended (RFC 3339, UTC); null before the first."),
	}}
	listed := func(description string) schema.ListNestedAttribute {
		return schema.ListNestedAttribute{Computed: true, MarkdownDescription: description, NestedObject: summary}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The dataflows of the workspace that are not removed, made by this root module or another. It reads their records alone.",
		Attributes: map[string]schema.Attribute{
			"name_regex": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayNameRegex("dataflows"), Validators: []validator.String{regularExpression()},
			},
			"type": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayTypeFilter(d.types), Validators: []validator.String{stringvalidator.OneOf(d.types.names()...)},
			},
			"status": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayStatusFilter, Validators: []validator.String{stringvalidator.OneOf(statuses()...)},
			},
			"connector_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: sayConnectorFilter, Validators: []validator.String{referenceValidator()},
			},
			"group_by": schema.StringAttribute{
				Optional: true, MarkdownDescription: "What `groups` puts together: dataflows of the same `name`, `type` or `status`. Default: nothing, and `groups` is null.",
				Validators: []validator.String{stringvalidator.OneOf("name", "type", "status")},
			},
			"at_run":    waitForRunAttribute(),
			"dataflows": listed("The dataflows, in the order of their names."),
			"groups": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "The same dataflows by the value that `group_by` names, such as `groups[\"Failed\"].dataflows`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{"dataflows": listed("The dataflows of the group, in the order of their names.")}},
			},
			"unreadable": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Dataflows whose records can't be read, whatever the filters say: the others are listed nevertheless.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":   computedText("The dataflow's name, in lower case where only the folder of its records tells it."),
					"reason": computedText("What is wrong, and what to do."),
				}},
			},
		},
	}
}

func (d *dataflowsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model dataflowsModel
	if !d.reads(ctx, req.Config, &model, &resp.Diagnostics) {
		return
	}
	l, name := d.openList(ctx, model.NameRegex, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	e, ok := d.engine(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	model.Dataflows, model.Unreadable = []dataflowSummaryModel{}, []unreadableModel{}
	for found, err := range ledger.ReadAhead(ctx, l.FindDataflows(ctx), stateOf(e)) {
		if err != nil {
			report(&resp.Diagnostics, "The workspace can't be listed", err, nil)
			return
		}
		switch {
		case found.err != nil:
			model.Unreadable = append(model.Unreadable, unreadableModel{types.StringValue(found.name), types.StringValue(dataflow.Sentence(found.err))})
		case model.passes(found.state, name):
			model.Dataflows = append(model.Dataflows, dataflowSummaryOf(found.state))
		}
	}
	model.group()
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// foundState is a dataflow as the listing found it; err: why it can't be read.
type foundState struct {
	name  string
	state engine.State
	err   error
}

// stateOf reads the dataflow that the ledger found. What is wrong with one is no error of the listing.
func stateOf(e *engine.Engine) func(context.Context, ledger.FoundDataflow) (foundState, error) {
	return func(ctx context.Context, found ledger.FoundDataflow) (foundState, error) {
		s := foundState{name: found.Name, err: found.Err}
		if s.err == nil {
			s.state, s.err = e.State(ctx, s.name)
		}
		if ctx.Err() != nil || dataflow.IsCode(s.err, dataflow.CodeNotFound) {
			return s, s.err
		}
		return s, nil
	}
}

func dataflowSummaryOf(s engine.State) dataflowSummaryModel {
	d := s.Record.Definition
	return dataflowSummaryModel{
		ID: types.StringValue(d.Name), Name: types.StringValue(d.Name), DisplayName: types.StringPointerValue(d.DisplayName),
		Type: types.StringValue(s.Record.Type), Status: types.StringValue(string(s.Status())), ConnectorID: types.StringValue(d.Connector),
		Database: types.StringValue(d.Database), TableCount: types.Int64Value(int64(len(s.Standing.Tables))), CurrentRun: types.Int64PointerValue(s.Standing.CurrentRun),
		CreatedAt: timeValue(&s.Record.CreatedAt), UpdatedAt: timeValue(&s.Record.UpdatedAt), LastRefreshAt: timeValue(s.Standing.LastRefreshAt),
	}
}

func (m *dataflowsModel) group() {
	if m.GroupBy.IsNull() {
		return
	}
	m.Groups = map[string]dataflowGroupModel{}
	for _, d := range m.Dataflows {
		value := map[string]types.String{"name": d.Name, "type": d.Type, "status": d.Status}[m.GroupBy.ValueString()].ValueString()
		group := m.Groups[value]
		group.Dataflows = append(group.Dataflows, d)
		m.Groups[value] = group
	}
}
