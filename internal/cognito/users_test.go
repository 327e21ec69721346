package cognito

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func attributesOf(pairs ...string) []types.AttributeType {
	var all []types.AttributeType
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.AttributeType{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return all
}

// typedSchema has one attribute of each type beside the ones every pool has.
var typedSchema = schemaOfUsers([]types.SchemaAttributeType{
	schemaAttribute("custom:text", "String"), schemaAttribute("custom:number", "Number"),
	schemaAttribute("custom:date", "DateTime"), schemaAttribute("custom:flag", "Boolean"),
})

func readUser(t *testing.T, u *types.UserType) (map[string]any, int64) {
	t.Helper()
	r, err := newUserReader(typedSchema)
	if err != nil {
		t.Fatal(err)
	}
	row, kept, err := r.row(u)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for i, c := range typedSchema.Columns {
		if row[i] != nil {
			got[c.Name] = row[i]
		}
	}
	return got, kept
}

func TestUserReader_GivesEachValueItsColumnOrKeepsItAsItCame(t *testing.T) {
	for _, c := range []struct {
		why        string
		attributes []types.AttributeType
		want       map[string]any // beside sub and enabled
		kept       int64
	}{
		{"absent is nil", nil, map[string]any{}, 0},
		{"values of their types", attributesOf("custom:text", "pro", "custom:number", "-12.50", "custom:date", "2024-05-01T10:00:00.5+02:00", "custom:flag", "false"),
			map[string]any{"custom_text": "pro", "custom_number": dataflow.Decimal("-12.5"), "custom_date": time.Date(2024, 5, 1, 8, 0, 0, 500_000_000, time.UTC), "custom_flag": false}, 0},
		{"empty text is text", attributesOf("custom:text", "", "identities", ""),
			map[string]any{"custom_text": "", "identities": ""}, 0},
		{"empty is no number, date or boolean", attributesOf("custom:number", "", "custom:date", "", "custom:flag", ""),
			map[string]any{"other_attributes": map[string]string{"custom:number": "", "custom:date": "", "custom:flag": ""}}, 3},
		{"what a type can't hold is kept and counted", attributesOf("custom:number", "007", "custom:date", "yesterday", "custom:flag", "True"),
			map[string]any{"other_attributes": map[string]string{"custom:number": "007", "custom:date": "yesterday", "custom:flag": "True"}}, 3},
		{"what has no column is kept and not counted", attributesOf("custom:legacy", "x", "custom:TEXT", "y"),
			map[string]any{"other_attributes": map[string]string{"custom:legacy": "x", "custom:TEXT": "y"}}, 0},
		{"an API field's name is an attribute like any other", attributesOf("Username", "x", "Attributes", "y", "other_attributes", "z"),
			map[string]any{"other_attributes": map[string]string{"Username": "x", "Attributes": "y", "other_attributes": "z"}}, 0},
		{"JSON stays text", attributesOf("identities", `[{"userId":"1"}]`),
			map[string]any{"identities": `[{"userId":"1"}]`}, 0},
		{"of two the last holds: good, bad", attributesOf("custom:number", "1", "custom:number", "x"),
			map[string]any{"other_attributes": map[string]string{"custom:number": "x"}}, 1},
		{"of two the last holds: bad, good", attributesOf("custom:number", "x", "custom:number", "1"),
			map[string]any{"custom_number": dataflow.Decimal("1")}, 0},
		{"of two the last holds: bad, bad", attributesOf("custom:number", "x", "custom:number", "y"),
			map[string]any{"other_attributes": map[string]string{"custom:number": "y"}}, 1},
		{"no value is no attribute", []types.AttributeType{{Name: aws.String("custom:text")}, {Value: aws.String("x")}}, map[string]any{}, 0},
	} {
		got, kept := readUser(t, &types.UserType{Enabled: true, Attributes: append(attributesOf("sub", "s"), c.attributes...)})
		c.want["sub"], c.want["enabled"] = "s", true
		if diff := cmp.Diff(c.want, got); diff != "" || kept != c.kept {
			t.Errorf("%s: kept %d, want %d (-want +got):\n%s", c.why, kept, c.kept, diff)
		}
	}
}

func TestUserReader_ReadsTheUsersOwnFields(t *testing.T) {
	created := time.Date(2024, 5, 1, 12, 0, 0, 123_000_000, time.FixedZone("", 3600))
	got, _ := readUser(t, &types.UserType{
		Username: aws.String(""), UserStatus: "CONFIRMED", UserCreateDate: &created, UserLastModifiedDate: aws.Time(created.Add(time.Nanosecond)), Attributes: attributesOf("sub", "s"),
	})
	at := time.Date(2024, 5, 1, 11, 0, 0, 123_000_000, time.UTC)
	for _, column := range []string{"created_at", "updated_at"} {
		if got[column].(time.Time).Location() != time.UTC {
			t.Errorf("%s is in %v, want UTC", column, got[column].(time.Time).Location())
		}
	}
	want := map[string]any{"sub": "s", "username": "", "status": "CONFIRMED", "enabled": false, "created_at": at, "updated_at": at}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUserReader_AnEmptySubIsNone(t *testing.T) {
	r, err := newUserReader(typedSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, attributes := range [][]types.AttributeType{nil, attributesOf("sub", ""), attributesOf("Sub", "s")} {
		if _, _, err := r.row(&types.UserType{Attributes: attributes}); err == nil {
			t.Errorf("%v made a row", attributes)
		}
	}
}

func TestUserReader_FollowsTheSchemaItIsGiven(t *testing.T) {
	schema := dataflow.Schema{Columns: []dataflow.Column{
		{Name: "other_attributes", Type: dataflow.TextMap, Source: "Attributes"},
		{Name: "gone", Type: dataflow.Number, Source: "custom:gone"},
		{Name: "sub", Type: dataflow.String, Source: "sub"},
		{Name: "status", Type: dataflow.String, Source: "UserStatus"},
	}}
	r, err := newUserReader(schema)
	if err != nil {
		t.Fatal(err)
	}
	row, _, err := r.row(&types.UserType{UserStatus: "CONFIRMED", Attributes: attributesOf("sub", "s", "email", "e")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dataflow.Row{map[string]string{"email": "e"}, nil, "s", "CONFIRMED"}, row); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, columns := range [][]dataflow.Column{schema.Columns[:2], schema.Columns[1:], append(schema.Columns[:4:4], dataflow.Column{Name: "n", Type: dataflow.Long, Source: "n"})} {
		if _, err := newUserReader(dataflow.Schema{Columns: columns}); err == nil {
			t.Errorf("a schema that can't hold a user was taken: %v", columns)
		}
	}
}

// attributesIn gives a user's attributes back from a row, with each text in its column's canonical form.
func attributesIn(t fataler, schema dataflow.Schema, row dataflow.Row) map[string]string {
	got := map[string]string{}
	add := func(name, value string) {
		if _, twice := got[name]; twice {
			t.Fatalf("attribute %q is in two places of the row", name)
		}
		got[name] = value
	}
	fields := schema
	fields.Columns = columns(userFields)
	for i, c := range schema.Columns {
		if fields.Index(c.Name) >= 0 {
			continue
		}
		switch v := row[i].(type) {
		case nil:
		case string:
			add(c.Source, v)
		case bool:
			add(c.Source, fmt.Sprint(v))
		case dataflow.Decimal:
			add(c.Source, string(v))
		case time.Time:
			add(c.Source, v.Format(time.RFC3339Nano))
		case map[string]string:
			for name, value := range v {
				add(name, value)
			}
		default:
			t.Fatalf("column %s holds a %T", c.Name, v)
		}
	}
	return got
}

type fataler interface {
	Fatalf(format string, args ...any)
}

// canonical gives the form that an attribute's value has after it went through a column of this type.
// It does not use the parsers' own idea of what they can hold where that can be said otherwise.
func canonical(schema dataflow.Schema, name, value string) string {
	for _, c := range schema.Columns {
		if c.Source != name {
			continue
		}
		switch c.Type {
		case dataflow.String, dataflow.Boolean, dataflow.Long, dataflow.TextMap: // as it came
		case dataflow.Number:
			if d, ok := dataflow.ParseDecimal(value); ok {
				return string(d)
			}
		case dataflow.Timestamp:
			if at, ok := ParseTimestamp(value); ok {
				return at.Format(time.RFC3339Nano)
			}
		}
	}
	return value
}

func TestUserReader_EveryAttributeCanBeReadBackFromTheRow(t *testing.T) {
	r, err := newUserReader(typedSchema)
	if err != nil {
		t.Fatal(err)
	}
	names := rapid.SampledFrom([]string{"custom:text", "custom:number", "custom:date", "custom:flag", "identities", "email", "Username", "custom:Text", "", "other_attributes"})
	values := rapid.OneOf(rapid.String(), rapid.StringMatching(`-?[0-9]{0,31}(\.[0-9]{0,10})?`), rapid.SampledFrom([]string{"true", "false", "2024-05-01T10:00:00+01:00", "null"}))
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(names, values).Draw(t, "attributes")
		want["sub"] = "s"
		var attributes []types.AttributeType
		for name, value := range want {
			attributes = append(attributes, types.AttributeType{Name: aws.String(name), Value: aws.String(value)})
			want[name] = canonical(typedSchema, name, value)
		}
		row, _, err := r.row(&types.UserType{Attributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, attributesIn(t, typedSchema, row)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestScan_HostileUsersComeBackWhole(t *testing.T) {
	s := cognitotest.New(cognitotest.Options{})
	handle := s.AddPool(cognitotest.Pool{ID: testPoolID, Schema: cognitotest.DefaultSchema(), Users: cognitotest.Generate(cognitotest.Spec{Seed: 3, Users: 3_000, Hostile: true})})
	p := open(t, keys(s.Start(t)))
	table, err := p.Table(t.Context(), "users")
	if err != nil {
		t.Fatal(err)
	}
	rows, report := scanAll(t, p, table)
	if len(rows) != handle.Len() {
		t.Fatalf("%d rows of %d users", len(rows), handle.Len())
	}
	var kept int64
	for u := range handle.All() {
		row, ok := rows[u.Sub]
		if !ok {
			t.Fatalf("no row of user %s", u.Sub)
		}
		want := map[string]string{}
		for _, a := range u.Attributes {
			want[a.Name] = canonical(table.Schema, a.Name, a.Value)
		}
		if diff := cmp.Diff(want, attributesIn(t, table.Schema, row)); diff != "" {
			t.Fatalf("attributes of user %s (-want +got):\n%s", u.Sub, diff)
		}
		fields := []any{row[table.Schema.Index("username")], row[table.Schema.Index("status")], row[table.Schema.Index("enabled")], row[table.Schema.Index("created_at")], row[table.Schema.Index("updated_at")]}
		if diff := cmp.Diff([]any{u.Username, u.Status, u.Enabled, u.CreatedAt, u.UpdatedAt}, fields); diff != "" {
			t.Fatalf("fields of user %s (-want +got):\n%s", u.Sub, diff)
		}
		other, _ := row[table.Schema.Index("other_attributes")].(map[string]string)
		for name := range other {
			for _, c := range table.Schema.Columns {
				if c.Source == name {
					kept++
				}
			}
		}
		if other != nil && len(other) == 0 {
			t.Fatal("an empty map stands for no other attributes")
		}
	}
	if report.KeptAsText != kept || kept == 0 {
		t.Errorf("%d values were counted as kept as text, want %d", report.KeptAsText, kept)
	}
}

// scanAll reads a table whose key is its first columns. Of rows with one key it gives the newest, and fails when nothing says which that is.
func scanAll(tb testing.TB, p *Pool, table dataflow.SourceTable) (map[string]dataflow.Row, dataflow.ScanReport) {
	tb.Helper()
	var mu sync.Mutex
	rows := map[string]dataflow.Row{}
	version := table.Schema.Index(table.Schema.Version)
	report, err := p.Scan(tb.Context(), table.Key, table.Schema, rowSink(func(row dataflow.Row) error {
		mu.Lock()
		defer mu.Unlock()
		key := ""
		for i, k := range table.Schema.Key {
			if i > 0 {
				key += "\x00"
			}
			key += row[table.Schema.Index(k)].(string)
		}
		if known, twice := rows[key]; twice {
			if version < 0 {
				tb.Errorf("%q came twice", key)
			} else if known[version].(time.Time).After(row[version].(time.Time)) {
				return nil
			}
		}
		rows[key] = row
		return nil
	}))
	if err != nil {
		tb.Fatal(err)
	}
	return rows, report
}
