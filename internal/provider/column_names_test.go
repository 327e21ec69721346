package provider_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// usersColumns gives the column of each of these attributes, as user_attributes tells.
func (w *world) usersColumns(attributes ...string) map[string]any {
	found := map[string]any{}
	for _, row := range w.rowsOf("user_attributes") {
		for _, name := range attributes {
			if row["name"] == name {
				found[name] = row["users_column"]
			}
		}
	}
	return found
}

// valuesOf counts the values of a column of users.
func (w *world) valuesOf(column string) map[any]int {
	found := map[any]int{}
	for _, row := range w.rowsOf("users") {
		if value, there := row[column]; there {
			found[value]++
		}
	}
	return found
}

// give gives every user of the pool an attribute.
func (w *world) give(attribute, value string) {
	for user := range w.pool.All() {
		attributes := append(slices.Clone(user.Attributes), cognitotest.AttributeValue{Name: attribute, Value: value})
		user.Attributes = attributes
		w.pool.Put(user)
	}
}

func TestColumn_StaysItsAttributesWhateverThePoolGets(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, "tables = { users = {}, user_attributes = {} }\nrefresh_triggers = { build = \"1\" }")
	for _, name := range []string{"custom:部署", "custom:Tenant"} {
		w.pool.AddCustomAttribute(cognitotest.Attribute{Name: name, Type: "String"})
		w.give(name, "first "+name)
	}
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	first := map[string]any{"custom:部署": "custom_部署", "custom:Tenant": "custom_tenant"}
	if diff := cmp.Diff(first, w.usersColumns("custom:部署", "custom:Tenant")); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	for _, name := range []string{"custom:役職", "custom:tenant"} { // the latter would have had custom_tenant, had it been there from the start
		w.pool.AddCustomAttribute(cognitotest.Attribute{Name: name, Type: "String"})
		w.give(name, "second "+name)
	}
	c.declare("tables = { users = {}, user_attributes = {} }\nrefresh_triggers = { build = \"2\" }")
	c.succeeds("the second apply", c.apply(), dataflowType)
	want := map[string]any{"custom:部署": "custom_部署", "custom:Tenant": "custom_tenant", "custom:役職": "custom_役職", "custom:tenant": "custom_tenant_b351ced9"}
	if diff := cmp.Diff(want, w.usersColumns("custom:部署", "custom:Tenant", "custom:役職", "custom:tenant")); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	for column, value := range map[string]string{
		"custom_部署": "first custom:部署", "custom_tenant": "first custom:Tenant", "custom_役職": "second custom:役職", "custom_tenant_b351ced9": "second custom:tenant",
	} {
		if diff := cmp.Diff(map[any]int{value: 10}, w.valuesOf(column)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", column, diff)
		}
	}
}

func TestUserAttributes_AloneNameTheColumnsThatUsersWouldHave(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, "tables = { user_attributes = {} }")
	w.pool.AddCustomAttribute(cognitotest.Attribute{Name: "custom:部署", Type: "String"})
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	if diff := cmp.Diff(map[string]any{"custom:部署": "custom_部署", "email": "email"}, w.usersColumns("custom:部署", "email")); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}
