//go:build torture && linux

package torture

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// tooMany is how many violations a worker finds before it gives up.
const tooMany = 5

// inVain is how many rounds one after the other may end before their kill comes. Of a thousand kills three in ten came too late.
const inVain = 50

func TestKilledAtAnyMoment_TheNextApplyPutsItRight(t *testing.T) {
	kills, err := strconv.Atoi(setting(t, "N"))
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano()) % 1_000_000
	if given := os.Getenv("SEED"); given != "" {
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, seed %d", kills, seed)
	workers := 2 // roots that are tortured side by side: one a core
	if given := os.Getenv("WORKERS"); given != "" {
		if workers, err = strconv.Atoi(given); err != nil {
			t.Fatal(err)
		}
	}
	plugins := providerCopy(t)
	total := newTally()
	t.Run("workers", func(t *testing.T) {
		for n := range workers {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				share := (kills + n) / workers
				torture(t, seed, n, share, plugins, total)
			})
		}
	})
	t.Log(total.details())
	t.Log(total.line(seed))
	if overREST() && (total.looks == 0 || total.unheard == 0) {
		t.Error("nobody looked, or no answer was lost")
	}
	if kills >= 200 && total.resumed == 0 { // a killed import that had read a part to its end is rarer than one kill in twenty
		t.Error("no import went on where a killed one ended")
	}
}

// providerCopy puts the built provider aside, so that building it again does not change it under a test that runs for an hour.
func providerCopy(t *testing.T) string {
	t.Helper()
	plugins := t.TempDir()
	from, err := os.Open(filepath.Join(setting(t, "BIN"), "terraform-provider-skypoint"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }() // it was only read
	to, err := os.OpenFile(filepath.Join(plugins, "terraform-provider-skypoint"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"skypointcloud/skypoint\" = %q\n  }\n  direct {}\n}\n", plugins)
	if err := os.WriteFile(filepath.Join(plugins, "torture.tfrc"), []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	return plugins
}

// torture kills so often, in one world after the other: one that shows a violation is left as it is, for people to look at.
func torture(t *testing.T, seed uint64, number, kills int, plugins string, total *tally) {
	r := startReader(t)
	users := []int{fewUsers, manyUsers}[number%2]
	violations, missed := 0, 0
	for generation := uint64(0); kills > 0 && violations < tooMany; generation++ {
		rng := rand.New(rand.NewPCG(seed, uint64(number)<<32|generation))
		w := newWorld(t, rng.Uint64(), users, plugins, r, total)
		var found error
		for kills > 0 && found == nil {
			var done int
			if done, found = w.round(rng); found == nil && w.rounds%25 == 0 {
				t.Logf("worker %d: round %d, %d kills to go, %d runs", number, w.rounds, kills-done, len(w.history.runs))
			}
			kills -= done
			if missed++; done > 0 {
				missed = 0
			}
			if missed == inVain {
				t.Fatalf("seed %d, worker %d: %d rounds one after the other in which nobody was killed", seed, number, inVain)
			}
		}
		if found == nil {
			found = w.history.read(true) // the whole history once more
		}
		if found == nil {
			w.remove(t)
			continue
		}
		violations++
		t.Errorf("seed %d, worker %d, world %d, round %d: %v\nit is kept in %s (torture.log there says all)", seed, number, generation, w.rounds, found, w.root.dir)
		if err := os.WriteFile(filepath.Join(w.root.dir, "torture.log"), w.root.log.Bytes(), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// tally counts over all workers.
type tally struct {
	mu       sync.Mutex
	kills    int
	lost     int
	half     int
	hand     int
	left     int
	broken   int // another rule than those four
	runs     int
	checks   int
	values   int64
	stray    int // the most metadata files that lead nowhere, in any world after any round
	where    map[string]int
	victims  map[victim]int
	doing    map[string]int
	missed   map[string]int  // commands that had ended before they were to be killed, by what was awaited
	recovery int             // kills of an apply that was to recover
	imported int             // import commands that the provider printed, after a kill between the end of a create and the CLI's state
	cut      int             // kills that cut off Terraform's own state file
	resumed  int             // runs that took over what a killed one had read
	looks    int             // at all tables at once, while runs were published
	atTwo    int             // looks that saw tables of two runs
	unheard  int             // requests to the catalog whose answer, or which themselves, were lost
	twoRuns  []time.Duration // from the start of the apply to the end of the run that was killed while it published
}

func newTally() *tally {
	return &tally{where: map[string]int{}, victims: map[victim]int{}, doing: map[string]int{}, missed: map[string]int{}}
}

// count changes the tally.
func (c *tally) count(change func(*tally)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

func (c *tally) line(seed uint64) string {
	var hit []string
	for _, place := range places {
		hit = append(hit, fmt.Sprintf("%s %d", place, c.where[place]))
	}
	line := fmt.Sprintf("%d kills (seed %d): %d lost, %d half-published, %d that needed a hand, %d put right by the printed import command",
		c.kills, seed, c.lost, c.half, c.hand, c.imported)
	if c.left+c.broken > 0 {
		line += fmt.Sprintf(", %d left something behind, %d otherwise wrong", c.left, c.broken)
	}
	return line + fmt.Sprintf("; %d runs; where they hit: %s", c.runs, strings.Join(hit, ", "))
}

func (c *tally) details() string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(c.doing)) {
		lines = append(lines, fmt.Sprintf("  %4d in: %s", c.doing[what], what))
	}
	for _, who := range []victim{theProvider, theGroup} {
		lines = append(lines, fmt.Sprintf("  %4d of: %s", c.victims[who], who))
	}
	if n := len(c.twoRuns); n > 0 {
		slices.Sort(c.twoRuns)
		lines = append(lines, fmt.Sprintf("  %4d left tables of two runs until the next apply, which had ended the older one %d ms (median) to %d ms (longest) after it was started",
			n, c.twoRuns[n/2].Milliseconds(), c.twoRuns[n-1].Milliseconds()))
	}
	if c.looks > 0 {
		lines = append(lines, fmt.Sprintf("  %d looks at all tables at once while runs were published, %d of which saw two runs; %d requests or answers of the catalog were lost", c.looks, c.atTwo, c.unheard))
	}
	return fmt.Sprintf("kills\n%s\n  %4d of an apply that was to recover from a kill\n  %4d cut off Terraform's own state file, which was put back from Terraform's backup\n  missed: %v\n%d imports went on where a killed one ended\n%d checks by pyiceberg compared %d values; at most %d metadata files led nowhere",
		strings.Join(lines, "\n"), c.recovery, c.cut, c.missed, c.resumed, c.checks, c.values, c.stray)
}
