package cognitotest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

// A page token opens for the request that it was given for, and says what was sealed. No other text does.
func FuzzToken(f *testing.F) {
	f.Add("", "ListUsers", "", int32(0), int32(0), int32(1))
	f.Add("////", "a", "b", int32(-1), int32(7), int32(2))
	f.Fuzz(func(t *testing.T, text, scope, otherScope string, segment, offset, page int32) {
		now := time.Unix(1_700_000_000, 5)
		s := New(Options{Clock: func() time.Time { return now }})
		want := token{at: cursor{segment, offset}, page: page, issued: now}
		sealed := s.seal(want, scope)
		if got, err := s.open(sealed, scope); err != nil || got.at != want.at || got.page != page || !got.issued.Equal(now) {
			t.Fatalf("%+v came back as %+v, %v", want, got, err)
		}
		if _, err := s.open(text, scope); err == nil {
			t.Fatalf("%q opens", text)
		}
		if _, err := s.open(sealed, otherScope); (err == nil) != (scope == otherScope) {
			t.Fatalf("a token of %q and request %q: %v", scope, otherScope, err)
		}
	})
}

// Whatever a request says, ListUsers answers with JSON, or with an error that Cognito has.
func FuzzListUsers(f *testing.F) {
	const start = `{"UserPoolId":"us-east-1_Example1"`
	for _, rest := range []string{
		`}`, `,"Limit":1}`, `,"Limit":-1}`, `,"PaginationToken":""}`, `,"PaginationToken":"AAAA"}`, `,"Filter":"sub ^= \"0\""}`,
		`,"Filter":"cognito:user_status = \"confirmed\"","Limit":60}`, `,"Filter":"name = \"\\\"\""}`, `,"AttributesToGet":["email"]}`, `,"Filter":1}`, ``,
	} {
		f.Add([]byte(start + rest))
	}
	s := New(Options{Seed: 1, Pages: Pages{Short: 0.2, Empty: 0.2}})
	s.AddPool(Pool{ID: "us-east-1_Example1", Users: Generate(Spec{Seed: 1, Users: 100, Hostile: true})})
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := listUsers(&call{server: s, op: "ListUsers", region: "us-east-1", body: body})
		if err != nil {
			if _, ok := errors.AsType[*apiError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		var page struct {
			Users           []struct{ Username string }
			PaginationToken *string
		}
		if err := json.Unmarshal(out, &page); err != nil || len(page.Users) > maxLimit || (page.PaginationToken != nil && *page.PaginationToken == "") {
			t.Fatalf("%v: %s", err, out)
		}
	})
}
