package reportpage

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func record(name string) dataflow.Record {
	return dataflow.Record{Type: "AWS Cognito", CreatedAt: noon, UpdatedAt: noon, Definition: dataflow.Definition{Name: name, Connector: "App"}}
}

// run gives a completed import of so many rows.
func run(number, rows int64) dataflow.Run {
	ended := noon.Add(time.Minute)
	table := dataflow.TableResult{TableChange: dataflow.TableChange{
		Key: "users", FileName: "Users", TableID: dataflow.TableID{Database: "customers", Name: "users"}, Source: "user pool eu-west-1_AbCdEf123 in eu-west-1",
		Definition: dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true}, Counts: dataflow.Counts{Read: rows, Added: rows},
	}}
	return dataflow.Run{
		Run: number, Kind: dataflow.KindImport, Status: dataflow.StatusCompleted, Trigger: dataflow.TriggerCreate, StartedAt: noon, EndedAt: &ended, Description: fmt.Sprintf("Imported %d rows.", rows),
		Tables: []dataflow.TableResult{table},
		Standing: dataflow.Standing{
			CurrentRun: &number, LastRefreshAt: &ended, LastImport: dataflow.StatusCompleted, Tables: []dataflow.TableResult{table}, Retained: []int64{number},
		},
	}
}

func described(r dataflow.Run) []Described {
	filled := int64(7)
	return []Described{{
		Table: r.Standing.Tables[0], Columns: []DescribedColumn{{"sub", "string", "sub"}, {"email_hashed", "string", "hash(email)"}},
		Profile: &dataflow.Profile{Columns: map[string]dataflow.ColumnProfile{"sub": {Filled: filled, Distinct: filled}}},
	}}
}

// counting is a store that counts what is asked of it.
type counting struct {
	Store
	reads, writes atomic.Int64
}

func (c *counting) Read(ctx context.Context, path string) ([]byte, error) {
	c.reads.Add(1)
	return c.Store.Read(ctx, path)
}

func (c *counting) Replace(ctx context.Context, path string, content []byte) error {
	c.writes.Add(1)
	return c.Store.Replace(ctx, path, content)
}

func newStore(t *testing.T) *counting {
	t.Helper()
	folder, err := ledger.NewFolder(t.TempDir())
	must(t, err)
	return &counting{Store: folder}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shown gives what the page has.
func (c *counting) shown(t *testing.T) []Entry {
	t.Helper()
	page, err := c.Store.Read(t.Context(), PagePath)
	must(t, err)
	parsed, err := parse(page)
	must(t, err)
	return parsed.Entries
}

func TestNote_BringsARunToThePage(t *testing.T) {
	store := newStore(t)
	k := NewKeeper(store)
	first := run(1, 10)
	must(t, k.Note(t.Context(), record("Customers"), first, described(first)))
	failed := run(2, 0)
	failed.Status, failed.Description, failed.Tables = dataflow.StatusFailed, "It failed.", nil
	failed.Standing = first.Standing
	failed.Standing.LastImport = dataflow.StatusFailed
	must(t, k.Note(t.Context(), record("Customers"), failed, described(first)))

	one, seven := int64(1), int64(7)
	want := []Entry{{
		Name: "Customers", Type: "AWS Cognito", Connector: "App", Source: "user pool eu-west-1_AbCdEf123 in eu-west-1", Status: "Failed", CreatedAt: noon, UpdatedAt: noon,
		LastRefresh: first.EndedAt, CurrentRun: &one, Kept: []int64{1},
		Tables: []Table{{Database: "customers", Name: "users", FileName: "Users", Purpose: "All", Records: 10, Columns: []Column{
			{Name: "sub", Type: "string", Policy: "load", Filled: &seven, Distinct: &seven}, {Name: "email_hashed", Type: "string"},
		}}},
		Runs: []Run{
			{Run: 2, Kind: "import", Status: "Failed", Trigger: "create", StartedAt: noon, EndedAt: first.EndedAt, Description: "It failed."},
			{Run: 1, Kind: "import", Status: "Completed", Trigger: "create", StartedAt: noon, EndedAt: first.EndedAt, Description: "Imported 10 rows.", Tables: []RunCounts{{Table: "users", Read: 10, Added: 10}}},
		},
		Points: [][5]int64{{1, 10, 10, 0, 0}},
	}}
	if diff := cmp.Diff(want, store.shown(t)); diff != "" {
		t.Errorf("the page differs (-want +got):\n%s", diff)
	}
	must(t, k.Forget(t.Context(), "customers"))
	if got := store.shown(t); len(got) != 0 {
		t.Errorf("a dataflow that was forgotten is there: %+v", got)
	}
}

func TestNote_OfAHistoryThatBeginsAnewShowsTheNewOne(t *testing.T) {
	store := newStore(t)
	k := NewKeeper(store)
	for _, number := range []int64{1, 2, 3, 1} { // the records were lost after run 3
		r := run(number, 10*number)
		must(t, k.Note(t.Context(), record("Customers"), r, described(r)))
	}
	if e := store.shown(t)[0]; len(e.Runs) != 1 || e.newest() != 1 || len(e.Points) != 1 {
		t.Errorf("it shows the runs %+v and the points %v", e.Runs, e.Points)
	}
}

func TestNote_KeepsTheNewestRunsWholeAndCountsTheOthers(t *testing.T) {
	store := newStore(t)
	k := NewKeeper(store)
	for n := range int64(150) {
		r := run(n+1, n)
		must(t, k.Note(t.Context(), record("Customers"), r, described(r)))
	}
	e := store.shown(t)[0]
	if len(e.Runs) != maxRuns || e.Runs[0].Run != 150 || e.Earlier != 150-maxRuns {
		t.Errorf("%d runs from %d on, %d earlier", len(e.Runs), e.Runs[0].Run, e.Earlier)
	}
	if len(e.Points) != maxPoints || e.Points[0][0] != 31 {
		t.Errorf("%d points from %d on", len(e.Points), e.Points[0][0])
	}
}

func TestNote_OfManyAtOnceLeavesAWholePage(t *testing.T) {
	store := newStore(t)
	const dataflows, runs = 12, 5
	var group sync.WaitGroup
	for i := range dataflows {
		group.Go(func() {
			k := NewKeeper(store) // as in a process of its own
			for n := range int64(runs) {
				r := run(n+1, n)
				if err := k.Note(t.Context(), record(fmt.Sprint("Flow", i)), r, described(r)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	entries := store.shown(t)
	if len(entries) != dataflows {
		t.Fatalf("%d dataflows are on the page", len(entries))
	}
	for _, e := range entries {
		if e.newest() != runs || len(e.Runs) != runs {
			t.Errorf("%s: %d runs, the newest %d", e.Name, len(e.Runs), e.newest())
		}
	}
}

func TestNote_ReadsWhatHasChangedAndNoMore(t *testing.T) {
	store := newStore(t)
	k := NewKeeper(store)
	for i := range 40 {
		r := run(1, 1)
		must(t, k.Note(t.Context(), record(fmt.Sprint("Flow", i)), r, described(r)))
	}
	store.reads.Store(0)
	store.writes.Store(0)
	r := run(2, 1)
	must(t, k.Note(t.Context(), record("Flow7"), r, described(r)))
	if reads, writes := store.reads.Load(), store.writes.Load(); reads != 3 || writes != 2 { // its entry twice and the page
		t.Errorf("it read %d files and wrote %d", reads, writes)
	}
}

func TestNote_MakesADamagedPageAnew(t *testing.T) {
	store := newStore(t)
	k := NewKeeper(store)
	r := run(1, 1)
	must(t, k.Note(t.Context(), record("One"), r, described(r)))
	must(t, k.Note(t.Context(), record("Two"), r, described(r)))
	for what, content := range map[string]string{"empty": "", "something else": "<html>", "cut off": dataBegins + `{"dataflows":[`} {
		must(t, store.Store.Replace(t.Context(), PagePath, []byte(content)))
		must(t, store.Store.Replace(t.Context(), "report/dataflows/one@1.json", []byte("{")))
		again := run(r.Run+1, 1)
		r = again
		must(t, k.Note(t.Context(), record("Two"), again, described(again)))
		names := []string{}
		for _, e := range store.shown(t) {
			names = append(names, e.Name)
		}
		if !slices.Contains(names, "Two") {
			t.Errorf("%s: the page has %v", what, names)
		}
	}
}

func TestRender_RunsNothingThatPeopleWrote(t *testing.T) {
	hostile := `</script><script>alert(1)</script><img src=x onerror=alert(2)> {{.}} ${alert(3)} STYLE-HASH ` + "\u2028<!--"
	e := Entry{Name: "A", DisplayName: hostile, Description: hostile, Type: hostile, Connector: hostile, Source: hostile, Status: hostile}
	e.Runs = []Run{{Run: 1, Kind: hostile, Description: hostile, Tables: []RunCounts{{Table: hostile}}}}
	e.Tables = []Table{{Database: hostile, Name: hostile, FileName: hostile, Columns: []Column{{Name: hostile, Type: hostile, Policy: hostile}}}}
	page, err := render(content{Entries: []Entry{e}})
	must(t, err)
	if found := regexp.MustCompile(`(?i)<script`).FindAllString(string(page), -1); len(found) != 2 { // its data and its own
		t.Errorf("there are %d scripts", len(found))
	}
	for _, element := range []string{"<img", "<!--", "alert(1)</"} {
		if strings.Contains(string(page), element) {
			t.Errorf("the page has %s", element)
		}
	}
	parsed, err := parse(page)
	must(t, err)
	if diff := cmp.Diff([]Entry{e}, parsed.Entries); diff != "" {
		t.Errorf("what people wrote differs (-want +got):\n%s", diff)
	}
	policy := regexp.MustCompile(`default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'`)
	if !policy.Match(page) {
		t.Error("the page has not its policy")
	}
}

func TestRender_OfTenThousandDataflowsIsBounded(t *testing.T) {
	var c content
	for i := range 10_000 {
		e := Entry{Name: fmt.Sprintf("Dataflow%05d", i), Type: "AWS Cognito", Status: "Completed", CreatedAt: noon, UpdatedAt: noon, LastRefresh: &noon}
		for n := range int64(maxRuns) {
			r := run(1000-n, 12_345)
			r.Description = "Imported 1 table: users 12,345 rows (12 added, 345 changed, 6 removed)."
			e.Runs = append(e.Runs, runOf(r))
			e.Tables = []Table{tableOf(described(r)[0])}
		}
		for range 28 {
			e.Tables[0].Columns = append(e.Tables[0].Columns, e.Tables[0].Columns[0])
		}
		for n := range int64(maxPoints) {
			e.Points = append(e.Points, [5]int64{n, 12_345, 12, 345, 6})
		}
		c.Entries = append(c.Entries, e)
	}
	page, err := render(c)
	must(t, err)
	t.Logf("the page has %.1f MB", float64(len(page))/1e6)
	if len(page) > ledger.MaxObject {
		t.Errorf("the page has %d bytes: it could not be read again", len(page))
	}
}
