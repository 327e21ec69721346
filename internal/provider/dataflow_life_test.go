package provider_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
)

// snapshot is what somebody sees who reads the tables: a line per row, by table, and the users' columns.
type snapshot struct {
	Tables  map[string][]string
	Columns []string
}

// ofPool gives what the tables must hold once they hold the pool as it is now, with these columns of users beside the sub.
func (w *world) ofPool(columns ...string) snapshot {
	tables := map[string][]string{"users": {}, "groups": {}, "group_memberships": {}}
	for u := range w.pool.All() {
		line := []any{u.Sub, u.Username, u.Status, u.Enabled}
		for _, column := range columns {
			var value any // absent is not empty
			if text, ok := u.Attribute(column); ok {
				value = text
			}
			line = append(line, value)
		}
		tables["users"] = append(tables["users"], fmt.Sprintf("%q", line))
	}
	for g := range w.pool.Groups() {
		tables["groups"] = append(tables["groups"], fmt.Sprintf("%q", []any{g.Name}))
	}
	for m := range w.pool.Memberships() {
		tables["group_memberships"] = append(tables["group_memberships"], fmt.Sprintf("%q", []any{m.Group, m.User.Sub}))
	}
	for _, lines := range tables {
		slices.Sort(lines)
	}
	return snapshot{Tables: tables, Columns: columns}
}

// ofTables reads the tables. Of users' columns it gives those of the two attributes that there are.
func (w *world) ofTables() snapshot {
	now := snapshot{Tables: map[string][]string{}}
	ctx := context.Background()
	lake := w.lakehouse()
	users := dataflow.TableID{Database: "customers", Name: "users"}
	names, _, err := lake.Rows(ctx, users, lakehouse.RowsRequest{Limit: 1})
	w.must(err)
	attributes := map[string]string{"email": "email", "custom_team": "custom:team"}
	columns := []string{"sub", "username", "status", "enabled"}
	for _, name := range names {
		if attribute, ok := attributes[name]; ok {
			now.Columns = append(now.Columns, attribute)
			columns = append(columns, name)
		}
	}
	for table, columns := range map[string][]string{"users": columns, "groups": {"group_name"}, "group_memberships": {"group_name", "sub"}} {
		_, rows, err := lake.Rows(ctx, dataflow.TableID{Database: "customers", Name: table}, lakehouse.RowsRequest{Columns: columns})
		w.must(err)
		lines := []string{}
		for _, row := range rows {
			lines = append(lines, fmt.Sprintf("%q", row))
		}
		slices.Sort(lines)
		now.Tables[table] = lines
	}
	return now
}

func (w *world) equalSnapshot(want snapshot) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if diff := cmp.Diff(want, w.ofTables()); diff != "" {
			return fmt.Errorf("the tables differ (-want +got):\n%s", diff)
		}
		return nil
	}
}

// Each step ends in an empty plan: the test framework plans once more after each.
func TestDataflow_ItsLifeFromTheFirstImportToItsRemoval(t *testing.T) {
	w := newWorld(t, 60)
	first := w.ofPool("email")
	var second, third snapshot
	w.run(
		resource.TestStep{Config: w.pinned("1", 0), ConfigStateChecks: totals(1, 1, 60), Check: w.equalSnapshot(first)},
		resource.TestStep{ // users and memberships come, change and go, and there is a new column
			PreConfig: func() {
				w.evolve(5, 4, 3)()
				w.pool.AddCustomAttribute(cognitotest.Attribute{Name: "custom:team", Type: "String", Mutable: true})
				for u := range w.pool.All() {
					u.Attributes = append(slices.Clone(u.Attributes), cognitotest.AttributeValue{Name: "custom:team", Value: "team of " + u.Sub})
					w.pool.Put(u)
					break
				}
				second = w.ofPool("email", "custom:team")
			},
			Config: w.pinned("2", 0), ConfigStateChecks: totals(2, 2, 61),
			Check: func(s *terraform.State) error { return w.equalSnapshot(second)(s) },
		},
		resource.TestStep{Config: w.pinned("2", 1), ConfigStateChecks: totals(1, 3, 60), Check: w.equalSnapshot(first)}, // back
		resource.TestStep{ // forward, while the pool has gone on
			PreConfig: w.evolve(2, 1, 0), Config: w.pinned("2", 2), ConfigStateChecks: totals(2, 4, 61),
			Check: func(s *terraform.State) error { return w.equalSnapshot(second)(s) },
		},
		resource.TestStep{Config: w.pinned("2", 1), ConfigStateChecks: totals(1, 5, 60), Check: w.equalSnapshot(first)},
		resource.TestStep{ // unpinned: the newest import, and no new one
			Config: w.pinned("2", 0), ConfigStateChecks: append(totals(2, 6, 61), is(knownvalue.StringExact("rollback"), "last_run", "kind")),
			Check: func(s *terraform.State) error { return w.equalSnapshot(second)(s) },
		},
		resource.TestStep{
			PreConfig: func() { third = w.ofPool("email", "custom:team") },
			Config:    w.pinned("3", 0), ConfigStateChecks: totals(7, 7, 62),
			Check: func(s *terraform.State) error { return w.equalSnapshot(third)(s) },
		},
		resource.TestStep{Config: w.connector(), Check: func(*terraform.State) error {
			w.equalTables()
			w.equalFiles(nil, "destroyed")
			return nil
		}},
		resource.TestStep{ // a dataflow of the same name goes on numbering
			Config: w.pinned("3", 0), ConfigStateChecks: append(totals(9, 9, 62), []statecheck.StateCheck{is(knownvalue.StringExact("create"), "last_run", "trigger")}...),
			Check: func(s *terraform.State) error { return w.equalSnapshot(third)(s) },
		},
	)
}
