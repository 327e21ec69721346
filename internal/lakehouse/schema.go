package lakehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
	source dataflow.Schema
	schema *iceberg.Schema
	fields []int // per column of the source its position in the schema
}

// newLayout is the layout of a table that does not exist yet.
func newLayout(source dataflow.Schema) (layout, error) {
	return evolve(nil, nil, nil, 0, source)
}

// tableLayout is the layout of a table after this run.
func tableLayout(meta table.Metadata, source dataflow.Schema) (layout, error) {
	return evolve(meta.CurrentSchema(), meta.Schemas(), ownersOf(meta.Properties()), meta.LastColumnID(), source)
}

// Columns gives the names that a table's columns have once a run has staged it with this schema, by the source's own names for them.
// The table need not be there, or be the dataflow's: staging says so.
func (l *Lakehouse) Columns(ctx context.Context, dataflowName string, id dataflow.TableID, source dataflow.Schema) (map[string]string, error) {
	to, err := newLayout(source)
	if err != nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "name columns", Object: object(id), Cause: err}
	}
	c, err := l.reading(ctx)
	if err == nil {
		var tbl *table.Table
		if tbl, err = l.loadOwn(ctx, c, dataflowName, id); err == nil {
			to, err = tableLayout(tbl.Metadata(), source)
		}
	}
	if err != nil && !errors.Is(err, errNoCatalog) && !dataflow.IsCode(err, dataflow.CodeNotFound) && !dataflow.IsCode(err, dataflow.CodeForeign) {
		return nil, err
	}
	names := map[string]string{}
	for i, column := range source.Columns {
		if column.Source != "" {
			names[column.Source] = to.schema.Field(to.fields[i]).Name
		}
	}
	return names, nil
}

// ownersOf gives what the source calls each column that the table has or had: a column's name → the source's.
func ownersOf(properties iceberg.Properties) map[string]string {
	owners := map[string]string{}
	for key, source := range properties {
		if column, ok := strings.CutPrefix(key, propertyColumn); ok {
			if column, ok = strings.CutSuffix(column, propertySourceSuffix); ok {
				owners[column] = source
			}
		}
	}
	return owners
}

// naming gives the columns of the source their names in the table. Once a table's column holds something of the source, it holds that as long as the table
// lives, also when it goes from the source and comes back: readers know the column by its name. Something new that would get the same name gets
// another one.
type naming struct {
	fields  []iceberg.NestedField
	earlier []*iceberg.Schema
	owners  map[string]string
	wanted  map[string]bool // the names that the source proposes
	given   map[string]bool // the names of this round
}

func (n *naming) position(name string) int {
	return slices.IndexFunc(n.fields, func(f iceberg.NestedField) bool { return f.Name == name })
}

// nameOf gives a column's name.
func (n *naming) nameOf(column dataflow.Column) string {
	name, known := n.known(column)
	if !known {
		name = column.Name
		base := name + "_" + suffixes[column.Type]
		if n.isAnothers(name, column) {
			sum := sha256.Sum256([]byte(column.Source))
			base = name + "_" + hex.EncodeToString(sum[:4])
		}
		for i := 1; !n.isFree(name, column); i++ {
			if name = base; i > 1 {
				name += fmt.Sprintf("_%d", i)
			}
		}
	}
	n.given[name] = true
	return name
}

// known finds the name that the column has or had in the table. Where its type has changed, the table has a column for each type.
func (n *naming) known(column dataflow.Column) (string, bool) {
	if column.Source == "" {
		return "", false
	}
	isIt := func(f iceberg.NestedField) bool {
		return n.owners[f.Name] == column.Source && columnType(f.Type) == column.Type && !n.given[f.Name]
	}
	if i := slices.IndexFunc(n.fields, isIt); i >= 0 {
		return n.fields[i].Name, true
	}
	for _, schema := range slices.Backward(n.earlier) {
		fields := schema.Fields()
		if i := slices.IndexFunc(fields, isIt); i >= 0 {
			return fields[i].Name, true
		}
	}
	return "", false
}

func (n *naming) isAnothers(name string, column dataflow.Column) bool {
	owner := n.owners[name]
	return owner != "" && column.Source != "" && owner != column.Source
}

func (n *naming) isFree(name string, column dataflow.Column) bool {
	if n.isAnothers(name, column) || n.given[name] || name != column.Name && n.wanted[name] {
		return false
	}
	at := n.position(name)
	if at >= 0 {
		return columnType(n.fields[at].Type) == column.Type
	}
	for _, schema := range n.earlier { // a rollback may have taken away a column that a way forward brings back
		for _, field := range schema.Fields() {
			if field.Name == name && columnType(field.Type) != column.Type {
				return false
			}
		}
	}
	return true
}

// evolution makes the schema that a table gets of the one that it has. Nothing is removed and no type is changed:
//   - a column that the source lacks stays, no longer required;
//   - a column whose type differs stays too, and <name>_<type> takes the values;
//   - a column that an earlier schema knew (a run that was abandoned or rolled back added it) gets the id it had there:
//     so the same columns always make the same schema.
type evolution struct {
	current *iceberg.Schema // nil: the table does not exist yet
	earlier []*iceberg.Schema
	source  dataflow.Schema
	fields  []iceberg.NestedField
	lastID  int
}

func evolve(current *iceberg.Schema, earlier []*iceberg.Schema, owners map[string]string, lastID int, source dataflow.Schema) (layout, error) {
	e := &evolution{current: current, earlier: earlier, source: source, lastID: lastID}
	if current != nil {
		e.fields = append(e.fields, current.Fields()...)
	}
	names := &naming{fields: e.fields, earlier: earlier, owners: owners, wanted: map[string]bool{}, given: map[string]bool{}}
	for _, column := range source.Columns {
		names.wanted[column.Name] = true
	}
	to := layout{source: source, fields: make([]int, len(source.Columns))}
	for i, column := range source.Columns {
		at, err := e.place(names.nameOf(column), column)
		if err != nil {
			return layout{}, err
		}
		to.fields[i] = at
	}
	e.relax(to.fields)
	id := 0
	if current != nil {
		id = current.ID
	}
	to.schema = iceberg.NewSchemaWithIdentifiers(id, e.identifiers(to.fields), e.fields...)
	return to, nil
}

// place gives the position of the field that has this name, and adds one where there is none.
func (e *evolution) place(name string, column dataflow.Column) (int, error) {
	at := slices.IndexFunc(e.fields, func(f iceberg.NestedField) bool { return f.Name == name })
	if at < 0 {
		field, err := e.newField(name, column)
		if err != nil {
			return 0, fmt.Errorf("column %s: %w", column.Name, err)
		}
		at = len(e.fields)
		e.fields = append(e.fields, field)
	}
	e.fields[at].Doc = column.Description
	e.fields[at].Required = e.fields[at].Required && column.Required
	return at, nil
}

func (e *evolution) newField(name string, column dataflow.Column) (field iceberg.NestedField, err error) {
	field = iceberg.NestedField{Name: name, Required: column.Required && e.current == nil}
	if old, ok := earlierField(e.earlier, name, column.Type); ok && !taken(e.fields, old.ID) {
		field.ID, field.Type = old.ID, old.Type
		return field, nil
	}
	field.ID = e.newID()
	field.Type, err = icebergType(column.Type, e.newID)
	return field, err
}

func (e *evolution) newID() int {
	e.lastID++
	return e.lastID
}

// relax lets values be absent in the fields that the source has no column for.
func (e *evolution) relax(sourced []int) {
	for i := range e.fields {
		if !slices.Contains(sourced, i) {
			e.fields[i].Required = false
		}
	}
}

// identifiers gives the ids of the key's fields, which is how Iceberg says "key"; none where one of them may be absent.
// Source: https://iceberg.apache.org/spec/#identifier-field-ids
func (e *evolution) identifiers(sourced []int) []int {
	var ids []int
	for _, name := range e.source.Key {
		field := e.fields[sourced[e.source.Index(name)]]
		if !field.Required {
			return nil
		}
		ids = append(ids, field.ID)
	}
	return ids
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

// ahead gives the table as it will be with this schema, and the update that adds the schema (nil: the table has it). Only this process sees the
// table so: a table has one current schema for all its branches, so the staging commit only adds the schema, and the publish commit makes it current.
func ahead(tbl *table.Table, schema *iceberg.Schema, properties iceberg.Properties) (*table.Table, table.Update, error) {
	if schema.Equals(tbl.Schema()) && len(properties) == 0 {
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
	if err := builder.SetProperties(properties); err != nil {
		return nil, nil, fmt.Errorf("set the properties: %w", err)
	}
	if schema.Equals(tbl.Schema()) {
		view, err := viewOf(tbl, builder)
		return view, nil, err
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
	view, err := viewOf(tbl, builder)
	return view, table.NewAddSchemaUpdate(named), err
}

func viewOf(tbl *table.Table, builder *table.MetadataBuilder) (*table.Table, error) {
	meta, err := builder.Build()
	if err != nil {
		return nil, fmt.Errorf("build the table's metadata: %w", err)
	}
	return table.New(tbl.Identifier(), meta, tbl.MetadataLocation(), tbl.FS, nil), nil
}
