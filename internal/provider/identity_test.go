package provider_test

import (
	"strconv"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"
)

func TestIdentity_IsTheNameAndImportsByIt(t *testing.T) {
	w := newWorld(t, 10)
	byIdentity := func(address string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity}
	}
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: w.dataflow(allTables), ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectIdentity(customers, map[string]knownvalue.Check{"id": knownvalue.StringExact("Customers")}),
				statecheck.ExpectIdentity(app, map[string]knownvalue.Check{"id": knownvalue.StringExact("App")}),
			}},
			byIdentity(customers), byIdentity(app), // the framework expects an import that changes nothing
		},
	})
}

// importInto is an import block: it takes the place of what is in the state.
func (c *core) importInto(kind, id, identity string) reported {
	c.t.Helper()
	c.begin()
	var r reported
	request := &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id}
	identityType := cty.Object(map[string]cty.Type{"id": cty.String})
	if identity != "" {
		request.Identity = &tfprotov6.ResourceIdentityData{IdentityData: dynamic(c.t, cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(identity)}), identityType)}
	}
	response, err := c.wire.server.ImportResourceState(c.t.Context(), request)
	c.must(err)
	if r.note(response.Diagnostics) {
		return r
	}
	imported := response.ImportedResources[0]
	read, err := c.wire.server.ReadResource(c.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: kind, CurrentState: imported.State, Private: imported.Private, CurrentIdentity: imported.Identity,
	})
	c.must(err)
	if r.note(read.Diagnostics) {
		return r
	}
	got, err := msgpack.Unmarshal(read.NewIdentity.IdentityData.MsgPack, identityType)
	c.must(err)
	if name := got.GetAttr("id").AsString(); name != id+identity {
		c.t.Errorf("the identity is %q, want %q", name, id+identity)
	}
	c.keep(kind, read.NewState, read.Private, false)
	return r
}

func TestImport_ByTextAndByIdentityPlansNothing(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	for kind, name := range map[string]string{connectorType: "App", dataflowType: "Customers"} {
		c.succeeds("import by text", c.importInto(kind, name, ""))
		c.succeeds("plan", c.plan())
		c.succeeds("import by identity", c.importInto(kind, "", name))
		c.succeeds("plan", c.plan())
		for _, bad := range []string{"no id", "../" + name, name + "\n", name + "/1"} {
			for _, r := range []reported{c.importInto(kind, bad, ""), c.importInto(kind, "", bad)} {
				c.fails("import", r, sayBadID(bad))
			}
		}
		c.fails("import", c.importInto(kind, "", ""), sayBadID(""))
	}
	c.succeeds("destroy", c.destroy())
}

// A provider of before there were identities has left a state without one.
func TestIdentity_ComesToAStateThatHasNone(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType) // this core keeps no identity
	c.succeeds("refresh", c.refresh())
	c.declare(allTables + "\ndescription = \"changed\"")
	c.succeeds("apply", c.apply(), dataflowType)
}

func TestConnector_TakesAKeyWithoutItsSecretWhileTheVersionStays(t *testing.T) {
	w := newWorld(t, 10)
	c := newCore(t, w, allTables)
	without := func(version string) {
		c.config[0].arguments = "name = \"App\"\nuser_pool_id = \"" + testPoolID + "\"\naccess_key_id = \"" + testKeyID +
			"\"\nsecret_access_key_wo_version = " + version + "\nendpoint = \"" + w.endpoint + "\"\nmax_requests_per_second = 10000\n"
	}
	const sayMissing = "Secret is missing: An access key takes its secret: set secret_access_key_wo. " +
		"It may be left out only while secret_access_key_wo_version stays what it was for a connector that is there."
	without("1")
	c.fails("plan", c.plan(), sayMissing)
	c.declare(allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	without("1")
	c.succeeds("plan", c.plan())
	without("2")
	c.fails("plan", c.plan(), sayMissing)
	without("1")
	c.config[0].arguments += "description = \"the key stays sealed\"\n"
	c.succeeds("apply", c.apply(), connectorType)
	c.config[1].arguments += "refresh_triggers = { build = \"2\" }\n"
	c.succeeds("apply", c.apply(), dataflowType)
}

func sayBadID(id string) string {
	return "Invalid import id: " + strconv.Quote(id) + " is not a valid name: " + sayName + "."
}
