package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
)

const (
	defaultRowsLimit = 100
	maxRowsLimit     = 1_000 // rows are held in the state, which is no place for a table
)

// tableRowsModel is what the data source and the ephemeral resource skypoint_table_rows have in common: all but where the rows go.
type tableRowsModel struct {
	DataflowID types.String              `tfsdk:"dataflow_id"`
	Key        types.String              `tfsdk:"key"`
	AtRun      types.Int64               `tfsdk:"at_run"`
	Columns    types.List                `tfsdk:"columns"`
	Equals     types.Map                 `tfsdk:"equals"`
	Limit      types.Int64               `tfsdk:"limit"`
	Rows       []map[string]types.String `tfsdk:"rows"`
}

func tableRowsAttributes(all connectorTypes) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"dataflow_id": dataflowIDAttribute(),
		"key":         tableKeyAttribute(all),
		"at_run": schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: "The run whose rows are read. Give it the dataflow's `current_run`: then this waits for a run that the same apply makes. Default: the rows as they are.",
			Validators:          []validator.Int64{int64validator.AtLeast(1)},
		},
		"columns": schema.ListAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "The columns to read. Default: all.",
			Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.NoNullValues()},
		},
		"equals": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Only rows in which each of these columns has this value, in the text form that `rows` has: a value that the column's type can't have is an error. " +
				"Not for columns that are maps. Default: all rows.",
			Validators: []validator.Map{mapvalidator.NoNullValues()},
		},
		"limit": schema.Int64Attribute{
			Optional: true, MarkdownDescription: "How many rows to read at most, 1 to 1,000. Default: `100`.",
			Validators: []validator.Int64{int64validator.Between(1, maxRowsLimit)},
		},
		"rows": schema.ListAttribute{
			Computed: true, Sensitive: true, ElementType: types.MapType{ElemType: types.StringType},
			MarkdownDescription: "The rows, each a map of column to value as text: `true`, `-12.5`, `2026-01-31T12:00:00Z`, a map as JSON; an absent value is null. In no particular order.",
		},
	}
}

// rows reads the rows that the model asks for into it.
func (o *configured) rows(ctx context.Context, model *tableRowsModel, diags *diag.Diagnostics) bool {
	if !o.ready(diags) {
		return false
	}
	want := lakehouse.RowsRequest{Run: model.AtRun.ValueInt64Pointer(), Limit: defaultRowsLimit}
	if !model.Limit.IsNull() {
		want.Limit = int(model.Limit.ValueInt64())
	}
	diags.Append(model.Columns.ElementsAs(ctx, &want.Columns, false)...)
	diags.Append(model.Equals.ElementsAs(ctx, &want.Equals, false)...)
	if diags.HasError() {
		return false
	}
	lake, published, _, ok := o.published(ctx, model.DataflowID, model.Key, diags)
	if !ok {
		return false
	}
	columns, rows, err := lake.Rows(ctx, published.TableID, want)
	if err != nil {
		report(diags, "Rows can't be read", err, blame{dataflow.CodeInvalid: wrongColumn(err, want), dataflow.CodeNotFound: path.Root("at_run")})
		return false
	}
	model.Rows = []map[string]types.String{}
	for _, row := range rows {
		shown := map[string]types.String{}
		for i, column := range columns {
			shown[column] = rowValue(row[i])
		}
		model.Rows = append(model.Rows, shown)
	}
	return true
}

// wrongColumn is where the column stands that an error is about.
func wrongColumn(err error, want lakehouse.RowsRequest) path.Path {
	var wrong *lakehouse.ColumnError
	switch {
	case !errors.As(err, &wrong):
		return path.Root("columns")
	case wrong.Equals:
		return path.Root("equals").AtMapKey(wrong.Column)
	default:
		return path.Root("columns").AtListIndex(slices.Index(want.Columns, wrong.Column))
	}
}

// rowValue gives a value as text. Absent is null, which an empty text is not.
func rowValue(v any) types.String {
	switch v := v.(type) {
	case nil:
		return types.StringNull()
	case string:
		return types.StringValue(v)
	case bool:
		return types.StringValue(strconv.FormatBool(v))
	case int64:
		return types.StringValue(strconv.FormatInt(v, 10))
	case dataflow.Decimal:
		return types.StringValue(string(v))
	case time.Time:
		return types.StringValue(v.UTC().Format(time.RFC3339Nano))
	case map[string]string:
		encoded, err := json.Marshal(v)
		if err != nil {
			panic(err) // a map of strings always marshals
		}
		return types.StringValue(string(encoded))
	default:
		panic(fmt.Sprintf("no text for a %T", v))
	}
}
