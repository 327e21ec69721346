package cognito

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// memory is a sink that keeps the parts of earlier scans.
type memory struct {
	mu      sync.Mutex
	rows    map[string]int // by key: how often it was put in this scan
	parts   map[string][]string
	done    map[string]int64 // the values that were kept as text, by part
	resumed []string
	failAt  int // the row at which the sink is full; 0: never
	puts    int
}

var errFull = errors.New("the disk is full")

func newMemory() *memory {
	return &memory{rows: map[string]int{}, parts: map[string][]string{}, done: map[string]int64{}}
}

// again is a later scan, which may resume what this one has done.
func (m *memory) again() *memory {
	next := newMemory()
	next.parts, next.done = m.parts, m.done
	return next
}

func (m *memory) put(row dataflow.Row) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.puts++; m.failAt > 0 && m.puts > m.failAt {
		return "", errFull
	}
	key, _ := row[0].(string)
	if _, isMembership := row[1].(string); isMembership && len(row) == 3 {
		key = fmt.Sprint(row[0], " ", row[1])
	}
	m.rows[key]++
	return key, nil
}

func (m *memory) Put(row dataflow.Row) error {
	_, err := m.put(row)
	return err
}

func (m *memory) Part(name string) dataflow.Part { return &memoryPart{memory: m, name: name} }

func (m *memory) Resume(want func(string) bool) ([]dataflow.DonePart, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []dataflow.DonePart
	for _, name := range slices.Sorted(maps.Keys(m.done)) {
		if !want(name) {
			continue
		}
		m.resumed = append(m.resumed, name)
		for _, key := range m.parts[name] {
			m.rows[key]++
		}
		all = append(all, dataflow.DonePart{Name: name, Rows: int64(len(m.parts[name])), KeptAsText: m.done[name]})
	}
	return all, nil
}

type memoryPart struct {
	*memory
	name string
	keys []string
}

func (p *memoryPart) Put(row dataflow.Row) error {
	key, err := p.put(row)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, key)
	return err
}

func (p *memoryPart) Done(keptAsText int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parts[p.name], p.done[p.name] = p.keys, keptAsText
	return nil
}

func scanTo(t *testing.T, p *Pool, key string, to *memory) (dataflow.ScanReport, error) {
	t.Helper()
	return p.Scan(t.Context(), key, described(t, p, key).Schema, to)
}

// Whatever was divided how, and read in which order: what is left and what is read hold every sub exactly once.
func TestPart_WithoutWhatIsReadHoldsEverySubOnce(t *testing.T) {
	sub := rapid.StringOfN(rapid.SampledFrom([]rune(subAlphabet)), 12, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		divide := func(p subRange) []subRange {
			var seen []string
			for _, s := range rapid.SliceOfN(sub, 2, 6).Draw(t, "seen") {
				seen = append(seen, p.prefix+rapid.SampledFrom([]string{"", "0", "4-"}).Draw(t, "common")+s)
			}
			parts, ok := p.split(seen)
			if !ok {
				return []subRange{p}
			}
			return parts
		}
		front := divide(subRange{pages: 1000})
		var read []string
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			if len(front) == 0 {
				break
			}
			i := rapid.IntRange(0, len(front)-1).Draw(t, "which")
			p := front[i]
			front = slices.Delete(front, i, i+1)
			if rapid.Bool().Draw(t, "is read") {
				read = append(read, p.prefix)
			} else if len(p.prefix) < 6 {
				front = append(front, divide(p)...)
			}
		}
		left := without(divide(subRange{pages: 1000}), read)
		for range 20 {
			s := sub.Draw(t, "sub") + "0123456789ab"
			holds := 0
			for _, p := range left {
				if strings.HasPrefix(s, p.prefix) {
					holds++
				}
			}
			if isIn(s, read) {
				holds++
			}
			if holds != 1 {
				t.Fatalf("%s is in %d of %s and %v", s, holds, prefixes(left), read)
			}
		}
	})
}

func TestScan_OfUsersGoesOnWhereAnotherEnded(t *testing.T) {
	const users = 9_000
	for name, spec := range map[string]cognitotest.Spec{
		"UUIDs of version 4":            {Seed: 1, Users: users, UUIDv4: true},
		"half of the first digits vary": {Seed: 1, Users: users},
		"crowded":                       {Seed: 1, Users: users, Crowded: 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			_, handle, p := service(t, cognitotest.Options{Seed: 3, Pages: cognitotest.Pages{Short: 0.1, Empty: 0.05}}, spec)
			whole := newMemory()
			if _, err := scanTo(t, p, "users", whole); err != nil {
				t.Fatal(err)
			}
			all := p.Usage().Calls

			first := newMemory()
			first.failAt = users * 9 / 10
			if _, err := scanTo(t, p, "users", first); !errors.Is(err, errFull) {
				t.Fatalf("the error is %v", err)
			}
			// Of those who were read some leave, and others come.
			i := 0
			gone, came := map[string]bool{}, map[string]bool{}
			for u := range handle.All() {
				if i++; i%90 == 0 {
					gone[u.Sub] = true
				}
			}
			for sub := range gone {
				handle.Delete(sub)
				moved := sub[:9] + "ffff" + sub[13:]
				came[moved] = true
				handle.Put(cognitotest.User{Sub: moved, Username: "new " + moved, Status: "CONFIRMED", Enabled: true})
			}

			before := p.Usage().Calls
			second := first.again()
			if _, err := scanTo(t, p, "users", second); err != nil {
				t.Fatal(err)
			}
			calls := p.Usage().Calls - before
			for sub := range whole.rows {
				if !gone[sub] && second.rows[sub] == 0 {
					t.Fatalf("user %s was there throughout and was not read", sub)
				}
			}
			for sub := range second.rows {
				if whole.rows[sub] == 0 && !came[sub] {
					t.Fatalf("there is no user %s", sub)
				}
			}
			if len(second.resumed) == 0 || calls >= all {
				t.Errorf("%d parts were resumed, with %d requests in place of %d", len(second.resumed), calls, all)
			}
		})
	}
}

func TestScan_ResumedCountsWhatWasKeptAsText(t *testing.T) {
	_, _, p := service(t, cognitotest.Options{}, cognitotest.Spec{Seed: 1, Users: 6_000, UUIDv4: true, Hostile: true})
	wanted, err := scanTo(t, p, "users", newMemory())
	if err != nil || wanted.KeptAsText == 0 {
		t.Fatalf("%+v, %v", wanted, err)
	}
	first := newMemory()
	first.failAt = 5_500
	if _, err := scanTo(t, p, "users", first); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	second := first.again()
	got, err := scanTo(t, p, "users", second)
	if err != nil || got != wanted || len(second.resumed) == 0 {
		t.Errorf("%+v, want %+v; %d parts resumed; %v", got, wanted, len(second.resumed), err)
	}
}

func TestScan_OfMembershipsGoesOnWithTheGroupsThatWereNotRead(t *testing.T) {
	_, handle, p := service(t, cognitotest.Options{}, cognitotest.Spec{Seed: 1, Users: 900, Groups: 40})
	whole := newMemory()
	if _, err := scanTo(t, p, "group_memberships", whole); err != nil {
		t.Fatal(err)
	}
	first := newMemory()
	first.failAt = len(whole.rows) * 2 / 3
	if _, err := scanTo(t, p, "group_memberships", first); !errors.Is(err, errFull) {
		t.Fatalf("the error is %v", err)
	}
	handle.DeleteGroup(strings.Split(slices.Sorted(maps.Keys(first.done))[0], " ")[0])
	want := map[string]int{}
	for m := range handle.Memberships() {
		want[m.Group+" "+m.User.Sub] = 1
	}
	second := first.again()
	if _, err := scanTo(t, p, "group_memberships", second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, second.rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(second.resumed) == 0 {
		t.Error("nothing was resumed")
	}
}

func TestScan_ResumedInAPoolThatCanNotBeDividedSaysSo(t *testing.T) {
	server, _ := hexSubs(func(sub, prefix string) bool {
		return strings.HasPrefix(sub, prefix) && (sub == prefix || sub[0] != 'a')
	})
	endpoint, _ := server.start(t)
	p := open(t, keys(endpoint))
	before := newMemory()
	before.parts["0"], before.done["0"] = nil, 0
	_, err := p.Scan(t.Context(), "users", described(t, p, "users").Schema, before.again())
	if dataflow.CodeOf(err) != dataflow.CodeGuard {
		t.Errorf("the error is %v", err)
	}
}
