package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/provider"
)

// core does with resources what Terraform's core does (refresh, plan, apply, destroy), over the protocol and in the test's own process:
// a command takes milliseconds, so that a test can try every way in which something can be wrong. Each command has a provider of its own.
// It keeps the same promises as a CLI: a plan begins with a refresh, nothing is applied after an error, what fails to be created is tainted.
type core struct {
	*world
	wire    protocol
	schemas map[string]*tfprotov6.Schema
	config  []declared
	objects map[string]object // by type
}

// declared is a resource of the configuration; there is one of a type at most.
type declared struct{ kind, arguments string }

// object is a resource in the state.
type object struct {
	value   cty.Value
	private []byte
	tainted bool
}

// reported is what a command reported: "summary: detail" for each diagnostic.
type reported struct {
	errors, warnings []string
	planned          []string // the types with a change
}

// newCore gives a core whose configuration is the world's connector and a dataflow with these arguments.
func newCore(t *testing.T, w *world, arguments string) *core {
	t.Helper()
	c := &core{world: w, wire: newProtocol(t), schemas: map[string]*tfprotov6.Schema{}, objects: map[string]object{}}
	response, err := c.wire.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	w.must(err)
	for name, schema := range response.ResourceSchemas {
		c.schemas[name], c.wire.types[name] = schema, ctyType(t, schema.ValueType())
	}
	c.declare(arguments)
	return c
}

// declare gives the dataflow these arguments.
func (c *core) declare(arguments string) {
	c.config = []declared{
		{connectorType, fmt.Sprintf("name = \"App\"\nuser_pool_id = %q\naccess_key_id = %q\nsecret_access_key_wo = %q\nsecret_access_key_wo_version = 1\nendpoint = %q\nmax_requests_per_second = 10000\n",
			c.poolID, testKeyID, testSecret, c.endpoint)},
		{dataflowType, "name = \"Customers\"\nconnector_id = \"App\"\n" + arguments + "\n"},
	}
}

// begin starts a provider, as a CLI does for each command.
func (c *core) begin() {
	c.wire.server = providerserver.NewProtocol6(provider.New("test")())()
	response, err := c.wire.server.ConfigureProvider(c.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.0", Config: c.wire.config(c.t, "provider", c.settings(), nil),
	})
	c.must(err)
	if len(response.Diagnostics) > 0 {
		c.t.Fatal(response.Diagnostics[0].Detail)
	}
}

// refresh is `terraform apply -refresh-only`.
func (c *core) refresh() reported {
	c.begin()
	var r reported
	c.read(&r)
	return r
}

// plan is `terraform plan`.
func (c *core) plan() reported {
	c.begin()
	var r reported
	c.change(&r, false)
	return r
}

// apply is `terraform apply`.
func (c *core) apply() reported {
	c.begin()
	var r reported
	c.change(&r, true)
	return r
}

// destroy is `terraform destroy`.
func (c *core) destroy() reported {
	c.begin()
	var r reported
	c.read(&r)
	for i := len(c.config) - 1; i >= 0 && len(r.errors) == 0; i-- {
		c.remove(&r, c.config[i].kind)
	}
	r.warnings = slices.DeleteFunc(r.warnings, func(w string) bool { return strings.HasPrefix(w, "Tables will be dropped: ") }) // see TestPlan_OfADestroy
	return r
}

func (c *core) read(r *reported) {
	for _, d := range c.config {
		o, found := c.objects[d.kind]
		if !found {
			continue
		}
		response, err := c.wire.server.ReadResource(c.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: d.kind, CurrentState: c.encode(d.kind, o.value), Private: o.private})
		c.must(err)
		if r.note(response.Diagnostics) {
			continue
		}
		c.keep(d.kind, response.NewState, response.Private, o.tainted)
	}
}

// keep puts an object into the state, or takes it out.
func (c *core) keep(kind string, state *tfprotov6.DynamicValue, private []byte, tainted bool) {
	value, err := msgpack.Unmarshal(state.MsgPack, c.wire.types[kind])
	c.must(err)
	if value.IsNull() {
		delete(c.objects, kind)
		return
	}
	c.objects[kind] = object{value, private, tainted}
}

func (c *core) change(r *reported, apply bool) {
	c.read(r)
	for _, d := range c.config {
		if len(r.errors) > 0 {
			return
		}
		c.changeOne(r, d, apply)
	}
}

func (c *core) changeOne(r *reported, d declared, apply bool) {
	config, err := msgpack.Unmarshal(c.wire.config(c.t, d.kind, d.arguments, nil).MsgPack, c.wire.types[d.kind])
	c.must(err)
	prior, found := c.objects[d.kind]
	if !found {
		prior.value = cty.NullVal(c.wire.types[d.kind])
	}
	planned := c.planOne(r, d.kind, prior, config)
	if planned == nil {
		return
	}
	if found && (prior.tainted || len(planned.RequiresReplace) > 0) {
		r.planned = append(r.planned, d.kind)
		if !apply {
			return
		}
		if c.remove(r, d.kind); len(r.errors) > 0 {
			return
		}
		prior = object{value: cty.NullVal(c.wire.types[d.kind])}
		if planned = c.planOne(r, d.kind, prior, config); planned == nil {
			return
		}
	} else {
		value, err := msgpack.Unmarshal(planned.PlannedState.MsgPack, c.wire.types[d.kind])
		c.must(err)
		if value.RawEquals(prior.value) {
			return
		}
		r.planned = append(r.planned, d.kind)
		if !apply {
			return
		}
	}
	response, err := c.wire.server.ApplyResourceChange(c.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: d.kind, PriorState: c.encode(d.kind, prior.value), PlannedState: planned.PlannedState, Config: c.encode(d.kind, config), PlannedPrivate: planned.PlannedPrivate,
	})
	c.must(err)
	failed := r.note(response.Diagnostics)
	c.keep(d.kind, response.NewState, response.Private, failed && prior.value.IsNull())
}

// planOne plans an object; nil after an error.
func (c *core) planOne(r *reported, kind string, prior object, config cty.Value) *tfprotov6.PlanResourceChangeResponse {
	response, err := c.wire.server.PlanResourceChange(c.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, PriorState: c.encode(kind, prior.value), Config: c.encode(kind, config), PriorPrivate: prior.private,
		ProposedNewState: c.encode(kind, proposed(c.schemas[kind].Block.Attributes, prior.value, config)),
	})
	c.must(err)
	if r.note(response.Diagnostics) {
		return nil
	}
	return response
}

func (c *core) remove(r *reported, kind string) {
	o, found := c.objects[kind]
	if !found {
		return
	}
	none := c.encode(kind, cty.NullVal(c.wire.types[kind]))
	planned, err := c.wire.server.PlanResourceChange(c.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, PriorState: c.encode(kind, o.value), ProposedNewState: none, Config: none, PriorPrivate: o.private,
	})
	c.must(err)
	if r.note(planned.Diagnostics) {
		return
	}
	response, err := c.wire.server.ApplyResourceChange(c.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: kind, PriorState: c.encode(kind, o.value), PlannedState: none, Config: none, PlannedPrivate: planned.PlannedPrivate,
	})
	c.must(err)
	r.note(response.Diagnostics)
	c.keep(kind, response.NewState, response.Private, o.tainted)
}

func (c *core) encode(kind string, value cty.Value) *tfprotov6.DynamicValue {
	return dynamic(c.t, value, c.wire.types[kind])
}

// note keeps what was said, and says whether there was an error.
func (r *reported) note(diagnostics []*tfprotov6.Diagnostic) (failed bool) {
	for _, d := range diagnostics {
		said := d.Summary + ": " + d.Detail
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			r.errors, failed = append(r.errors, said), true
		} else {
			r.warnings = append(r.warnings, said)
		}
	}
	return failed
}

// proposed merges the configuration with what was computed before, as a CLI does before it asks for a plan.
// Source: https://github.com/hashicorp/terraform/blob/main/docs/resource-instance-change-lifecycle.md#planresourcechange
func proposed(attributes []*tfprotov6.SchemaAttribute, prior, config cty.Value) cty.Value {
	values := map[string]cty.Value{}
	for _, a := range attributes {
		given := config.GetAttr(a.Name)
		before := cty.NullVal(given.Type())
		if !prior.IsNull() {
			before = prior.GetAttr(a.Name)
		}
		switch {
		case a.WriteOnly:
			given = cty.NullVal(given.Type())
		case given.IsNull() && a.Computed:
			given = before
		case given.IsNull() || a.NestedType == nil:
		case a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			given = proposed(a.NestedType.Attributes, before, given)
		case a.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeMap && given.LengthInt() > 0:
			elements := given.AsValueMap()
			for key, element := range elements {
				inner := cty.NullVal(element.Type())
				if !before.IsNull() && before.HasIndex(cty.StringVal(key)).True() {
					inner = before.Index(cty.StringVal(key))
				}
				elements[key] = proposed(a.NestedType.Attributes, inner, element)
			}
			given = cty.MapVal(elements)
		}
		values[a.Name] = given
	}
	return cty.ObjectVal(values)
}

// attribute gives a value of the dataflow in the state as text; "null" when it has none.
func (c *core) attribute(path ...string) string {
	c.t.Helper()
	return c.attributeOf(dataflowType, path...)
}

// attributeOf gives a value of an object in the state as text; "null" when it has none.
func (c *core) attributeOf(kind string, path ...string) string {
	c.t.Helper()
	o, found := c.objects[kind]
	if !found {
		return "no " + kind
	}
	value := o.value
	for _, name := range path {
		if value.IsNull() {
			break
		}
		if value.Type().IsMapType() {
			if !value.HasIndex(cty.StringVal(name)).True() {
				return "null"
			}
			value = value.Index(cty.StringVal(name))
		} else {
			value = value.GetAttr(name)
		}
	}
	switch {
	case value.IsNull():
		return "null"
	case value.Type() == cty.Number:
		return value.AsBigFloat().Text('f', -1)
	case value.Type() == cty.Bool:
		return fmt.Sprint(value.True())
	default:
		return value.AsString()
	}
}

// succeeds expects that a command said nothing, and which types it planned to change.
func (c *core) succeeds(what string, r reported, planned ...string) {
	c.t.Helper()
	if len(r.errors)+len(r.warnings) > 0 {
		c.t.Errorf("%s said:\n%s", what, strings.Join(append(r.errors, r.warnings...), "\n"))
	}
	c.plans(what, r, planned...)
}

func (c *core) plans(what string, r reported, planned ...string) {
	c.t.Helper()
	if diff := cmp.Diff(planned, r.planned); diff != "" {
		c.t.Errorf("%s planned (-want +got):\n%s", what, diff)
	}
}

// fails expects that a command ended with exactly these errors.
func (c *core) fails(what string, r reported, want ...string) {
	c.t.Helper()
	if !slices.Equal(want, r.errors) {
		c.t.Errorf("%s said\n%s\nwant\n%s", what, strings.Join(r.errors, "\n"), strings.Join(want, "\n"))
	}
}

func TestCore_DoesWhatACLIDoes(t *testing.T) {
	w := newWorld(t, 20)
	c := newCore(t, w, allTables)
	c.succeeds("apply", c.apply(), connectorType, dataflowType)
	c.succeeds("plan", c.plan())
	if run, rows := c.attribute("current_run"), c.attribute("table_details", "users", "total_records"); run != "1" || rows != "20" {
		t.Errorf("run %s with %s users", run, rows)
	}
	c.declare(allTables + "\nrefresh_triggers = { build = \"2\" }")
	c.succeeds("plan", c.plan(), dataflowType)
	c.succeeds("apply", c.apply(), dataflowType)
	c.succeeds("plan", c.plan())
	w.deny("ListUsers")
	c.declare(allTables + "\nrefresh_triggers = { build = \"3\" }")
	if r := c.apply(); len(r.errors) != 1 || !strings.HasPrefix(r.errors[0], `Import failed: Run 3 of dataflow "Customers" failed: user pool us-east-1_Test12345: check: the credentials lack 1 permission: cognito-idp:ListUsers (users). `) {
		t.Errorf("apply said %q", r.errors)
	}
	c.succeeds("plan", c.plan(), dataflowType)
	c.succeeds("destroy", c.destroy())
	w.equalTables()
	if _, err := w.ledger().Connector(context.Background(), "App"); err == nil {
		t.Error("the connector is still there")
	}
}
