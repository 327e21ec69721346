package columnpolicy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var testKey = dataflow.HashKey(strings.Repeat("k", 32))

func hashOf(text string) string {
	mac := hmac.New(sha256.New, testKey)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func users() dataflow.SourceTable {
	return dataflow.SourceTable{Key: "users", Schema: dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "sub", Type: dataflow.String, Source: "sub", Required: true, IsAttribute: true},
			{Name: "enabled", Type: dataflow.Boolean, Source: "Enabled"},
			{Name: "updated_at", Type: dataflow.Timestamp, Source: "UserLastModifiedDate"},
			{Name: "email", Type: dataflow.String, Source: "email", IsAttribute: true},
			{Name: "custom_score", Type: dataflow.Number, Source: "custom:score", IsAttribute: true},
			{Name: "custom_logins", Type: dataflow.Long, Source: "custom:logins", IsAttribute: true},
			{Name: "identities", Type: dataflow.String, Source: "identities", IsAttribute: true, JSON: true},
			{Name: "other_attributes", Type: dataflow.TextMap, Source: "Attributes"},
		},
		Key: []string{"sub"}, Version: "updated_at",
	}}
}

func row() dataflow.Row {
	return dataflow.Row{
		"s-1", true, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "ann@example.com", dataflow.Decimal("1.50"), int64(7),
		`[{"userId":"u-1","issuer":null,"primary":true,"n":12}]`,
		map[string]string{"email": "not@text", "custom:score": "12 points", "custom:new": "x"},
	}
}

func policy(p dataflow.Policy) dataflow.ColumnPolicy { return dataflow.ColumnPolicy{Policy: p} }

func keeping(n int64) dataflow.ColumnPolicy {
	return dataflow.ColumnPolicy{Policy: dataflow.PolicyMask, KeepLast: &n}
}

func given(columns map[string]dataflow.ColumnPolicy, stop dataflow.NewColumns, known ...string) Given {
	return Given{
		Table: users(), Definition: dataflow.TableDefinition{Columns: columns, NewColumns: stop}, Known: known,
		Key: func() (dataflow.HashKey, error) { return testKey, nil },
	}
}

func mustNew(t *testing.T, g Given) *Policies {
	t.Helper()
	p, err := New(g)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// changed gives a row after the policies, by column.
func changed(t *testing.T, p *Policies, row dataflow.Row) map[string]any {
	t.Helper()
	out, err := p.Row(row)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for i, c := range p.Columns().Columns {
		all[c.Name] = out[i]
	}
	return all
}

func TestPolicies_ChangeARow(t *testing.T) {
	p := mustNew(t, given(map[string]dataflow.ColumnPolicy{
		"sub": policy(dataflow.PolicyHash), "email": keeping(4), "custom_score": policy(dataflow.PolicyHash), "custom_logins": policy(dataflow.PolicyDrop),
		"enabled": policy(dataflow.PolicyHash), "identities.userId": policy(dataflow.PolicyHash), "identities.n": policy(dataflow.PolicyMask),
	}, ""))
	want := map[string]any{
		"sub_hashed": hashOf("s-1"), "enabled_hashed": hashOf("true"), "updated_at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"email": "********.com", "custom_score_hashed": hashOf("1.5"),
		"identities":       `[{"issuer":null,"n":"********","primary":true,"userId_hashed":"` + hashOf("u-1") + `"}]`,
		"other_attributes": map[string]string{"email": "********text", "custom:score_hashed": hashOf("12 points"), "custom:new": "x"},
	}
	if diff := cmp.Diff(want, changed(t, p, row())); diff != "" {
		t.Errorf("the row differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sub_hashed"}, p.Columns().Key); diff != "" {
		t.Errorf("the key differs (-want +got):\n%s", diff)
	}
	if p.Columns().Version != "updated_at" {
		t.Errorf("the version is %q", p.Columns().Version)
	}
	if p.HashKey() != testKey.Fingerprint() {
		t.Errorf("the key's fingerprint is %q", p.HashKey())
	}
	empty := changed(t, p, dataflow.Row{"s-2", nil, nil, "", nil, nil, nil, nil})
	if diff := cmp.Diff(map[string]any{
		"sub_hashed": hashOf("s-2"), "enabled_hashed": nil, "updated_at": nil, "email": "********", "custom_score_hashed": nil, "identities": nil, "other_attributes": nil,
	}, empty); diff != "" {
		t.Errorf("a row of absent values differs (-want +got):\n%s", diff)
	}
}

func TestPolicies_GiveAHashANameOfItsOwn(t *testing.T) {
	g := given(map[string]dataflow.ColumnPolicy{"email": policy(dataflow.PolicyHash)}, "")
	g.Table.Schema.Columns[5] = dataflow.Column{Name: "email_hashed", Type: dataflow.String, Source: "custom:of the pool's own", IsAttribute: true}
	got := names(mustNew(t, g).Columns())
	if diff := cmp.Diff([]string{"sub", "enabled", "updated_at", "email_hashed_hashed", "custom_score", "email_hashed", "identities", "other_attributes"}, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestPolicies_AreNoneWhereNothingIsAsked(t *testing.T) {
	if p := mustNew(t, given(nil, dataflow.NewColumnsLoad)); p != nil {
		t.Errorf("there are %+v", p)
	}
}

func TestPolicies_LeaveJSONThatTheyDoNotTouchAsItIsToTheByte(t *testing.T) {
	p := mustNew(t, given(map[string]dataflow.ColumnPolicy{"email": policy(dataflow.PolicyDrop)}, ""))
	for text, want := range map[string]any{
		`{"b": 1, "a": [ 2.50 ]}`:                   `{"b": 1, "a": [ 2.50 ]}`,
		`not JSON`:                                  `not JSON`,
		`{"a":{"email":"x"},"b":1}`:                 `{"a":{},"b":1}`,
		`{"a":{"em\u0061il":"x"}}`:                  `{"a":{}}`,
		`{"a":{"email":"x"},"a":1}`:                 `{"a":1}`, // the name twice: nothing hides behind the second
		`[{"email":null},{"EMAIL":"x","z":"<&>ü"}]`: `[{},{"z":"<&>ü"}]`,
	} {
		r := row()
		r[6] = text
		if got := changed(t, p, r)["identities"]; got != want {
			t.Errorf("%s became %v, want %v", text, got, want)
		}
	}
}

func TestPolicies_OfAMemberLeaveNothingOfWhatIsNoJSON(t *testing.T) {
	p := mustNew(t, given(map[string]dataflow.ColumnPolicy{"identities.userId": policy(dataflow.PolicyDrop)}, ""))
	r := row()
	r[6] = `userId: u-1`
	if got := changed(t, p, r)["identities"]; got != nil {
		t.Errorf("it became %v", got)
	}
}

func TestMask_KeepsTheLastCharactersThatPeopleSee(t *testing.T) {
	for _, test := range []struct {
		text string
		keep int64
		want string
	}{
		{"", 0, "********"}, {"", 4, "********"}, {"1", 0, "********"}, {"+4917012345678", 4, "********5678"},
		{"1234", 4, "********"}, {"12345", 4, "********2345"}, {"123", 4, "********"},
		{"ääää", 4, "********"}, {"aä🏳️‍🌈é", 2, "********🏳️‍🌈é"}, {"🏳️‍🌈🏳️‍🌈", 2, "********"}, {"abc", 2, "********bc"}, {strings.Repeat("x", 5000) + "yz", 3, "********xyz"},
		{"ab\xff", 1, "********\xff"},
	} {
		if got := mask(test.text, test.keep); got != test.want {
			t.Errorf("the last %d of %q: %q, want %q", test.keep, test.text, got, test.want)
		}
	}
}

func TestNewColumns(t *testing.T) {
	everyOldColumn := []string{"sub", "enabled", "updated_at", "email", "custom_score", "identities", "other_attributes"}

	p := mustNew(t, given(map[string]dataflow.ColumnPolicy{"custom_score": policy(dataflow.PolicyLoad)}, dataflow.NewColumnsDrop))
	if diff := cmp.Diff(append(everyOldColumn[:5:5], "custom_logins", "identities", "other_attributes"), p.Known()); diff != "" {
		t.Errorf("what the first import knows (-want +got):\n%s", diff)
	}

	p = mustNew(t, given(nil, dataflow.NewColumnsDrop, everyOldColumn...))
	got := changed(t, p, row())
	if _, loaded := got["custom_logins"]; loaded {
		t.Error("the new column is loaded")
	}
	if diff := cmp.Diff(map[string]string{"email": "not@text", "custom:score": "12 points"}, got["other_attributes"]); diff != "" {
		t.Errorf("attributes without a column (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(everyOldColumn, p.Known()); diff != "" {
		t.Errorf("what is known after a new column was left out (-want +got):\n%s", diff)
	}

	_, err := New(given(nil, dataflow.NewColumnsFail, everyOldColumn...))
	if !dataflow.IsCode(err, dataflow.CodeInvalid) || !strings.Contains(err.Error(), "the source has got custom_logins since") {
		t.Errorf("a new column: %v", err)
	}

	p = mustNew(t, given(map[string]dataflow.ColumnPolicy{"custom_logins": policy(dataflow.PolicyHash)}, dataflow.NewColumnsFail, everyOldColumn...))
	if _, err := p.Row(row()); !dataflow.IsCode(err, dataflow.CodeInvalid) || !strings.Contains(err.Error(), "custom:new") {
		t.Errorf("an attribute without a column: %v", err)
	}

	// A name that no column has yet is for one that comes, and for an attribute that comes while the pool is read.
	p = mustNew(t, given(map[string]dataflow.ColumnPolicy{"custom_new": policy(dataflow.PolicyHash)}, dataflow.NewColumnsDrop))
	if diff := cmp.Diff(hashOf("x"), changed(t, p, row())["other_attributes"].(map[string]string)["custom:new_hashed"]); diff != "" {
		t.Errorf("an attribute that comes meanwhile (-want +got):\n%s", diff)
	}
}

func TestDigest_FollowsPoliciesAndKey(t *testing.T) {
	hash := map[string]dataflow.ColumnPolicy{"email": policy(dataflow.PolicyHash)}
	one := mustNew(t, given(hash, ""))
	another := given(hash, "")
	another.Key = func() (dataflow.HashKey, error) { return dataflow.HashKey(strings.Repeat("x", 32)), nil }
	for name, p := range map[string]*Policies{
		"another key": mustNew(t, another), "another policy": mustNew(t, given(map[string]dataflow.ColumnPolicy{"email": keeping(1)}, "")),
		"new columns": mustNew(t, given(hash, dataflow.NewColumnsDrop)),
	} {
		if p.Digest() == one.Digest() {
			t.Errorf("%s: the digest is the same", name)
		}
	}
	if mustNew(t, given(hash, "")).Digest() != one.Digest() {
		t.Error("the same policies have another digest")
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy dataflow.ColumnPolicy
		want   string // "": nothing
	}{
		{"email", policy("hide"), `there is no policy "hide": they are load, hash, mask, drop`},
		{"email", policy(""), `there is no policy ""`},
		{"email", dataflow.ColumnPolicy{Policy: dataflow.PolicyHash, KeepLast: new(int64)}, `keep_last is for policy = "mask" alone`},
		{"email", keeping(-1), "keep_last is -1, and must be 0 to 16"},
		{"email", keeping(17), "keep_last is 17"},
		{"email", keeping(16), ""},
		{"sub", policy(dataflow.PolicyDrop), "it is the table's key"},
		{"sub", policy(dataflow.PolicyMask), "it is the table's key"},
		{"SUB", policy(dataflow.PolicyHash), `the column is called "sub"`},
		{"sub", policy(dataflow.PolicyHash), ""},
		{"updated_at", policy(dataflow.PolicyHash), "it tells which of two rows"},
		{"updated_at", policy(dataflow.PolicyLoad), ""},
		{"other_attributes", policy(dataflow.PolicyHash), `it is a map: drop it, or name what is in it: "other_attributes.NAME"`},
		{"other_attributes", policy(dataflow.PolicyDrop), ""},
		{"other_attributes.custom:old", policy(dataflow.PolicyHash), ""},
		{"custom_score", policy(dataflow.PolicyMask), "its type is decimal(38,9), and only text can be masked"},
		{"email.local", policy(dataflow.PolicyDrop), "column email is neither JSON text nor a map"},
		{"emial", policy(dataflow.PolicyDrop), "the table has no such column: it has sub, enabled, updated_at, email,"},
		{"identities.", policy(dataflow.PolicyDrop), "the table has no such column"},
	} {
		got := Check("users", users().Schema, false, dataflow.TableDefinition{Columns: map[string]dataflow.ColumnPolicy{test.name: test.policy}})
		switch {
		case test.want == "" && len(got) > 0:
			t.Errorf("%s: %v", test.name, got[0])
		case test.want != "" && (len(got) != 1 || !strings.Contains(got[0].Error(), test.want) || got[0].Column != test.name):
			t.Errorf("%s: %v, want %q", test.name, got, test.want)
		}
	}
	twice := Check("users", users().Schema, false, dataflow.TableDefinition{Columns: map[string]dataflow.ColumnPolicy{"Email": keeping(1), "email": keeping(1)}})
	if len(twice) != 2 || twice[0].Error() != `the column is called "email"` || twice[1].Column != "email" || twice[1].Error() != `it is the same column as "Email"` {
		t.Errorf("a column twice: %v", twice)
	}
	if got := Check("users", users().Schema, true, dataflow.TableDefinition{Columns: map[string]dataflow.ColumnPolicy{"custom_later": keeping(1)}}); got != nil {
		t.Errorf("a column that may come: %v", got)
	}
}
