//go:build torture && linux

package torture

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is a root module, its pool, and what must be true of them.
type world struct {
	root      *root
	pool      *pool
	reader    *reader
	history   *history
	config    config        // main.tf as it was last applied
	versions  map[int64]int // run → the version of the pool that it read
	durations durations
	rounds    int
	total     *tally
	twoRuns   int64 // the run that was killed while it published, so that its tables show two runs; 0: none
}

func newWorld(t *testing.T, seed uint64, users int, plugins string, r *reader, total *tally) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "skypoint-torture-") //nolint:usetesting // one with a violation is kept
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		root:      &root{dir: dir, cli: setting(t, "CLI"), rc: filepath.Join(plugins, "torture.tfrc")},
		pool:      startPool(t, seed, users, filepath.Join(dir, "pool")),
		reader:    r,
		versions:  map[int64]int{},
		durations: durations{command: time.Second, run: 150 * time.Millisecond, publish: 40 * time.Millisecond},
		total:     total,
	}
	if overTeam() {
		w.root.team = newTeam(t, dir)
	}
	if overREST() {
		w.root.rest = newRESTCatalog(t, total)
	}
	w.history = newHistory(w.root.workspace())
	return w
}

func (w *world) remove(t *testing.T) {
	t.Helper()
	if w.root.rest != nil {
		w.root.rest.close(t)
	}
	if err := os.RemoveAll(w.root.dir); err != nil {
		t.Error(err)
	}
}

// again is how many of a hundred applies that are to recover are killed too.
const again = 40

// round does one operation and kills it. It gives the number of kills, and what is wrong then.
func (w *world) round(rng *rand.Rand) (kills int, err error) {
	w.rounds++
	w.root.log.Reset()
	known := len(w.history.runs)
	o, err := w.choose(rng)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(&w.root.log, "==== round %d: %s, version %d of the pool; goal: %s %d\n", w.rounds, o.name, w.pool.version, o.goal.what, o.goal.run)
	if err := w.root.write(o.config, w.pool.endpoint); err != nil {
		return 0, err
	}
	if kills, err = w.kill(o.name, o.command, rng); err != nil {
		return kills, err
	}
	for killed := kills; killed > 0 && rng.IntN(100) < again; kills += killed {
		if killed, err = w.kill(o.name, o.again, rng); err != nil {
			return kills + killed, err
		}
		w.total.count(func(c *tally) { c.recovery += killed })
	}
	if err := w.recover(o, kills); err != nil {
		w.total.count(func(c *tally) { c.hand++ })
		return kills, err
	}
	w.config = o.config
	if err := w.history.read(false); err != nil {
		w.total.count(func(c *tally) { c.broken++ })
		return kills, err
	}
	for _, r := range w.history.runs[known:] {
		w.versions[r.number] = w.pool.version
		if r.completed {
			w.durations.learn(&w.durations.run, min(r.took, time.Second))
			w.durations.learn(&w.durations.publish, min(r.publish, time.Second))
		}
		w.total.count(func(c *tally) {
			c.runs++
			if r.resumed {
				c.resumed++
			}
		})
	}
	return kills, w.check(o)
}

// kill starts a command and kills it; the machine may be faster, then nobody is killed.
func (w *world) kill(doing string, command []string, rng *rand.Rand) (int, error) {
	newest := w.history.next()
	if last := w.history.last(); last != nil && !last.finished {
		newest = last.number // the one that this command is to bring to its end
	}
	who := []victim{theProvider, theGroup}[rng.IntN(2)]
	at := w.durations.take(rng)
	p, err := w.root.start(command...)
	if err != nil {
		return 0, err
	}
	killed := p.kill(at, who, w.history)
	fmt.Fprintf(&w.root.log, "---- kill of %s, %s after %s: %t\n", who, at.within, cmp.Or(at.record, "the start"), killed)
	code, err := p.end()
	if err != nil {
		return 0, err
	}
	if !killed || who == theGroup && code >= 0 {
		if code != 0 {
			if imported, err := w.root.imported(p); imported || err != nil {
				w.total.count(func(c *tally) { c.imported++ })
				return 0, err
			}
			w.total.count(func(c *tally) { c.hand++ })
			return 0, fmt.Errorf("in %q a %s that nobody killed ended with %d", doing, command[0], code)
		}
		w.total.count(func(c *tally) { c.missed[cmp.Or(at.record, "start")]++ })
		return 0, nil
	}
	cut, err := w.root.restore()
	if err != nil {
		return 1, err
	}
	if err := w.history.read(false); err != nil {
		w.total.count(func(c *tally) { c.broken++ })
		return 1, err
	}
	seen, err := w.reader.ask(w.root.look("peek"))
	if err != nil {
		return 1, err
	}
	hit := where(w.history, newest, seen.Refs)
	fmt.Fprintf(&w.root.log, "---- killed: %s\n", hit)
	w.twoRuns = 0
	if hit == "publishing" {
		w.twoRuns = w.history.last().number
	}
	w.total.count(func(c *tally) {
		c.kills++
		c.where[hit]++
		c.victims[who]++
		c.doing[doing]++
		if cut {
			c.cut++
		}
	})
	return 1, nil
}

// recover does what a person does then: the command once more, and a look whether anything is left to do.
func (w *world) recover(o operation, kills int) error {
	if kills > 0 || o.again[0] != o.command[0] {
		if err := w.again(o); err != nil {
			return err
		}
	}
	plan := []string{"plan", "-detailed-exitcode"}
	if o.again[0] == "destroy" {
		plan = append(plan, "-destroy")
	}
	code, err := w.root.run(plan...)
	if err == nil && code != 0 {
		err = fmt.Errorf("after a kill in %q and a plain %s the plan is not empty: %d", o.name, o.again[0], code)
	}
	return err
}

// again is the command once more. Where the CLI was killed between the end of a create and the writing of its state, the command says
// what is there and prints the import command; the person runs that and goes on. There are two resources to import at most.
func (w *world) again(o operation) error {
	for range 3 {
		host := w.root.anyHost()
		if err := w.waitFor(host); err != nil {
			return err
		}
		p, err := w.root.startOn(host, o.again...)
		if err != nil {
			return err
		}
		code, err := p.end()
		if err != nil {
			return err
		}
		if code == 0 {
			w.durations.learn(&w.durations.command, time.Since(p.began))
			return w.seeOneRun(p.began)
		}
		imported, err := w.root.imported(p)
		if err != nil {
			return err
		}
		if !imported {
			return fmt.Errorf("after a kill in %q a plain %s ended with %d", o.name, o.again[0], code)
		}
		w.total.count(func(c *tally) { c.imported++ })
	}
	return fmt.Errorf("after a kill in %q a plain %s still asks for an import", o.name, o.again[0])
}

// untilDead is how long a reader on another host takes an unfinished run for one that is under way: five leases (provider/main.go).
const untilDead = 11 * time.Second

// waitFor is what the documentation says of a process that was killed on another host: its run is shown as under way for a while.
func (w *world) waitFor(host string) error {
	if w.root.team == nil {
		return nil
	}
	if err := w.history.read(false); err != nil {
		return err
	}
	if last := w.history.last(); last == nil || last.finished || last.host == host {
		return nil
	}
	time.Sleep(untilDead) //nolint:forbidigo // there is no event: nothing happens
	return nil
}

// seeOneRun takes down how long an apply that was begun then took to end the run whose tables showed two runs until that.
func (w *world) seeOneRun(began time.Time) error {
	if w.twoRuns == 0 {
		return nil
	}
	if err := w.history.read(false); err != nil {
		return err
	}
	ended := w.history.runs[w.twoRuns-1].ended
	w.twoRuns = 0
	w.total.count(func(c *tally) { c.twoRuns = append(c.twoRuns, ended.Sub(began)) })
	return nil
}

// strayAtMost is how many metadata files may lead nowhere when a round has ended: a killed commit leaves one that is newer than its table's own,
// until the next runs have committed and removed files. There are six names of tables.
const strayAtMost = 6

// check compares what was asked for, what the records say, and what pyiceberg reads.
func (w *world) check(o operation) error {
	s := w.history.standing()
	fmt.Fprintf(&w.root.log, "---- current run %d, kept %v\n", s.current, s.kept)
	if last := w.history.last(); last != nil && !last.finished {
		w.total.count(func(c *tally) { c.broken++ })
		return fmt.Errorf("run %d is not finished", last.number)
	}
	if err := w.reached(o.goal, s, o.config); err != nil {
		w.total.count(func(c *tally) { c.broken++ })
		return fmt.Errorf("after %q: %w", o.name, err)
	}
	ask := w.root.look("check")
	ask.Tables = w.history.tables(s, func(run int64) string { return w.pool.versionFolder(w.versions[run]) })
	found, err := w.reader.ask(ask)
	w.total.count(func(c *tally) {
		c.checks++
		c.values += found.Values
		c.stray = max(c.stray, found.Stray)
		c.lost += min(len(found.Lost), 1)
		c.half += min(len(found.Half), 1)
		c.left += min(len(found.Left), 1)
	})
	if err != nil {
		return err
	}
	if found.Stray > strayAtMost {
		w.total.count(func(c *tally) { c.left++ })
		found.Left = append(found.Left, fmt.Sprintf("%d metadata files lead nowhere, and at most %d may", found.Stray, strayAtMost))
	}
	if s.current != 0 && found.Values == 0 {
		w.total.count(func(c *tally) { c.broken++ })
		return errors.New("nothing was compared")
	}
	if wrong := slices.Concat(found.Lost, found.Half, found.Left); len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	oldest := w.pool.version
	for _, number := range s.kept {
		oldest = min(oldest, w.versions[w.history.source(number).number])
	}
	return w.pool.forget(oldest)
}
