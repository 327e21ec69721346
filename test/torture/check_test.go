//go:build torture && linux

package torture

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The checks themselves are held to account: ones that find nothing prove nothing.

func TestReader_SeesEveryKindOfDifference(t *testing.T) {
	w := newWorld(t, 1, fewUsers, providerCopy(t), startReader(t), newTally())
	defer w.remove(t)
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatalf("%v\n%s", err, w.root.log.Bytes())
		}
	}
	for build := 1; build <= 2; build++ {
		must(w.change(rand.New(rand.NewPCG(1, 1))))
		c := config{tables: map[string]string{"users": "users", "groups": "groups", "group_memberships": "members"}, build: build, retain: 3}
		must(w.root.write(c, w.pool.endpoint))
		code, err := w.root.run(apply...)
		must(err)
		if code != 0 {
			t.Fatalf("apply ended with %d\n%s", code, w.root.log.Bytes())
		}
		must(w.history.read(false))
		w.versions[int64(build)] = w.pool.version
	}
	ask := func(spoil func(tables map[string]wantTable)) answer {
		t.Helper()
		tables := w.history.tables(w.history.standing(), func(run int64) string { return w.pool.versionFolder(w.versions[run]) })
		spoil(tables)
		q := w.root.look("check")
		q.Tables = tables
		a, err := w.reader.ask(q)
		must(err)
		return a
	}
	if a := ask(func(map[string]wantTable) {}); len(a.Lost)+len(a.Half)+len(a.Left) > 0 || a.Values < 5000 {
		t.Fatalf("as it is: %+v", a)
	}
	users := func(spoil func(users wantTable) wantTable) func(map[string]wantTable) {
		return func(tables map[string]wantTable) { tables["users"] = spoil(tables["users"]) }
	}
	orphan := filepath.Join(w.root.workspace(), "warehouse", "customers", "orphan.parquet")
	for name, c := range map[string]struct {
		spoil func(map[string]wantTable)
		found func(answer) []string
	}{
		"other rows": {
			spoil: users(func(u wantTable) wantTable { u.Refs["main"] = w.pool.versionFolder(1); return u }),
			found: func(a answer) []string { return a.Lost },
		},
		"main at another run": {
			spoil: users(func(u wantTable) wantTable { u.Current = "run_1"; return u }),
			found: func(a answer) []string { return a.Half },
		},
		"shown, not hidden": {
			spoil: users(func(u wantTable) wantTable { delete(u.Refs, "main"); return u }),
			found: func(a answer) []string { return a.Half },
		},
		"a tag is missing": {
			spoil: users(func(u wantTable) wantTable { u.Refs["run_9"] = u.Refs["main"]; return u }),
			found: func(a answer) []string { return a.Lost },
		},
		"a tag is left": {
			spoil: users(func(u wantTable) wantTable { delete(u.Refs, "run_1"); return u }),
			found: func(a answer) []string { return a.Left },
		},
		"a table is missing": {
			spoil: func(tables map[string]wantTable) { tables["people"] = tables["users"] },
			found: func(a answer) []string { return a.Lost },
		},
		"a table is left": {
			spoil: func(tables map[string]wantTable) { delete(tables, "members") },
			found: func(a answer) []string { return a.Left },
		},
		"a data file is nobody's": {
			spoil: func(map[string]wantTable) { must(os.WriteFile(orphan, nil, 0o600)) },
			found: func(a answer) []string { must(os.Remove(orphan)); return a.Left },
		},
	} {
		if a := ask(c.spoil); len(c.found(a)) != 1 || len(a.Lost)+len(a.Half)+len(a.Left) != 1 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestHistory_SeesEveryKindOfDamage(t *testing.T) {
	records := func(number int64) map[string]any {
		return map[string]any{
			"started.json":  map[string]any{"run": number, "kind": "import", "definition": map[string]any{"retain_runs": 2}},
			"decision.json": map[string]any{"run": number, "outcome": "publish"},
			"finished.json": map[string]any{"run": number, "status": "Completed"},
		}
	}
	for name, c := range map[string]struct {
		damage func(h *history, write func(number int64, records map[string]any))
		want   string
	}{
		"as it is": {damage: func(*history, func(int64, map[string]any)) {}},
		"a gap": {
			damage: func(_ *history, write func(int64, map[string]any)) { write(5, records(5)) },
			want:   "run 4 is missing, and there is a run 5",
		},
		"a run after one that is not finished": {
			damage: func(_ *history, write func(int64, map[string]any)) {
				open := records(4)
				delete(open, "finished.json")
				write(4, open)
				write(5, records(5))
			},
			want: "run 5 was started while run 4 is not finished",
		},
		"a record that changed": {
			damage: func(_ *history, write func(int64, map[string]any)) {
				changed := records(2)
				changed["decision.json"] = map[string]any{"run": 2, "outcome": "abandon"}
				write(2, changed)
			},
			want: "run 2: decision.json has changed",
		},
		"a record that is gone": {
			damage: func(h *history, _ func(int64, map[string]any)) { _ = os.Remove(h.record(2, "finished.json")) },
			want:   "run 2: finished.json is gone",
		},
		"a run that completed and was abandoned": {
			damage: func(_ *history, write func(int64, map[string]any)) {
				both := records(4)
				both["decision.json"] = map[string]any{"run": 4, "outcome": "abandon"}
				write(4, both)
			},
			want: "run 4: its decision is to abandon, and it is Completed",
		},
	} {
		h := newHistory(t.TempDir())
		write := func(number int64, records map[string]any) {
			for _, name := range slices.Sorted(maps.Keys(records)) {
				content, err := json.Marshal(records[name])
				if err == nil {
					err = os.MkdirAll(filepath.Dir(h.record(number, name)), 0o700)
				}
				if err == nil {
					err = os.WriteFile(h.record(number, name), content, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		for number := int64(1); number <= 3; number++ {
			write(number, records(number))
		}
		if err := h.read(false); err != nil {
			t.Fatal(err)
		}
		if s := h.standing(); s.current != 3 || !slices.Equal(s.kept, []int64{2, 3}) {
			t.Errorf("%s: standing is %+v", name, s)
		}
		c.damage(h, write)
		got := ""
		if err := h.read(true); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestStanding_FollowsTheDocumentedRules(t *testing.T) {
	imported := func(number, retain int64) run {
		return run{number: number, kind: "import", retain: retain, completed: true}
	}
	back := func(number, target, pinned, retain int64) run {
		return run{number: number, kind: "rollback", target: target, pinned: pinned, retain: retain, completed: true}
	}
	for name, c := range map[string]struct {
		runs    []run
		current int64
		kept    []int64
	}{
		"none":                                  {},
		"the newest stay":                       {runs: []run{imported(1, 2), imported(2, 2), imported(3, 2)}, current: 3, kept: []int64{2, 3}},
		"a failed run does nothing":             {runs: []run{imported(1, 2), {number: 2, kind: "import", retain: 1}}, current: 1, kept: []int64{1}},
		"the current run stays":                 {runs: []run{imported(1, 2), imported(2, 2), back(3, 1, 0, 1)}, current: 1, kept: []int64{1, 2, 3}},
		"the pinned run stays":                  {runs: []run{imported(1, 2), imported(2, 2), back(3, 1, 1, 2), back(4, 2, 1, 1)}, current: 2, kept: []int64{1, 2, 4}},
		"what was kept for a pin goes after it": {runs: []run{imported(1, 2), imported(2, 2), back(3, 1, 1, 2), imported(4, 2)}, current: 4, kept: []int64{2, 4}},
		"rollbacks count for nothing":           {runs: []run{imported(1, 2), imported(2, 2), back(3, 1, 1, 2), back(4, 2, 0, 2), back(5, 1, 1, 2)}, current: 1, kept: []int64{1, 2, 5}},
		"a removal leaves nothing":              {runs: []run{imported(1, 2), {number: 2, kind: "removal", completed: true}}},
		"numbering goes on after it":            {runs: []run{imported(1, 2), {number: 2, kind: "removal", completed: true}, imported(3, 2)}, current: 3, kept: []int64{3}},
	} {
		s := (&history{runs: c.runs}).standing()
		if s.current != c.current || !slices.Equal(s.kept, c.kept) {
			t.Errorf("%s: run %d is current and %v are kept, want %d and %v", name, s.current, s.kept, c.current, c.kept)
		}
	}
}

func TestLook_SeesTablesOfTwoRuns(t *testing.T) {
	for name, c := range map[string]struct {
		users, groups string // refs
		want          string
	}{
		"of one run":           {`{"main":{},"run_1":{},"run_2":{}}`, `{"main":{},"run_2":{}}`, ""},
		"of two runs":          {`{"main":{},"run_1":{},"run_2":{}}`, `{"main":{},"run_1":{}}`, "a reader has seen tables of two runs at once: map[1:[groups] 2:[users]]"},
		"one that is hidden":   {`{"main":{},"run_2":{}}`, `{"run_1":{}}`, ""},
		"one that is staged":   {`{"main":{},"run_1":{},"run_2_staging":{}}`, `{"main":{},"run_1":{}}`, ""},
		"rolled back together": {`{"main":{},"run_1":{},"run_3":{}}`, `{"main":{},"run_3":{}}`, ""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			looked := make(chan struct{}, 1000)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := `{"identifiers":[{"name":"users"},{"name":"groups"}]}`
				for table, refs := range map[string]string{"users": c.users, "groups": c.groups} {
					if strings.HasSuffix(r.URL.Path, "/"+table) {
						answer = fmt.Sprintf(`{"metadata-location":"%s/1","metadata":{"refs":%s}}`, table, refs)
					}
				}
				_, _ = w.Write([]byte(answer))
				looked <- struct{}{}
			}))
			defer server.Close()
			seen := &restCatalog{direct: server.URL, done: make(chan struct{}), atomic: true}
			seen.looker.Go(func() { seen.found = seen.look(newTally()) })
			for range 7 { // two passes over a list and two tables, and the next one's begin
				<-looked
			}
			close(seen.done)
			seen.looker.Wait()
			got := ""
			if seen.found != nil {
				got = seen.found.Error()
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
