package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/checkpoint"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var (
	schema = dataflow.Schema{
		Columns: []dataflow.Column{
			{Name: "sub", Type: dataflow.String, Required: true}, {Name: "enabled", Type: dataflow.Boolean}, {Name: "rank", Type: dataflow.Long},
			{Name: "score", Type: dataflow.Number}, {Name: "updated_at", Type: dataflow.Timestamp}, {Name: "other_attributes", Type: dataflow.TextMap},
		},
		Key: []string{"sub"}, Version: "updated_at",
	}
	ofUsers = dataflow.Checkpoint{Dataflow: "Customers", UID: "u", Run: 3, Key: "users", Origin: "pool", Schema: schema}
	noon    = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

func user(sub string) dataflow.Row {
	return dataflow.Row{sub, true, int64(-7), dataflow.Decimal("-12.5"), noon.Add(time.Microsecond), map[string]string{"custom:a": "", "b": "x"}}
}

// record records the rows of a part, and that these are all.
func record(t testing.TB, r dataflow.CheckpointWriter, name string, rows ...dataflow.Row) {
	t.Helper()
	p := r.Part(name)
	for _, row := range rows {
		p.Put(row)
	}
	p.Done(int64(len(rows)), noon)
}

func open(t testing.TB, s *checkpoint.Store, what dataflow.Checkpoint) dataflow.CheckpointWriter {
	t.Helper()
	r, err := s.Write(what)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func names(t testing.TB, s *checkpoint.Store, what dataflow.Checkpoint) []string {
	t.Helper()
	all, err := s.DoneParts(context.Background(), what)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	return names
}

func read(t testing.TB, s *checkpoint.Store, what dataflow.Checkpoint, names ...string) []dataflow.Row {
	t.Helper()
	var rows []dataflow.Row
	err := s.ReadRows(context.Background(), what, names, func(row dataflow.Row) error { rows = append(rows, row); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func want[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestStore_GivesTheRowsOfThePartsThatWereDoneAndOfNoOther(t *testing.T) {
	s := checkpoint.New(t.TempDir())
	r := open(t, s, ofUsers)
	absent := dataflow.Row{"a2", nil, nil, nil, nil, nil}
	record(t, r, "a", user("a1"), absent)
	unfinished := r.Part("b")
	unfinished.Put(user("b1"))
	record(t, r, "empty")
	record(t, r, "c", user("c1"))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := s.DoneParts(t.Context(), ofUsers)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "parts", []dataflow.DonePart{
		{Name: "a", Rows: 2, KeptAsText: 2, At: noon},
		{Name: "empty", At: noon},
		{Name: "c", Rows: 1, KeptAsText: 1, At: noon},
	}, kept)
	want(t, "rows of a", []dataflow.Row{user("a1"), absent}, read(t, s, ofUsers, "a"))
	want(t, "rows of a, b and c", []dataflow.Row{user("a1"), absent, user("c1")}, read(t, s, ofUsers, "a", "b", "c"))
	all, err := s.Resumable(t.Context(), "Customers", 3)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "kept", []dataflow.Resumable{{Key: "users", Parts: 3, Rows: 3, Until: noon}}, all)
}

func TestStore_GivesAnyRowAsItWas(t *testing.T) {
	dir := t.TempDir()
	run := int64(0)
	value := func(of *rapid.Generator[any]) *rapid.Generator[any] { return rapid.OneOf(rapid.Just[any](nil), of) }
	rows := rapid.SliceOf(rapid.Custom(func(t *rapid.T) dataflow.Row {
		return dataflow.Row{
			rapid.String().Draw(t, "sub"), value(rapid.Bool().AsAny()).Draw(t, "enabled"), value(rapid.Int64().AsAny()).Draw(t, "rank"),
			value(rapid.Map(rapid.StringMatching(`-?[1-9][0-9]{0,28}(\.[0-9]{0,8}[1-9])?`), func(s string) any { return dataflow.Decimal(s) })).Draw(t, "score"),
			value(rapid.Map(rapid.Int64Range(-62135596800e6, 253402300799e6), func(us int64) any { return time.UnixMicro(us).UTC() })).Draw(t, "updated_at"),
			value(rapid.MapOf(rapid.String(), rapid.String()).AsAny()).Draw(t, "other"),
		}
	}))
	rapid.Check(t, func(rt *rapid.T) {
		run++
		what := ofUsers
		what.Run = run
		s := checkpoint.New(dir)
		byPart := rapid.MapOfN(rapid.StringN(1, 8, 30), rows, 0, 5).Draw(rt, "parts")
		r, err := s.Write(what)
		if err != nil {
			rt.Fatal(err)
		}
		for name, rows := range byPart {
			record(t, r, name, rows...)
		}
		if err := r.Close(); err != nil {
			rt.Fatal(err)
		}
		for name, rows := range byPart {
			if diff := cmp.Diff(rows, read(t, s, what, name), cmpopts.EquateEmpty()); diff != "" {
				rt.Fatalf("part %q (-put +read):\n%s", name, diff)
			}
		}
	})
}

func TestStore_CountsNothingAfterADamage(t *testing.T) {
	dir := t.TempDir()
	s := checkpoint.New(dir)
	r := open(t, s, ofUsers)
	for _, name := range []string{"a", "b", "c"} {
		record(t, r, name, user(name+"1"), user(name+"2"))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	path, whole := recorded(t, dir)
	ends := map[string]int{} // where each part's last block ends
	for _, name := range []string{"a", "b", "c"} {
		_, after, _ := bytes.Cut(whole, []byte(`"name":"`+name+`"`))
		_, rest, _ := bytes.Cut(after, []byte("}"))
		ends[name] = len(whole) - len(rest)
	}
	for at := range whole {
		for what, bytes := range map[string][]byte{"cut off": whole[:at], "damaged": flipped(whole, at)} {
			if err := os.WriteFile(path, bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			var intact []string
			var rows []dataflow.Row
			for _, name := range slices.Sorted(maps.Keys(ends)) {
				if ends[name] <= at {
					intact = append(intact, name)
					rows = append(rows, user(name+"1"), user(name+"2"))
				}
			}
			if got := names(t, s, ofUsers); !slices.Equal(got, intact) {
				t.Fatalf("%s at byte %d of %d: parts %v, want %v", what, at, len(whole), got, intact)
			}
			want(t, fmt.Sprint(what, " at byte ", at), rows, read(t, s, ofUsers, intact...))
		}
	}
}

// recorded gives the file of a checkpoint, and what is in it.
func recorded(t *testing.T, dir string) (path string, whole []byte) {
	t.Helper()
	path = filepath.Join(dir, "Customers", "00000003", "users.rows")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, whole
}

func flipped(whole []byte, at int) []byte {
	damaged := slices.Clone(whole)
	damaged[at] ^= 0x10
	return damaged
}

func TestStore_GivesNothingOfAnotherCheckpoint(t *testing.T) {
	s := checkpoint.New(t.TempDir())
	r := open(t, s, ofUsers)
	record(t, r, "a", user("a1"))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*dataflow.Checkpoint){
		"another dataflow":     func(r *dataflow.Checkpoint) { r.Dataflow = "Others" },
		"a dataflow made anew": func(r *dataflow.Checkpoint) { r.UID = "v" },
		"another run":          func(r *dataflow.Checkpoint) { r.Run = 4 },
		"another table":        func(r *dataflow.Checkpoint) { r.Key = "groups" },
		"another pool":         func(r *dataflow.Checkpoint) { r.Origin = "pool 2" },
		"a column less":        func(r *dataflow.Checkpoint) { r.Schema.Columns = schema.Columns[:5] },
		"a column of other type": func(r *dataflow.Checkpoint) {
			r.Schema.Columns = slices.Clone(schema.Columns)
			r.Schema.Columns[2].Type = dataflow.Number
		},
	} {
		other := ofUsers
		change(&other)
		if got := names(t, s, other); got != nil {
			t.Errorf("%s: %v", name, got)
		}
		_ = s.ReadRows(t.Context(), other, []string{"a"}, func(dataflow.Row) error { // an error where there is something else
			t.Errorf("%s: gives a row", name)
			return nil
		})
	}
}

func TestStore_ReadsNoLessThanWasListed(t *testing.T) {
	dir := t.TempDir()
	s := checkpoint.New(dir)
	r := open(t, s, ofUsers)
	record(t, r, "a", user("a1"), user("a2"))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	path, whole := recorded(t, dir)
	rows := bytes.Index(whole, []byte("a2")) // somebody's disk, after the parts were listed
	if err := os.WriteFile(path, flipped(whole, rows), 0o600); err != nil {
		t.Fatal(err)
	}
	err := s.ReadRows(t.Context(), ofUsers, []string{"a"}, func(dataflow.Row) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "cut off or damaged") {
		t.Errorf("read with %v", err)
	}
}

func TestStore_KeepsWhatManyReadAtOnce(t *testing.T) {
	s := checkpoint.New(t.TempDir())
	r := open(t, s, ofUsers)
	const readers, rows = 16, 3000
	var group sync.WaitGroup
	for n := range readers {
		group.Go(func() {
			p := r.Part(fmt.Sprint("part ", n))
			var within sync.WaitGroup
			for half := range 2 { // rows of one part may come from several goroutines
				within.Go(func() {
					for i := half; i < rows; i += 2 {
						p.Put(user(fmt.Sprintf("%02d-%05d", n, i)))
					}
				})
			}
			within.Wait()
			p.Done(0, noon)
		})
	}
	group.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for n := range readers {
		got := map[string]int{}
		for _, row := range read(t, s, ofUsers, fmt.Sprint("part ", n)) {
			got[row[0].(string)]++
		}
		if len(got) != rows {
			t.Errorf("part %d has %d rows, want %d", n, len(got), rows)
		}
		for sub, times := range got {
			if times != 1 || sub[:2] != fmt.Sprintf("%02d", n) {
				t.Errorf("part %d has %s %d times", n, sub, times)
			}
		}
	}
}

func TestStore_ForgetsUpToARun(t *testing.T) {
	dir := t.TempDir()
	s := checkpoint.New(dir)
	for run := range int64(3) {
		for _, key := range []string{"users", "groups"} {
			what := ofUsers
			what.Run, what.Key = run+1, key
			r := open(t, s, what)
			record(t, r, "a", user("a1"))
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := func() (found []string) {
		files, err := filepath.Glob(filepath.Join(dir, "Customers", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name, _ := filepath.Rel(filepath.Join(dir, "Customers"), file)
			found = append(found, filepath.ToSlash(name))
		}
		return found
	}
	forget := func(run int64, key string) {
		t.Helper()
		if err := s.Forget(t.Context(), "Customers", run, key); err != nil {
			t.Fatal(err)
		}
	}
	forget(2, "users")
	want(t, "left", []string{"00000001/groups.rows", "00000002/groups.rows", "00000003/groups.rows", "00000003/users.rows"}, left())
	forget(2, "")
	want(t, "left", []string{"00000003/groups.rows", "00000003/users.rows"}, left())
	forget(3, "")
	forget(3, "")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v %v are left", entries, err)
	}
}

func TestRecorder_ThatCannotWriteHarmsNobody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no folder")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := checkpoint.New(file)
	r := open(t, s, ofUsers)
	record(t, r, "a", user("a1"))
	record(t, r, "b", user("b1"))
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestStore_ReadEndsWithTheErrorOfPut(t *testing.T) {
	s := checkpoint.New(t.TempDir())
	r := open(t, s, ofUsers)
	record(t, r, "a", user("a1"), user("a2"))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	full, puts := errors.New("the disk is full"), 0
	err := s.ReadRows(t.Context(), ofUsers, []string{"a"}, func(dataflow.Row) error { puts++; return full })
	if !errors.Is(err, full) || puts != 1 {
		t.Errorf("%v after %d rows", err, puts)
	}
}
