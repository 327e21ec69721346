package lakehouse

import (
	"maps"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// attribute is a column that the source names after an attribute.
func attribute(name, source string, kind dataflow.ColumnType) dataflow.Column {
	return dataflow.Column{Name: name, Source: source, Type: kind}
}

// columnOf gives the column that holds each attribute now.
func (p *place) columnOf() map[string]string {
	p.t.Helper()
	found := map[string]string{}
	for _, column := range p.describe().Columns {
		if column.Source != "" {
			found[column.Source+" "+string(column.Type)] = column.Name
		}
	}
	return found
}

func TestColumn_StaysTheAttributesThatItWasGivenTo(t *testing.T) {
	p := newPlace(t)
	first := attribute("custom_plan", "custom:Plan", dataflow.String)
	p.loadAs(1, narrow(first), dataflow.Row{"a", "old"})
	// custom:plan comes, and would have had the name from the start: the source proposes another one for custom:Plan now.
	p.loadAs(2, narrow(attribute("custom_plan", "custom:plan", dataflow.String), attribute("custom_plan_7521067a", "custom:Plan", dataflow.String)), dataflow.Row{"a", "new", "old"})
	p.wantRows(RowsRequest{Columns: []string{"sub", "custom_plan"}}, dataflow.Row{"a", "old"})
	if got := p.columnOf(); got["custom:Plan string"] != "custom_plan" || got["custom:plan string"] != "custom_plan_8226e0bf" {
		t.Errorf("the columns are %v", got)
	}
	// It vanishes, and comes back when the other one is gone.
	p.loadAs(3, narrow(), dataflow.Row{"a"})
	p.loadAs(4, narrow(attribute("custom_plan", "custom:plan", dataflow.String)), dataflow.Row{"a", "new"})
	p.wantRows(RowsRequest{Columns: []string{"sub", "custom_plan", "custom_plan_8226e0bf"}}, dataflow.Row{"a", nil, "new"})
	// Back at a time when it was not there, and forward.
	back, err := p.back(5, 1)
	mustDo(t, err)
	p.publishChange(5, back)
	p.loadAs(6, narrow(attribute("custom_plan", "custom:plan", dataflow.String)), dataflow.Row{"a", "newest"})
	p.wantRows(RowsRequest{Columns: []string{"sub", "custom_plan", "custom_plan_8226e0bf"}}, dataflow.Row{"a", nil, "newest"})
}

func TestColumn_OfAnAttributeWhoseTypeComesBackIsTheFirstOne(t *testing.T) {
	p := newPlace(t)
	p.loadAs(1, narrow(attribute("custom_age", "custom:age", dataflow.String)), dataflow.Row{"a", "x"})
	p.loadAs(2, narrow(attribute("custom_age", "custom:age", dataflow.Number)), dataflow.Row{"a", dataflow.Decimal("7")})
	p.loadAs(3, narrow(attribute("custom_age", "custom:age", dataflow.String)), dataflow.Row{"a", "y"})
	p.wantRows(RowsRequest{Columns: []string{"sub", "custom_age", "custom_age_number"}}, dataflow.Row{"a", "y", nil})
}

// TestColumns_NeverChangeTheirAttribute lets attributes come, go, change their type and compete for names in any order, with rollbacks in between.
func TestColumns_NeverChangeTheirAttribute(t *testing.T) {
	kinds := []dataflow.ColumnType{dataflow.String, dataflow.Number, dataflow.Boolean}
	rapid.Check(t, func(t *rapid.T) {
		var current *iceberg.Schema
		var schemas []*iceberg.Schema // the table's, which never go
		owners := map[string]string{}
		lastID := 0
		first := map[string]string{} // attribute and type → the column that it was given
		for run := range 8 {
			if len(schemas) > 1 && rapid.IntRange(0, 2).Draw(t, "rolled back") == 0 {
				current = rapid.SampledFrom(schemas).Draw(t, "to")
				continue
			}
			schema := someAttributes(t, kinds)
			to, err := evolve(current, schemas, owners, lastID, schema)
			if err != nil {
				t.Fatal(err)
			}
			for i, column := range schema.Columns {
				name := to.schema.Field(to.fields[i]).Name
				if column.Source == "" {
					continue
				}
				owners[name] = column.Source
				key := column.Source + " " + string(column.Type)
				if was, known := first[key]; known && was != name {
					t.Fatalf("run %d: %s was in %s and is in %s", run, key, was, name)
				}
				first[key] = name
				if kind := columnType(to.schema.Field(to.fields[i]).Type); kind != column.Type {
					t.Fatalf("run %d: %s is in %s, which is a %s", run, key, name, kind)
				}
			}
			if names := slices.Sorted(maps.Values(first)); len(slices.Compact(slices.Clone(names))) != len(names) {
				t.Fatalf("run %d: two attributes, or two types of one, have one column: %v", run, first)
			}
			current = to.schema
			schemas = append(schemas, current)
			for _, field := range current.Fields() {
				lastID = max(lastID, field.ID)
			}
		}
	})
}

// someAttributes is a schema in which attributes compete for few names.
func someAttributes(t *rapid.T, kinds []dataflow.ColumnType) dataflow.Schema {
	sources := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"custom:a", "custom:A", "custom:á", "custom_a", "custom:a_number", "custom:b"}), 0, 5, rapid.ID).Draw(t, "attributes")
	var columns []dataflow.Column
	proposed := map[string]bool{}
	for _, source := range sources {
		name := rapid.SampledFrom([]string{"custom_a", "custom_a_number", "custom_b", "custom_x"}).Draw(t, "name of "+source)
		for proposed[name] {
			name += "_"
		}
		proposed[name] = true
		columns = append(columns, attribute(name, source, rapid.SampledFrom(kinds).Draw(t, "type of "+source)))
	}
	return narrow(columns...)
}
