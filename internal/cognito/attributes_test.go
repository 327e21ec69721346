package cognito

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var reservedColumns = []string{"sub", "username", "status", "enabled", "created_at", "updated_at", "identities", "other_attributes"}

func TestNameColumns(t *testing.T) {
	for _, c := range []struct {
		why        string
		attributes []string
		want       map[string]string
	}{
		{"names of AWS's own", []string{"email", "custom:plan", "dev:custom:note"},
			map[string]string{"email": "email", "custom:plan": "custom_plan", "dev:custom:note": "dev_custom_note"}},
		{"lower case, and _ for what a column can't have", []string{"custom:firstName", "custom:a b-c", "custom:Größe"},
			map[string]string{"custom:firstName": "custom_firstname", "custom:a b-c": "custom_a_b_c", "custom:Größe": "custom_größe"}},
		{"letters of any script", []string{"custom:部署", "custom:役職", "custom:отдел", "custom:ΤΜΗΜΑ", "custom:विभाग", "custom:x😀"},
			map[string]string{"custom:部署": "custom_部署", "custom:役職": "custom_役職", "custom:отдел": "custom_отдел", "custom:ΤΜΗΜΑ": "custom_τμημα",
				"custom:विभाग": "custom_विभाग", "custom:x😀": "custom_x_"}},
		{"what looks the same is the same name", []string{"custom:é", "custom:e\u0301"},
			map[string]string{"custom:é": "custom_é", "custom:e\u0301": "custom_é_406831ce"}},
		{"columns that every user has are not an attribute's", []string{"updated_at", "status", "username", "other_attributes", "Enabled"},
			map[string]string{"updated_at": "attribute_updated_at", "status": "attribute_status", "username": "attribute_username", "other_attributes": "attribute_other_attributes", "Enabled": "attribute_enabled"}},
		{"a column begins with a letter", []string{"1st", "_x", "é", "\u0301x"},
			map[string]string{"1st": "attribute_1st", "_x": "attribute__x", "é": "é", "\u0301x": "attribute_\u0301x"}},
		{"of two that come out equal the exact one keeps the name", []string{"custom:plan", "custom:Plan"},
			map[string]string{"custom:plan": "custom_plan", "custom:Plan": "custom_plan_7521067a"}},
		{"of two that both lose something neither does", []string{"custom:planA", "custom:Plana"},
			map[string]string{"custom:planA": "custom_plana_e9955591", "custom:Plana": "custom_plana_0a46faff"}},
		{"a name without a prefix is more exact than one with", []string{"custom:plan", "custom_plan"},
			map[string]string{"custom_plan": "custom_plan", "custom:plan": "custom_plan_8226e0bf"}},
		{"attribute_ may be taken too", []string{"updated_at", "attribute_updated_at"},
			map[string]string{"attribute_updated_at": "attribute_updated_at", "updated_at": "attribute_updated_at_20f1cce2"}},
	} {
		got := nameColumns(c.attributes, reservedColumns)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}

func TestNameColumns_AreUniqueAndIndependentOfOrder(t *testing.T) {
	name := rapid.StringMatching(`(custom:|dev:custom:|)[aAbB_:é]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(name, rapid.ID).Draw(t, "attributes")
		got := nameColumns(names, reservedColumns)
		seen := map[string]string{}
		for _, n := range names {
			column := got[n]
			if column == "" || slices.Contains(reservedColumns, column) || strings.Trim(column, "abcdefghijklmnopqrstuvwxyz0123456789_é") != "" {
				t.Fatalf("%q got the column %q", n, column)
			}
			if other, ok := seen[column]; ok {
				t.Fatalf("%q and %q share the column %q", n, other, column)
			}
			seen[column] = n
		}
		shuffled := slices.Clone(names)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(got, nameColumns(shuffled, reservedColumns)); diff != "" {
			t.Fatalf("another order, other names:\n%s", diff)
		}
	})
}

func schemaAttribute(name string, t types.AttributeDataType) types.SchemaAttributeType {
	return types.SchemaAttributeType{Name: aws.String(name), AttributeDataType: t}
}

func TestSchemaOfUsers_HasATypedColumnPerAttributeInAFixedOrder(t *testing.T) {
	schema := schemaOfUsers([]types.SchemaAttributeType{
		schemaAttribute("dev:custom:note", "String"),
		schemaAttribute("custom:vip", "Boolean"),
		schemaAttribute("custom:joined", "DateTime"),
		schemaAttribute("custom:score", "Number"),
		schemaAttribute("updated_at", "Number"),
		schemaAttribute("sub", "String"),
		schemaAttribute("identities", "String"),
		schemaAttribute("email_verified", "Boolean"),
		schemaAttribute("email", "String"),
		schemaAttribute("custom:new", "Vector"),
		schemaAttribute("email", "Number"),
		{},
	})
	var got []string
	for _, c := range schema.Columns {
		got = append(got, c.Name+" "+string(c.Type)+" "+c.Source)
		if c.Description == "" || c.Source == "" {
			t.Errorf("column %s has no description or no source", c.Name)
		}
		if c.Required != slices.Contains(schema.Key, c.Name) {
			t.Errorf("column %s: Required is %v", c.Name, c.Required)
		}
	}
	want := []string{
		"sub string sub",
		"username string Username",
		"status string UserStatus",
		"enabled boolean Enabled",
		"created_at timestamptz UserCreateDate",
		"updated_at timestamptz UserLastModifiedDate",
		"email string email",
		"email_verified boolean email_verified",
		"attribute_updated_at decimal(38,9) updated_at",
		"custom_joined timestamptz custom:joined",
		"custom_new string custom:new",
		"custom_score decimal(38,9) custom:score",
		"custom_vip boolean custom:vip",
		"dev_custom_note string dev:custom:note",
		"identities string identities",
		"other_attributes map<string,string> Attributes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sub"}, schema.Key); diff != "" || schema.Version != "updated_at" {
		t.Errorf("key %v, version %q", schema.Key, schema.Version)
	}
	if i := schema.Index(schema.Version); schema.Columns[i].Type != dataflow.Timestamp {
		t.Errorf("the version column is a %s", schema.Columns[i].Type)
	}
}
