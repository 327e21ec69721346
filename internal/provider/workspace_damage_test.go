package provider_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// damages are the ways in which a record can be something else than what was written.
var damages = []struct {
	name  string
	do    func(content string) string
	cause func(kind recordKind) string
}{
	{"cut off", func(content string) string { return content[:strings.LastIndexByte(content[:len(content)/2], '\n')] }, func(recordKind) string { return "unexpected end of JSON input" }},
	{"empty", func(string) string { return "" }, func(recordKind) string { return "it is empty" }},
	{"not JSON", func(string) string { return "# merge conflict\n" }, func(recordKind) string { return "invalid character '#' looking for beginning of value" }},
	{"newer", func(content string) string { return replacing(`"format": \d+`, `"format": 9`)(content) }, func(kind recordKind) string {
		newest := 1
		if slices.Contains([]string{"connector", "dataflow", "version", "started", "another run's started"}, kind.name) {
			newest = 2
		}
		return fmt.Sprint("its format is 9, and this version of the provider knows formats up to ", newest)
	}},
	{"another's", nil, func(kind recordKind) string { return kind.strange }},
}

// recordKind is a kind of record, and what a command says that finds one damaged.
type recordKind struct {
	name    string
	path    string // in the workspace; RUN stands for the newest run, VERSION for the newest version of the definition
	summary string // of the error; empty: nothing needs the record, and every command goes on without it
	// another makes a record of another name or run out of one.
	another func(content string) string
	strange string // what is wrong with that
}

func replacing(old, replacement string) func(string) string {
	rule := regexp.MustCompile(old)
	return func(content string) string { return rule.ReplaceAllString(content, replacement) }
}

const ofOrders = `it is the record of dataflow "Orders", which belongs elsewhere`

func recordKinds() []recordKind {
	run := func(name string) string { return "dataflows/customers/runs/RUN/" + name + ".json" }
	another := replacing(`"dataflow": "Customers"`, `"dataflow": "Orders"`)
	return []recordKind{
		{"workspace", "workspace.json", "The workspace can't be used", replacing(`"id": "[^"]*"`, `"id": "somebody's"`), "its id is not a UUID: invalid UUID length: 10"},
		{"connector", "connectors/app.json", "Connector can't be read", replacing(`"name": "App"`, `"name": "Shop"`), `it is the record of connector "Shop", which belongs elsewhere`},
		{"dataflow", "dataflows/customers/definitions/VERSION.json", "Dataflow can't be read", replacing(`"name": "Customers"`, `"name": "Orders"`), ofOrders},
		{"version", "dataflows/customers/definitions/VERSION.json", "Dataflow can't be read", replacing(`"version": \d+`, `"version": 2`), "it is version 2 of the record, which belongs elsewhere"},
		{"started", run("started"), "Dataflow can't be read", another, ofOrders},
		{"finished", run("finished"), "Dataflow can't be read", another, ofOrders},
		{"another run's started", run("started"), "Dataflow can't be read", replacing(`"run": \d+`, `"run": 77`), "it is a record of run 77, which belongs elsewhere"},
		{"another run's finished", run("finished"), "Dataflow can't be read", replacing(`"run": \d+`, `"run": 77`), "it is a record of run 77, which belongs elsewhere"},
		{"heartbeat", run("heartbeat"), "", replacing(`"owner": "[^"]*"`, `"owner": "somebody"`), ""},
		{"decision", run("decision"), "", another, ""},
		{"latest", "dataflows/customers/runs/latest.json", "", replacing(`"run": \d+`, `"run": 77`), ""},
		{"earlier definition", "dataflows/customers/definitions/00000001.json", "", replacing(`"name": "Customers"`, `"name": "Orders"`), ""},
	}
}

const (
	hintRestoreRecord = "It was cut off or changed by something else: restore it from a copy of the workspace."
	hintUpgrade       = "Upgrade the provider to the version that wrote it, or a later one."
)

// twoRuns gives a dataflow after two imports.
func twoRuns(t *testing.T) (*core, *world) {
	t.Helper()
	w := newWorld(t, 10)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	w.evolve(1, 1, 0)()
	c.declare(build(2))
	c.succeeds("the second apply", c.apply(), dataflowType)
	return c, w
}

// build gives a dataflow of two tables its refresh_triggers.
func build(n int) string {
	return fmt.Sprintf("tables = { users = {}, groups = {} }\nrefresh_triggers = { build = \"%d\" }", n)
}

// find gives the path of a record.
func (w *world) find(path string) string {
	w.t.Helper()
	run, err := w.ledger().Latest(w.t.Context(), "Customers")
	w.must(err)
	record, err := w.ledger().Dataflow(w.t.Context(), "Customers")
	w.must(err)
	return filepath.Join(w.folder(), strings.NewReplacer("RUN", fmt.Sprintf("%08d", run), "VERSION", fmt.Sprintf("%08d", record.Version)).Replace(path))
}

// tree gives every file of the workspace with its content, but for SQLite's shared memory, which readers write too.
func (w *world) tree() map[string]string {
	w.t.Helper()
	found := map[string]string{}
	w.must(filepath.WalkDir(w.folder(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "-shm") {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, w.folder()+"/")] = string(content)
		return err
	}))
	return found
}

func (w *world) unchanged(before map[string]string, why string) {
	w.t.Helper()
	after := w.tree()
	for path, content := range before {
		if now, found := after[path]; !found || now != content {
			w.t.Errorf("%s: %s is not as it was (there: %v)", why, path, found)
		}
	}
	for path := range after {
		if _, found := before[path]; !found {
			w.t.Errorf("%s: %s is new", why, path)
		}
	}
}

func TestDamagedRecord_IsNamedAndHarmsNothing(t *testing.T) {
	for _, kind := range recordKinds() {
		t.Run(kind.name, func(t *testing.T) {
			c, w := twoRuns(t)
			for i, damage := range damages {
				do := damage.do
				if do == nil {
					do = kind.another
				}
				path := w.find(kind.path)
				good, err := os.ReadFile(path)
				w.must(err)
				bad := do(string(good))
				if bad == string(good) {
					t.Fatalf("%s: the record is still the good one:\n%s", damage.name, bad)
				}
				rows := w.users()
				w.must(os.WriteFile(path, []byte(bad), 0o600))
				c.declare(build(3 + i))

				if kind.summary == "" {
					c.succeeds(damage.name+": refresh", c.refresh())
					c.succeeds(damage.name+": plan", c.plan(), dataflowType)
					c.succeeds(damage.name+": apply", c.apply(), dataflowType)
					c.succeeds(damage.name+": the plan after it", c.plan())
					w.must(os.WriteFile(path, good, 0o600))
				} else {
					hint := hintRestoreRecord
					if damage.name == "newer" {
						hint = hintUpgrade
					}
					want := fmt.Sprintf("%s: %s: read record: %s. %s", kind.summary, path, damage.cause(kind), hint)
					wants := []string{want}
					if kind.name == "workspace" {
						wants = append(wants, want) // the connector is asked first
					}
					before := w.tree()
					c.fails(damage.name+": refresh", c.refresh(), wants...)
					c.fails(damage.name+": plan", c.plan(), wants...)
					c.fails(damage.name+": apply", c.apply(), wants...)
					c.fails(damage.name+": destroy", c.destroy(), wants...)
					w.unchanged(before, damage.name)

					w.must(os.WriteFile(path, good, 0o600))
					c.succeeds(damage.name+": apply when the record is back", c.apply(), dataflowType)
					c.succeeds(damage.name+": the plan after it", c.plan())
				}
				if diff := cmp.Diff(rows, w.users()); diff != "" {
					t.Fatalf("%s: rows (-before +after):\n%s", damage.name, diff)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}
