package provider

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const defaultRunsLimit = 100

var _ datasource.DataSourceWithConfigure = (*dataflowRunsDataSource)(nil)

type dataflowRunsDataSource struct{ dataSourceObject }

func newDataflowRunsDataSource() datasource.DataSource { return &dataflowRunsDataSource{} }

type dataflowRunsModel struct {
	DataflowID types.String        `tfsdk:"dataflow_id"`
	AtRun      types.Int64         `tfsdk:"at_run"`
	Limit      types.Int64         `tfsdk:"limit"`
	Runs       []dataflowRunsEntry `tfsdk:"runs"`
}

type dataflowRunsEntry struct {
	runModel
	runUsage
	StartedBy *startedByModel               `tfsdk:"started_by"`
	DataAsOf  types.String                  `tfsdk:"data_as_of"`
	Tables    map[string]dataflowRunsCounts `tfsdk:"tables"`
}

// startedByModel is who started a run. What is not known is null.
type startedByModel struct {
	User   types.String `tfsdk:"user"`
	Host   types.String `tfsdk:"host"`
	System types.String `tfsdk:"system"`
	Actor  types.String `tfsdk:"actor"`
	URL    types.String `tfsdk:"url"`
}

// runUsage is what a run took.
type runUsage struct {
	DurationSeconds types.Float64 `tfsdk:"duration_seconds"`
	Calls           types.Int64   `tfsdk:"calls"`
	Throttles       types.Int64   `tfsdk:"throttles"`
	WaitedSeconds   types.Float64 `tfsdk:"waited_seconds"`
}

type dataflowRunsCounts struct {
	Database   types.String `tfsdk:"database"`
	TableName  types.String `tfsdk:"table_name"`
	Change     types.String `tfsdk:"change"`
	Read       types.Int64  `tfsdk:"read"`
	Added      types.Int64  `tfsdk:"added"`
	Changed    types.Int64  `tfsdk:"changed"`
	Removed    types.Int64  `tfsdk:"removed"`
	Unchanged  types.Int64  `tfsdk:"unchanged"`
	KeptAsText types.Int64  `tfsdk:"kept_as_text"`
}

func (*dataflowRunsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_dataflow_runs"
}

func (*dataflowRunsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	runs := readable(runAttributes())
	runs["data_as_of"] = computedText("When the oldest reading of the rows began that the run left in the tables (RFC 3339, UTC): earlier than the run where it took over what a failed import had read, " +
		"and that of the run it went to where it is a rollback. Null for a run that failed or is under way.")
	runs["started_by"] = schema.SingleNestedAttribute{
		Computed: true, MarkdownDescription: "Who started the run. Null for a run of a version before this was recorded; so is each of these that is not known.",
		Attributes: map[string]schema.Attribute{
			"user":   computedText("The user of the operating system."),
			"host":   computedText("The machine."),
			"system": computedText("The CI system, or the platform that runs Terraform, whose job it was: `HCP Terraform`, `GitHub Actions`, `GitLab CI/CD`, `Azure Pipelines`, `CircleCI`, `Buildkite`, `Bitbucket Pipelines` or `Jenkins`."),
			"actor":  computedText("Who started that job, as the system says."),
			"url":    computedText("The address of the job's page."),
		},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The run history of a dataflow, newest first: also of an earlier dataflow of the same name, whose numbering goes on.",
		Attributes: map[string]schema.Attribute{
			"dataflow_id": dataflowIDAttribute(),
			"at_run":      waitForRunAttribute(),
			"limit": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "How many runs to list, 1 to 10,000. Default: `100`.",
				Validators: []validator.Int64{int64validator.Between(1, 10_000)},
			},
			"runs": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The runs, newest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: runs},
			},
		},
	}
}

func (d *dataflowRunsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model dataflowRunsModel
	if !d.reads(ctx, req.Config, &model, &resp.Diagnostics) {
		return
	}
	limit := int64(defaultRunsLimit)
	if !model.Limit.IsNull() {
		limit = model.Limit.ValueInt64()
	}
	runs, err := d.services.runs(ctx, model.DataflowID.ValueString(), int(limit))
	if err != nil {
		report(&resp.Diagnostics, "Run history can't be read", err, nil)
		return
	}
	model.Runs = []dataflowRunsEntry{}
	for _, run := range runs {
		model.Runs = append(model.Runs, historyEntry(run))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// runs gives the history, its newest entry judged as the engine judges it.
func (s *services) runs(ctx context.Context, name string, limit int) ([]dataflow.Run, error) {
	l, err := s.ledger(ctx)
	if err != nil {
		return nil, err
	}
	runs, err := l.Runs(ctx, name, 0, limit)
	if err != nil || len(runs) == 0 || runs[0].EndedAt != nil {
		return runs, err
	}
	e, err := s.engine(ctx)
	if err != nil {
		return nil, err
	}
	runs[0], err = e.Run(ctx, name, runs[0].Run)
	return runs, err
}

func historyEntry(run dataflow.Run) dataflowRunsEntry {
	entry := dataflowRunsEntry{
		runModel: runOf(run), Tables: map[string]dataflowRunsCounts{},
		runUsage: runUsage{
			Calls: types.Int64Value(run.Usage.Calls), Throttles: types.Int64Value(run.Usage.Throttles), WaitedSeconds: types.Float64Value(run.Usage.WaitedSeconds),
		},
	}
	if by := run.By; by != (dataflow.Starter{}) {
		entry.StartedBy = &startedByModel{User: textOrNull(by.User), Host: textOrNull(by.Host), System: textOrNull(by.System), Actor: textOrNull(by.Actor), URL: textOrNull(by.URL)}
	}
	if run.EndedAt != nil {
		entry.DurationSeconds = types.Float64Value(max(0, run.EndedAt.Sub(run.StartedAt).Seconds())) // a clock that was put back meanwhile
	}
	entry.DataAsOf = timeValue(dataAsOf(run))
	for _, t := range run.Tables {
		c, key := t.Counts, t.Key
		if t.Change == dataflow.ChangeHide || t.Change == dataflow.ChangeDrop {
			if slices.ContainsFunc(run.Tables, func(other dataflow.TableResult) bool { return other.Key == t.Key && other.TableID != t.TableID }) {
				key = t.TableID.String()
			}
		}
		entry.Tables[key] = dataflowRunsCounts{
			Database: types.StringValue(t.Database), TableName: types.StringValue(t.Name), Change: types.StringValue(string(t.Change)), Read: types.Int64Value(c.Read),
			Added: types.Int64Value(c.Added), Changed: types.Int64Value(c.Changed), Removed: types.Int64Value(c.Removed),
			Unchanged: types.Int64Value(c.Unchanged), KeptAsText: types.Int64Value(c.KeptAsText),
		}
	}
	return entry
}

// dataAsOf gives the start of the oldest reading in what a run left; nil: it left nothing, or a version before this was told imported it.
func dataAsOf(run dataflow.Run) (oldest *time.Time) {
	for _, t := range run.Tables {
		if t.DataAsOf != nil && (oldest == nil || t.DataAsOf.Before(*oldest)) {
			oldest = t.DataAsOf
		}
	}
	return oldest
}
