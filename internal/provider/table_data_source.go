package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/columnpolicy"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
)

var _ datasource.DataSourceWithConfigure = (*tableDataSource)(nil)

type tableDataSource struct{ dataSourceObject }

func newTableDataSource(types connectorTypes) datasource.DataSource {
	return &tableDataSource{dataSourceObject: dataSourceObject{configured{types: types}}}
}

type tableDataSourceModel struct {
	DataflowID       types.String    `tfsdk:"dataflow_id"`
	Key              types.String    `tfsdk:"key"`
	AtRun            types.Int64     `tfsdk:"at_run"`
	Database         types.String    `tfsdk:"database"`
	TableName        types.String    `tfsdk:"table_name"`
	FileName         types.String    `tfsdk:"file_name"`
	Purpose          types.String    `tfsdk:"purpose"`
	TotalRecords     types.Int64     `tfsdk:"total_records"`
	TotalFiles       types.Int64     `tfsdk:"total_files"`
	TotalBytes       types.Int64     `tfsdk:"total_bytes"`
	ProfiledRecords  types.Int64     `tfsdk:"profiled_records"`
	LastRefreshAt    types.String    `tfsdk:"last_refresh_at"`
	DataAsOf         types.String    `tfsdk:"data_as_of"`
	SnapshotID       types.String    `tfsdk:"snapshot_id"`
	UUID             types.String    `tfsdk:"uuid"`
	Location         types.String    `tfsdk:"location"`
	MetadataLocation types.String    `tfsdk:"metadata_location"`
	CatalogType      types.String    `tfsdk:"catalog_type"`
	CatalogName      types.String    `tfsdk:"catalog_name"`
	Identifier       types.String    `tfsdk:"identifier"`
	Columns          []columnModel   `tfsdk:"columns"`
	Snapshots        []snapshotModel `tfsdk:"snapshots"`
}

type columnModel struct {
	Name        types.String `tfsdk:"name"`
	Type        types.String `tfsdk:"type"`
	Description types.String `tfsdk:"description"`
	Source      types.String `tfsdk:"source"`
	Policy      types.String `tfsdk:"policy"`
	Required    types.Bool   `tfsdk:"required"`
	Filled      types.Int64  `tfsdk:"filled"`
	Empty       types.Int64  `tfsdk:"empty"`
	Distinct    types.Int64  `tfsdk:"distinct"`
	Longest     types.Int64  `tfsdk:"longest"`
}

type snapshotModel struct {
	Run              types.Int64  `tfsdk:"run"`
	Tag              types.String `tfsdk:"tag"`
	SnapshotID       types.String `tfsdk:"snapshot_id"`
	MetadataLocation types.String `tfsdk:"metadata_location"`
	TotalRecords     types.Int64  `tfsdk:"total_records"`
}

func (*tableDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_table"
}

func tableKeyAttribute(all connectorTypes) schema.StringAttribute {
	return schema.StringAttribute{
		Required: true, MarkdownDescription: "The table's key in the dataflow's `tables`: " + strings.Join(quoted(all.tableKeys()), ", ") + ".",
		Validators: []validator.String{tableKeyValidator(all)},
	}
}

func (d *tableDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One published table of a dataflow: its columns, what is known of their values, its size, where it lies, and the runs it can be read at.\n\n" +
			"What is known of a column's values (`filled`, `empty`, `distinct`, `longest`) is the profile that the current run took of the rows which the source gave, " +
			"whether they were loaded or not. It holds no value. These attributes are null where the table's `metadata` is `false`.",
		Attributes: map[string]schema.Attribute{
			"dataflow_id":      dataflowIDAttribute(),
			"key":              tableKeyAttribute(d.types),
			"at_run":           waitForRunAttribute(),
			"database":         computedText("The database."),
			"table_name":       computedText("The table's name in it."),
			"file_name":        computedText("What the source calls it."),
			"purpose":          computedText("What it is imported for."),
			"total_records":    computedNumber("How many rows it has."),
			"total_files":      computedNumber("How many data files they are in."),
			"total_bytes":      computedNumber("The size of these files, in bytes."),
			"profiled_records": computedNumber("How many rows the source gave when the columns' values were counted; where `data` is `false` the table itself has none."),
			"last_refresh_at":  computedText("When the dataflow's last completed import ended (RFC 3339, UTC)."),
			"data_as_of": computedText("When the oldest reading of the rows began that the table has now (RFC 3339, UTC): earlier than its run where that took over what a failed import had read, " +
				"and after a rollback that of the run it went to. Null when a version before this attribute imported it."),
			"snapshot_id":       computedText("The current Iceberg snapshot (a 64-bit number, as text)."),
			"uuid":              computedText("The Iceberg table's uuid."),
			"location":          computedText("Where the table's files are."),
			"metadata_location": computedText("Where its newest Iceberg metadata is: what readers without the catalog open."),
			"catalog_type":      computedText("The kind of the catalog that has it: `sqlite` or `postgres`, both in the layout of Iceberg's SQL (JDBC) catalog, `rest` or `glue`."),
			"catalog_name":      computedText("The name under which a `sqlite` or `postgres` catalog must be opened; null for the others."),
			"identifier":        computedText("What the catalog calls it: `database.table_name`."),
			"columns": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "Its columns, in their order.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":        computedText("The column's name."),
					"type":        computedText("Its Iceberg type."),
					"description": computedText("What it holds."),
					"source":      computedText("The source's own name for it, such as `custom:score`; null when not known."),
					"policy": computedText("What becomes of its values: `load`, `hash`, `mask` or `drop`, as `columns` says. A column that is dropped, or whose hashes are in `<name>_hashed`, has no values; it is there because an earlier import loaded it. " +
						"Null when nothing is loaded into it any more, or it is not the dataflow's."),
					"required": computedBool("Whether every row has a value."),
					"filled":   computedNumber("How many rows have a value, be it an empty one; the others have none."),
					"empty":    computedNumber("How many of these have the empty text or a map without an entry."),
					"distinct": computedNumber("How many different values there are, the empty one included. Exact for a `boolean` and for a column that alone is the key; else an estimate " +
						"that is exact for some hundreds of values, at most 1 in 1,000 off for some thousands, and has a standard error of 0.8 % for more."),
					"longest": computedNumber("The length of the longest text in characters (Unicode code points), of a map the longest value in it; 0 when there is none. Null for other types."),
				}},
			},
			"snapshots": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The runs whose rows the table still holds, newest first.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"run":         computedNumber("The run."),
					"tag":         computedText("The table's tag for it, by which readers read it: `run_7`."),
					"snapshot_id": computedText("Its Iceberg snapshot."),
					"metadata_location": computedText("Where the table's metadata was when the run had ended: what a reader without the catalog opens to see the table as it was. " +
						"Null when that file is gone: the newest hundred are kept, which is twenty runs or more."),
					"total_records": computedNumber("How many rows the table had."),
				}},
			},
		},
	}
}

func (d *tableDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tableDataSourceModel
	if !d.reads(ctx, req.Config, &model, &resp.Diagnostics) {
		return
	}
	lake, table, lastRefresh, ok := d.published(ctx, model.DataflowID, model.Key, &resp.Diagnostics)
	if !ok {
		return
	}
	t, err := lake.Describe(ctx, table.TableID)
	if err != nil {
		report(&resp.Diagnostics, "Table can't be read", err, blame{dataflow.CodeNotFound: path.Root("key")})
		return
	}
	model.LastRefreshAt, model.DataAsOf = lastRefresh, timeValue(table.DataAsOf)
	model.show(t, table.Definition)
	model.CatalogType, model.Identifier = types.StringValue(lake.CatalogType()), types.StringValue(t.ID.String())
	if kind := lake.CatalogType(); kind == lakehouse.CatalogSQLite || kind == lakehouse.CatalogPostgres {
		model.CatalogName = types.StringValue(lakehouse.CatalogName)
	}
	if err := d.locate(ctx, &model, t); err != nil {
		report(&resp.Diagnostics, "Run history can't be read", err, nil)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// locate adds where the table's metadata was when each kept run had ended, as the runs' records say, while that file is kept.
func (d *tableDataSource) locate(ctx context.Context, m *tableDataSourceModel, t lakehouse.TableDescription) error {
	l, err := d.services.ledger(ctx)
	if err != nil {
		return err
	}
	for i, snapshot := range m.Snapshots {
		run, err := l.Finished(ctx, m.DataflowID.ValueString(), snapshot.Run.ValueInt64())
		if dataflow.IsCode(err, dataflow.CodeNotFound) || dataflow.IsCode(err, dataflow.CodeCorrupt) {
			continue // it is under way, or its record is damaged, which the run history says
		}
		if err != nil {
			return err
		}
		for _, table := range run.Tables {
			if table.TableID == t.ID && slices.Contains(t.Logged, table.PublishedMetadataLocation) {
				m.Snapshots[i].MetadataLocation = types.StringValue(table.PublishedMetadataLocation)
			}
		}
	}
	return nil
}

func (m *tableDataSourceModel) show(t lakehouse.TableDescription, definition dataflow.TableDefinition) {
	m.Database, m.TableName = types.StringValue(t.ID.Database), types.StringValue(t.ID.Name)
	m.FileName, m.Purpose = textOrNull(t.FileName), textOrNull(string(t.Purpose))
	m.TotalRecords, m.TotalFiles, m.TotalBytes = types.Int64Value(t.TotalRecords), types.Int64Value(t.Files), types.Int64Value(t.Bytes)
	m.SnapshotID, m.UUID = snapshotValue(t.SnapshotID), types.StringValue(t.UUID)
	m.Location, m.MetadataLocation = types.StringValue(t.Location), types.StringValue(t.MetadataLocation)
	m.Columns, m.Snapshots = []columnModel{}, []snapshotModel{}
	if t.Profile != nil {
		m.ProfiledRecords = types.Int64Value(t.Profile.Rows)
	}
	for _, c := range t.Columns {
		m.Columns = append(m.Columns, columnOf(c, t.Profile, definition))
	}
	for _, r := range t.Runs {
		m.Snapshots = append(m.Snapshots, snapshotModel{
			Run: types.Int64Value(r.Run), Tag: types.StringValue(lakehouse.RunTag(r.Run)), SnapshotID: snapshotValue(&r.SnapshotID), TotalRecords: types.Int64Value(r.TotalRecords),
		})
	}
}

func columnOf(c lakehouse.ColumnDescription, profile *dataflow.Profile, definition dataflow.TableDefinition) columnModel {
	m := columnModel{
		Name: types.StringValue(c.Name), Type: types.StringValue(string(c.Type)), Description: types.StringValue(c.Description),
		Source: textOrNull(c.Source), Required: types.BoolValue(c.Required),
	}
	if c.Source != "" {
		m.Policy = textOrNull(string(columnpolicy.Of(c.Name, c.Source, definition)))
	}
	if profile == nil {
		return m
	}
	if p, ok := profile.Columns[c.Name]; ok { // a column that somebody else added since has none
		m.Filled, m.Empty, m.Distinct = types.Int64Value(p.Filled), types.Int64Value(p.Empty), types.Int64Value(p.Distinct)
		m.Longest = types.Int64PointerValue(p.Longest)
	}
	return m
}

// published finds the table that a dataflow has published under this key, and when that was refreshed last.
func (o *configured) published(ctx context.Context, dataflowID, key types.String, diags *diag.Diagnostics) (*lakehouse.Lakehouse, dataflow.TableResult, types.String, bool) {
	s, ok := o.state(ctx, dataflowID.ValueString(), diags)
	if !ok {
		return nil, dataflow.TableResult{}, types.String{}, false
	}
	lake, err := o.services.lakehouse(ctx)
	if err != nil {
		report(diags, "The tables can't be read", err, nil)
		return nil, dataflow.TableResult{}, types.String{}, false
	}
	for _, t := range s.Standing.Tables {
		if t.Key == key.ValueString() {
			return lake, t, timeValue(s.Standing.LastRefreshAt), true
		}
	}
	asked := s.Record.Definition.Tables
	if _, ok := asked[key.ValueString()]; !ok {
		diags.AddAttributeError(path.Root("key"), "Table is not imported", fmt.Sprintf("Dataflow %q does not import table %q: its tables are %s. Add it to them, or give key one of these.",
			dataflowID.ValueString(), key.ValueString(), strings.Join(slices.Sorted(maps.Keys(asked)), ", ")))
		return nil, dataflow.TableResult{}, types.String{}, false
	}
	diags.AddAttributeError(path.Root("key"), "Table is not published",
		fmt.Sprintf("Dataflow %q has published no table %q. Give at_run the dataflow's current_run, so that this waits for its run.",
			dataflowID.ValueString(), key.ValueString()))
	return nil, dataflow.TableResult{}, types.String{}, false
}

// snapshotValue gives a snapshot's id as text: it is a 64-bit number, and Terraform's numbers lose digits in JSON.
func snapshotValue(id *int64) types.String {
	if id == nil {
		return types.StringNull()
	}
	return types.StringValue(strconv.FormatInt(*id, 10))
}
