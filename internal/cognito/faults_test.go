package cognito

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// threeInTen lets three requests in ten fail, in every way in which one can, and many pages be short or empty.
func threeInTen(seed uint64, onRequest func(op string, n int)) cognitotest.Options {
	return cognitotest.Options{
		Seed: seed, OnRequest: onRequest, Pages: cognitotest.Pages{Short: 0.2, Empty: 0.1},
		Faults: cognitotest.Faults{InternalError: 0.06, Unavailable: 0.06, Throttled: 0.06, Dropped: 0.06, Truncated: 0.06},
	}
}

// differs says where a row is not the one of a user.
func differs(t *testing.T, schema dataflow.Schema, u cognitotest.User, row dataflow.Row) string {
	t.Helper()
	attributes := map[string]string{}
	for _, a := range u.Attributes {
		attributes[a.Name] = canonical(schema, a.Name, a.Value)
	}
	var fields []any
	for _, f := range userFields {
		fields = append(fields, row[schema.Index(f.Name)])
	}
	return cmp.Diff(attributes, attributesIn(t, schema, row)) +
		cmp.Diff([]any{u.Username, u.Status, u.Enabled, u.CreatedAt, u.UpdatedAt}, fields)
}

// restlessPool is a pool that changes with every page that is asked for: somebody is created, somebody is changed and somebody is deleted.
// Two in three of those who are there when it begins are never touched.
type restlessPool struct {
	handle *cognitotest.PoolHandle
	began  []cognitotest.User

	mu     sync.Mutex
	steps  int
	states map[string][]cognitotest.User // of the users that are touched, oldest first
	gone   map[string]bool
}

// remember takes down who is there, before the pool begins to change.
func (r *restlessPool) remember(handle *cognitotest.PoolHandle) {
	r.handle, r.began = handle, slices.Collect(handle.All())
	r.states, r.gone = map[string][]cognitotest.User{}, map[string]bool{}
}

func (r *restlessPool) step(op string, _ int) {
	if op != "ListUsers" && op != "ListUsersInGroup" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.steps
	r.steps++
	r.put(cognitotest.User{Sub: fmt.Sprintf("%08x-0000-4000-8000-%012x", mixed(n), n), Username: fmt.Sprint("new", n), Status: "CONFIRMED"})
	if 6*n+3 >= len(r.began) {
		return
	}
	leaves := r.began[6*n].Sub
	r.states[leaves], r.gone[leaves] = []cognitotest.User{r.began[6*n]}, true
	r.handle.Delete(leaves)
	changes := r.began[6*n+3]
	r.states[changes.Sub] = []cognitotest.User{changes}
	changes.Enabled, changes.UpdatedAt = !changes.Enabled, changes.UpdatedAt.AddDate(10, 0, 0)
	r.put(changes)
}

func (r *restlessPool) put(u cognitotest.User) {
	r.handle.Put(u)
	u, _ = r.handle.User(u.Sub)
	r.states[u.Sub] = append(r.states[u.Sub], u)
}

func TestScan_IsExactWhileThreeRequestsInTenFail(t *testing.T) {
	s, handle, p := service(t, threeInTen(7, nil), cognitotest.Spec{Seed: 7, Users: 6_000, Groups: 20, Hostile: true})
	table := described(t, p, "users")
	rows, _ := scanAll(t, p, table)
	for u := range handle.All() {
		row, ok := rows[u.Sub]
		if !ok {
			t.Fatalf("no row of user %s", u.Sub)
		}
		if diff := differs(t, table.Schema, u, row); diff != "" {
			t.Fatalf("user %s (-want +got):\n%s", u.Sub, diff)
		}
	}
	if len(rows) != handle.Len() {
		t.Errorf("%d rows of %d users", len(rows), handle.Len())
	}
	comparesTables(t, handle, p)
	stats := s.Stats()
	if share := float64(stats.Faults.Total()) / float64(stats.Requests); share < 0.25 || share > 0.35 {
		t.Errorf("%.2f of the requests failed: the test has lost its subject", share)
	}
	if list := stats.Calls["ListUsers"]; list < 300 {
		t.Errorf("%d pages: the scan was not divided", list)
	}
}

func TestScan_IsExactForWhoStaysWhileRequestsFailAndOthersComeChangeAndGo(t *testing.T) {
	r := &restlessPool{}
	_, handle, p := service(t, threeInTen(8, r.step), cognitotest.Spec{Seed: 8, Users: 6_000, Groups: 2, Hostile: true})
	r.remember(handle)
	table := described(t, p, "users")
	rows, _ := scanAll(t, p, table)

	for _, u := range r.began {
		row, ok := rows[u.Sub]
		if !ok && !r.gone[u.Sub] {
			t.Fatalf("no row of user %s, who was there throughout", u.Sub)
		}
		if _, touched := r.states[u.Sub]; touched {
			continue
		}
		if diff := differs(t, table.Schema, u, row); diff != "" {
			t.Fatalf("user %s, whom nobody touched (-want +got):\n%s", u.Sub, diff)
		}
		delete(rows, u.Sub)
	}
	for sub, row := range rows { // of who was touched, and nobody else
		if !slices.ContainsFunc(r.states[sub], func(u cognitotest.User) bool { return differs(t, table.Schema, u, row) == "" }) {
			t.Fatalf("the row of user %s is none that there was: %v", sub, row)
		}
	}
	if r.steps < 200 || len(r.gone) < 200 {
		t.Errorf("%d changes of which %d are deletions: the test has lost its subject", r.steps, len(r.gone))
	}
}

func TestScan_OfMembersIsExactForWhoStaysWhileRequestsFailAndOthersComeAndGo(t *testing.T) {
	r := &restlessPool{}
	var step func(op string, n int)
	_, handle, p := service(t, threeInTen(9, func(op string, n int) { step(op, n) }), cognitotest.Spec{Seed: 9, Users: 6_000, Groups: 20})
	r.remember(handle)
	var names []string
	for g := range handle.Groups() {
		names = append(names, g.Name)
	}
	step = func(op string, n int) {
		r.step(op, n)
		if op == "ListUsersInGroup" {
			r.mu.Lock()
			defer r.mu.Unlock()
			newest := fmt.Sprintf("%08x-0000-4000-8000-%012x", mixed(r.steps-1), r.steps-1)
			handle.Join(names[n%len(names)], newest)
		}
	}
	began := map[string]dataflow.Row{}
	for m := range handle.Memberships() {
		began[m.Group+"\x00"+m.User.Sub] = dataflow.Row{m.Group, m.User.Sub, m.User.Username}
	}
	rows, _ := scanAll(t, p, described(t, p, "group_memberships"))

	for key, want := range began {
		row, ok := rows[key]
		if !ok && r.gone[want[1].(string)] {
			continue
		}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Fatalf("membership %q (-want +got):\n%s", key, diff)
		}
		delete(rows, key)
	}
	for key, row := range rows {
		if states := r.states[row[1].(string)]; len(states) != 1 || states[0].Username != row[2] {
			t.Fatalf("nobody has joined as %q: %v", key, row)
		}
	}
	if len(rows) == 0 || len(r.gone) < 100 {
		t.Errorf("%d joined and %d went: the test has lost its subject", len(rows), len(r.gone))
	}
}
