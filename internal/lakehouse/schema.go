package lakehouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// icebergType gives Iceberg's type. A map's key and value are fields with ids of their own; newID gives them, nil gives 0.
func icebergType(kind dataflow.ColumnType, newID func() int) (iceberg.Type, error) {
	switch kind {
	case dataflow.String:
		return iceberg.PrimitiveTypes.String, nil
	case dataflow.Boolean:
		return iceberg.PrimitiveTypes.Bool, nil
	case dataflow.Long:
		return iceberg.PrimitiveTypes.Int64, nil
	case dataflow.Number:
		return iceberg.DecimalTypeOf(dataflow.DecimalPrecision, dataflow.DecimalScale), nil
	case dataflow.Timestamp:
		return iceberg.PrimitiveTypes.TimestampTz, nil
	case dataflow.TextMap:
		text := &iceberg.MapType{KeyType: iceberg.PrimitiveTypes.String, ValueType: iceberg.PrimitiveTypes.String}
		if newID != nil {
			text.KeyID, text.ValueID = newID(), newID()
		}
		return text, nil
	}
	return nil, fmt.Errorf("there is no column type %q", kind)
}

// columnType gives the type under the name that this project uses; a type of another writer's keeps Iceberg's name.
func columnType(t iceberg.Type) dataflow.ColumnType {
	if _, ok := t.(iceberg.DecimalType); ok {
		return dataflow.ColumnType(strings.ReplaceAll(t.String(), " ", ""))
	}
	if m, ok := t.(*iceberg.MapType); ok {
		return "map<" + columnType(m.KeyType) + "," + columnType(m.ValueType) + ">"
	}
	return dataflow.ColumnType(t.String())
}

// suffixes name the column that takes the values of a column whose type the source changed.
var suffixes = map[dataflow.ColumnType]string{
	dataflow.String: "string", dataflow.Boolean: "boolean", dataflow.Long: "long",
	dataflow.Number: "number", dataflow.Timestamp: "timestamp", dataflow.TextMap: "map",
}

// layout is the schema that a table gets, and where in it each column of the source lies.
type layout struct {
	schema *iceberg.Schema
	fields []int // per column of the source its position in the schema
}

// newLayout is the layout of a table that does not exist yet.
func newLayout(source dataflow.Schema) (layout, error) {
	return evolve(nil, nil, 0, source)
}

// tableLayout is the layout of a table after this run.
func tableLayout(meta table.Metadata, source dataflow.Schema) (layout, error) {
	return evolve(meta.CurrentSchema(), meta.Schemas(), meta.LastColumnID(), source)
}

// evolve adds to the current schema what the source has and it lacks. Nothing is removed and no type is changed:
//   - a column that the source lacks stays, no longer required;
//   - a column whose type differs stays too, and <name>_<type> takes the values;
//   - a column that an earlier schema knew (a run that was abandoned or rolled back added it) gets the id it had there:
//     so the same columns always make the same schema.
func evolve(current *iceberg.Schema, earlier []*iceberg.Schema, lastID int, source dataflow.Schema) (layout, error) {
	var fields []iceberg.NestedField
	if current != nil {
		fields = append(fields, current.Fields()...)
	}
	newID := func() int { lastID++; return lastID }
	wanted := map[string]bool{}
	for _, column := range source.Columns {
		wanted[column.Name] = true
	}
	position := func(name string) int {
		for i, field := range fields {
			if field.Name == name {
				return i
			}
		}
		return -1
	}

	out := layout{fields: make([]int, len(source.Columns))}
	mapped := map[int]bool{}
	for i, column := range source.Columns {
		name := column.Name
		at := position(name)
		for n := 1; at >= 0 && columnType(fields[at].Type) != column.Type; n++ {
			name = column.Name + "_" + suffixes[column.Type]
			if n > 1 {
				name += fmt.Sprintf("_%d", n)
			}
			if !wanted[name] {
				at = position(name)
			}
		}
		if at < 0 {
			at = len(fields)
			field := iceberg.NestedField{Name: name, Required: column.Required && current == nil}
			if old, ok := earlierField(earlier, name, column.Type); ok && !taken(fields, old.ID) {
				field.ID, field.Type = old.ID, old.Type
			} else {
				field.ID = newID()
				var err error
				if field.Type, err = icebergType(column.Type, newID); err != nil {
					return layout{}, fmt.Errorf("column %s: %w", column.Name, err)
				}
			}
			fields = append(fields, field)
		}
		fields[at].Doc = column.Description
		fields[at].Required = fields[at].Required && column.Required
		out.fields[i] = at
		mapped[at] = true
	}
	for i := range fields {
		if !mapped[i] {
			fields[i].Required = false
		}
	}

	// Identifier fields are how Iceberg says "key": https://iceberg.apache.org/spec/#identifier-field-ids. They must be required.
	var identifiers []int
	for _, name := range source.Key {
		field := fields[out.fields[source.Index(name)]]
		if field.Required {
			identifiers = append(identifiers, field.ID)
		}
	}
	if len(identifiers) < len(source.Key) {
		identifiers = nil
	}
	id := 0
	if current != nil {
		id = current.ID
	}
	out.schema = iceberg.NewSchemaWithIdentifiers(id, identifiers, fields...)
	return out, nil
}

// taken says whether a field has the id already: somebody may have renamed a column, which keeps its id.
func taken(fields []iceberg.NestedField, id int) bool {
	return slices.ContainsFunc(fields, func(f iceberg.NestedField) bool { return f.ID == id })
}

func earlierField(earlier []*iceberg.Schema, name string, kind dataflow.ColumnType) (iceberg.NestedField, bool) {
	for _, schema := range slices.Backward(earlier) {
		for _, field := range schema.Fields() {
			if field.Name == name && columnType(field.Type) == kind {
				return field, true
			}
		}
	}
	return iceberg.NestedField{}, false
}

// ahead gives the table as it will be with this schema, and the update that makes it so (nil: it has it already).
// Only this process sees it: a schema that is made current on a branch becomes everybody's at once, so the staging commit
// only adds it, and the publish commit makes it current.
func ahead(tbl *table.Table, schema *iceberg.Schema) (*table.Table, table.Update, error) {
	if schema.Equals(tbl.Schema()) {
		return tbl, nil, nil
	}
	base, err := shifted(tbl.Metadata(), -aheadOfClock(tbl.Metadata()))
	if err != nil {
		return nil, nil, err
	}
	builder, err := table.MetadataBuilderFromBase(base, tbl.MetadataLocation())
	if err != nil {
		return nil, nil, fmt.Errorf("read the table's metadata: %w", err)
	}
	var id int
	for _, known := range tbl.Metadata().Schemas() {
		id = max(id, known.ID+1)
	}
	for _, known := range tbl.Metadata().Schemas() {
		if known.Equals(schema) {
			id = known.ID
			break
		}
	}
	named := iceberg.NewSchemaWithIdentifiers(id, schema.IdentifierFieldIDs, schema.Fields()...)
	if err := builder.AddSchema(named); err != nil {
		return nil, nil, fmt.Errorf("add the schema: %w", err)
	}
	if err := builder.SetCurrentSchemaID(id); err != nil {
		return nil, nil, fmt.Errorf("set the schema: %w", err)
	}
	meta, err := builder.Build()
	if err != nil {
		return nil, nil, fmt.Errorf("build the table's metadata: %w", err)
	}
	view := table.New(tbl.Identifier(), meta, tbl.MetadataLocation(), tbl.FS, nil)
	return view, table.NewAddSchemaUpdate(named), nil
}
