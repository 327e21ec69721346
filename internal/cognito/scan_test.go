package cognito

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// scanSubs reads the users of a scripted server with no attribute but sub.
func scanSubs(t *testing.T, p *Pool) ([]string, error) {
	t.Helper()
	var subs []string
	_, err := p.Scan(t.Context(), "users", schemaOfUsers(nil), rowSink(func(row dataflow.Row) error {
		subs = append(subs, row[0].(string))
		return nil
	}))
	return subs, err
}

func TestScan_ReadsOnWhenAPageIsShortOrEmptyButCarriesAToken(t *testing.T) {
	var sent []any
	endpoint, _ := script{"ListUsers": func(n int, in map[string]any) answer {
		sent = append(sent, in["PaginationToken"])
		if _, ok := in["AttributesToGet"]; ok || in["Limit"] != 60.0 || in["UserPoolId"] != testPoolID {
			t.Errorf("the request was %v", in)
		}
		return []answer{page("one"), page("two", "a"), page("three"), page(nil, "b", "c")}[n-1]
	}}.start(t)
	subs, err := scanSubs(t, open(t, keys(endpoint)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, subs); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{nil, "one", "two", "three"}, sent); diff != "" {
		t.Errorf("tokens sent (-want +got):\n%s", diff)
	}
}

func TestScan_NeverSendsAnEmptyToken(t *testing.T) {
	endpoint, requests := script{"ListUsers": func(int, map[string]any) answer { return page("", "a") }}.start(t)
	subs, err := scanSubs(t, open(t, keys(endpoint)))
	if err != nil || len(subs) != 1 || requests("ListUsers") != 1 {
		t.Errorf("an empty token ends the list: got %v, %v after %d requests", subs, err, requests("ListUsers"))
	}
}

func TestScan_ATokenThatComesTwiceFails(t *testing.T) {
	for name, tokens := range map[string][]string{"at once": {"a", "a"}, "later": {"a", "b", "c", "a"}} {
		endpoint, requests := script{"ListUsers": func(n int, _ map[string]any) answer {
			return page(tokens[n-1], fmt.Sprint("sub", n))
		}}.start(t)
		_, err := scanSubs(t, open(t, keys(endpoint)))
		if !dataflow.IsCode(err, dataflow.CodeGuard) || !strings.Contains(err.Error(), "ListUsers returned a page token twice") {
			t.Errorf("%s: %v", name, err)
		}
		if requests("ListUsers") != len(tokens) {
			t.Errorf("%s: %d requests, want %d", name, requests("ListUsers"), len(tokens))
		}
	}
}

func TestScan_SaysThatATokenLivesForAnHour(t *testing.T) {
	for _, code := range []string{"InvalidParameterException", "ExpiredCodeException"} {
		endpoint, _ := script{"ListUsers": func(n int, _ map[string]any) answer {
			if n == 1 {
				return page("one", "a")
			}
			return refusal(code, "Invalid pagination token given.")
		}}.start(t)
		_, err := scanSubs(t, open(t, keys(endpoint)))
		if !dataflow.IsCode(err, dataflow.CodeGuard) || !strings.Contains(err.Error(), "A page token lives for one hour") {
			t.Errorf("%s: %v", code, err)
		}
	}
	endpoint, _ := script{"ListUsers": func(int, map[string]any) answer { return refusal("InvalidParameterException", "told") }}.start(t)
	if _, err := scanSubs(t, open(t, keys(endpoint))); strings.Contains(err.Error(), "token") {
		t.Errorf("the first page has no token to blame: %v", err)
	}
}

func TestScan_AnErrorOfPutIsReturnedAsItIsAndEndsTheScan(t *testing.T) {
	full := errors.New("the disk is full")
	for _, key := range []string{"users", "groups", "group_memberships"} {
		endpoint, requests := script{
			"ListUsers":        func(int, map[string]any) answer { return page("more", "a", "b") },
			"ListGroups":       func(int, map[string]any) answer { return answer{200, object{"Groups": []object{{"GroupName": "g"}}}} },
			"ListUsersInGroup": func(int, map[string]any) answer { return page("more", "a", "b") },
		}.start(t)
		p := open(t, keys(endpoint))
		schema := map[string]dataflow.Schema{
			"users": schemaOfUsers(nil), "groups": {Columns: columns(groupFields)}, "group_memberships": {Columns: columns(membershipFields)},
		}[key]
		puts := 0
		_, err := p.Scan(t.Context(), key, schema, rowSink(func(dataflow.Row) error { puts++; return full }))
		if err != full || puts != 1 { //nolint:errorlint // as it is, not wrapped
			t.Errorf("%s: %v after %d rows, want the error itself after one", key, err, puts)
		}
		if n := requests("ListUsers") + requests("ListUsersInGroup"); n > 1 {
			t.Errorf("%s: %d pages were asked for", key, n)
		}
	}
}

func TestScan_AUserWithoutSubFailsAndIsNotLost(t *testing.T) {
	nobody := answer{200, object{"Users": []object{{"Username": "alice@example.com", "Attributes": []object{{"Name": "email", "Value": "alice@example.com"}}}}}}
	for _, key := range []string{"users", "group_memberships"} {
		endpoint, _ := script{
			"ListUsers":        func(int, map[string]any) answer { return nobody },
			"ListGroups":       func(int, map[string]any) answer { return answer{200, object{"Groups": []object{{"GroupName": "g"}}}} },
			"ListUsersInGroup": func(int, map[string]any) answer { return nobody },
		}.start(t)
		p := open(t, keys(endpoint))
		_, err := p.Scan(t.Context(), key, schemaOfUsers(nil), rowSink(func(dataflow.Row) error { return nil }))
		if !dataflow.IsCode(err, dataflow.CodeGuard) || strings.Contains(err.Error(), "alice") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestScan_AGroupDeletedMeanwhileHasNoMembers(t *testing.T) {
	groups := answer{200, object{"Groups": []object{{"GroupName": "gone"}, {"GroupName": "here"}}}}
	members := func(_ int, in map[string]any) answer {
		if in["GroupName"] == "gone" {
			return refusal("ResourceNotFoundException", "Group not found.")
		}
		return page(nil, "a")
	}
	list := func(int, map[string]any) answer { return groups }

	endpoint, _ := script{"ListGroups": list, "ListUsersInGroup": members, "DescribeUserPool": poolAnswer}.start(t)
	var got []dataflow.Row
	p := open(t, keys(endpoint))
	table, err := p.Table(t.Context(), "group_memberships")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Scan(t.Context(), "group_memberships", table.Schema, rowSink(func(r dataflow.Row) error { got = append(got, r); return nil })); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]dataflow.Row{{"here", "a", "a"}}, got); diff != "" {
		t.Errorf("memberships (-want +got):\n%s", diff)
	}

	// The same answer, but for a pool that was deleted: nothing must look as if it had no members.
	endpoint, _ = script{"ListGroups": list, "ListUsersInGroup": members, "DescribeUserPool": func(int, map[string]any) answer {
		return refusal("ResourceNotFoundException", "User pool us-east-1_Example1 does not exist.")
	}}.start(t)
	_, err = open(t, keys(endpoint)).Scan(t.Context(), "group_memberships", table.Schema, rowSink(func(dataflow.Row) error { return nil }))
	if !dataflow.IsCode(err, dataflow.CodeNoSource) {
		t.Errorf("the pool is gone: %v", err)
	}
}

func TestTable_AnUnknownKeyNamesTheKnownOnes(t *testing.T) {
	p := open(t, keys("http://127.0.0.1:1"))
	_, err := p.Table(t.Context(), "teams")
	if !dataflow.IsCode(err, dataflow.CodeInvalid) || !strings.Contains(err.Error(), "The tables are users, groups, group_memberships, user_pool, ") {
		t.Errorf("Table: %v", err)
	}
	if _, err := p.Scan(t.Context(), "teams", dataflow.Schema{}, nil); !dataflow.IsCode(err, dataflow.CodeInvalid) {
		t.Errorf("Scan: %v", err)
	}
}
