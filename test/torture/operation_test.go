//go:build torture && linux

package torture

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// operation is what a person does in one round: a change of the pool or of main.tf, and a command.
type operation struct {
	name    string
	config  config
	command []string
	again   []string // what the person does after the kill: the same, or something else that comes to mind
	goal    goal
}

// goal is where the tables must be in the end.
type goal struct {
	what string
	run  int64 // of goalRun
}

const (
	goalFresh = "an import of the pool as it is now"
	goalRun   = "the run"
	goalGone  = "no table"
	goalAny   = "as before, or an import of the pool as it is now" // destroyed, and the person changed their mind
)

var (
	apply   = []string{"apply", "-auto-approve"}
	destroy = []string{"destroy", "-auto-approve"}
)

// names are the names that a table may have. Each is one key's alone: a table keeps its key.
var names = map[string][]string{
	"users": {"users", "people"}, "groups": {"groups", "teams"}, "group_memberships": {"group_memberships", "members"},
}

// choose draws what happens next, and changes the pool accordingly.
func (w *world) choose(rng *rand.Rand) (operation, error) {
	s := w.history.standing()
	o := operation{config: w.config.clone(), command: apply, again: apply, goal: goal{what: goalFresh}}
	if s.current == 0 {
		o.name = "create"
		o.config = config{tables: someTables(rng), build: w.config.build + 1, retain: 2 + rng.Int64N(2)}
		return o, w.change(rng)
	}
	type choice struct {
		weight int
		draw   func() (operation, error)
	}
	imported := func(name string, edit func(c *config), changePool bool) func() (operation, error) {
		return func() (operation, error) {
			o.name = name
			o.config.build++
			edit(&o.config)
			if !changePool {
				return o, nil
			}
			return o, w.change(rng)
		}
	}
	nothing := func(*config) {}
	destroyed := func() (operation, error) { o := w.destroyed(o, rng); return o, nil }
	choices := []choice{
		{28, imported("import", nothing, true)},
		{5, imported("import, unchanged", nothing, false)},
		{9, imported("import, new column", func(*config) { w.widen() }, true)},
		{18, imported("import, other tables", func(c *config) { c.tables = otherTables(c.tables, rng) }, true)},
		{4, imported("import, other retain_runs", func(c *config) { c.retain = 1 + rng.Int64N(4) }, true)},
		{12, destroyed},
	}
	pin := choice{24, func() (operation, error) { return w.pinned(o, s, rng), nil }}
	if len(w.history.imports(s)) < 2 {
		pin.weight = 2 // there is nowhere to go: only the configuration changes
	}
	if w.config.pinned != 0 {
		unpin := func(c *config) { c.pinned = 0 }
		choices = []choice{
			{45, func() (operation, error) { o := w.unpinned(o, s); return o, w.change(rng) }},
			{15, imported("unpin and import", unpin, true)},
			{10, imported("unpin, other tables", func(c *config) { unpin(c); c.tables = otherTables(c.tables, rng) }, true)},
			{10, destroyed},
		}
	}
	choices = append(choices, pin)
	all := 0
	for _, c := range choices {
		all += c.weight
	}
	n := rng.IntN(all)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			return c.draw()
		}
	}
	panic("unreachable")
}

// change lets the pool move on by a day.
func (w *world) change(rng *rand.Rand) error {
	if err := w.pool.evolve(1+rng.IntN(20), rng.IntN(8)); err != nil {
		return err
	}
	return w.pool.remember()
}

func (w *world) widen() {
	if w.pool.custom < maxCustom {
		w.pool.addAttribute()
	}
}

// pinned holds the tables at a run that is kept; with only one there is nowhere to go, and the current one is held.
func (w *world) pinned(o operation, s standing, rng *rand.Rand) operation {
	imports := w.history.imports(s)
	others := slices.DeleteFunc(slices.Clone(imports), func(n int64) bool { return n == s.current })
	o.name, o.config.pinned = "pin the current run", s.current
	if len(others) > 0 {
		o.name, o.config.pinned = "rollback", others[rng.IntN(len(others))]
		if o.config.pinned > s.current {
			o.name = "forward"
		}
	}
	o.goal = goal{what: goalRun, run: o.config.pinned}
	return o
}

// unpinned lets the tables go forward again: to the newest import, or to a new one when that is not what the configuration asks for.
func (w *world) unpinned(o operation, s standing) operation {
	o.name, o.config.pinned = "unpin", 0
	imports := w.history.imports(s)
	newest := imports[len(imports)-1]
	if maps.Equal(w.history.runs[newest-1].tables, o.config.tables) {
		o.goal = goal{what: goalRun, run: newest}
	}
	return o
}

// destroyed takes the dataflow away in one of the ways there are.
func (w *world) destroyed(o operation, rng *rand.Rand) operation {
	o.goal = goal{what: goalGone}
	switch n := rng.IntN(3); {
	case n == 0:
		o.name, o.config.gone = "taken out of the configuration", true
	case n == 1 || w.config.pinned != 0: // a pinned run is gone once its table is: nobody could change their mind
		o.name, o.command, o.again = "destroy", destroy, destroy
	default:
		o.name, o.command = "destroy, then apply", destroy
		o.goal = goal{what: goalAny, run: w.history.standing().current}
	}
	return o
}

func someTables(rng *rand.Rand) map[string]string {
	tables := map[string]string{}
	for len(tables) == 0 {
		for _, key := range slices.Sorted(maps.Keys(names)) {
			if rng.IntN(4) > 0 {
				tables[key] = names[key][0]
			}
		}
	}
	return tables
}

// otherTables takes a table out, puts one back, or gives one its other name.
func otherTables(now map[string]string, rng *rand.Rand) map[string]string {
	tables := maps.Clone(now)
	key := slices.Sorted(maps.Keys(names))[rng.IntN(len(names))]
	name, there := tables[key]
	switch {
	case !there:
		tables[key] = names[key][rng.IntN(2)]
	case rng.IntN(3) == 0 || len(tables) == 1:
		tables[key] = names[key][1-slices.Index(names[key], name)]
	default:
		delete(tables, key)
	}
	return tables
}

// reached says what is otherwise than the operation asked for; nil: nothing.
func (w *world) reached(g goal, s standing, configured config) error {
	current := s.current
	fresh := current != 0 && w.versions[current] == w.pool.version && maps.Equal(w.history.runs[current-1].tables, configured.tables)
	ok := false
	switch g.what {
	case goalFresh:
		ok = fresh
	case goalRun:
		ok = current == g.run
	case goalGone:
		ok = current == 0
	case goalAny:
		ok = fresh || current == g.run
	}
	if !ok {
		return fmt.Errorf("the tables are at run %d (version %d of the pool, of %d), and should be at %s %d", current, w.versions[current], w.pool.version, g.what, g.run)
	}
	return nil
}
