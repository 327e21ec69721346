package lakehouse

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// foreignAppend is another program that appends a user to main.
func (p *place) foreignAppend(sub, email string) {
	p.t.Helper()
	_, tbl := p.raw()
	schema, err := table.SchemaToArrowSchema(tbl.Schema(), nil, true, false)
	mustDo(p.t, err)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for i, field := range schema.Fields() {
		switch field.Name {
		case "sub":
			builder.Field(i).(*array.StringBuilder).Append(sub)
		case "email":
			builder.Field(i).(*array.StringBuilder).Append(email)
		default:
			builder.Field(i).AppendNull()
		}
	}
	record := builder.NewRecordBatch()
	defer record.Release()
	reader, err := array.NewRecordReader(schema, []arrow.RecordBatch{record})
	mustDo(p.t, err)
	_, err = tbl.Append(p.t.Context(), reader, nil)
	mustDo(p.t, err)
}

func TestForeignRows_AreSeenAndTakenAwayByTheNextImport(t *testing.T) {
	schema := narrow(text("email"))
	a := dataflow.Row{"a", "a@x"}
	for name, foreign := range map[string]dataflow.Row{"a new key": {"z", "z@x"}, "a key that is there": {"a", "z@x"}, "a row that is there": {"a", "a@x"}} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.loadAs(1, schema, a)
			p.foreignAppend(foreign[0].(string), foreign[1].(string))
			change := p.loadAs(2, schema, a)
			t.Logf("%s %+v", change.Change, change.Counts)
			p.wantRows(RowsRequest{}, a)
		})
	}
}
