package cognito

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func prefixes(parts []subRange) string {
	var all []string
	for _, p := range parts {
		all = append(all, fmt.Sprintf("%s:%g", p.prefix, p.pages))
	}
	return strings.Join(all, " ")
}

func TestPart_IsDividedWhereItsSubsDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		part subRange
		seen []string
		want string // the parts that are not expected to be empty
		all  int
	}{
		"at the first character":          {subRange{"", 100}, []string{"0a", "0b", "1a", "fa"}, "0:50 1:25 f:25", 17},
		"after what they have in common":  {subRange{"a", 90}, []string{"a4-01", "a4-02", "a4-13"}, "a4-0:60 a4-1:30", 3*17 - 2},
		"by one alone":                    {subRange{"", 10}, []string{"0a"}, "", 0},
		"by nobody":                       {subRange{"", 10}, nil, "", 0},
		"by subs of another form":         {subRange{"", 10}, []string{"0a", "1z"}, "", 0},
		"by subs in upper case":           {subRange{"", 10}, []string{"0a", "1A"}, "", 0},
		"by a sub that belongs elsewhere": {subRange{"a", 10}, []string{"a1", "b2"}, "", 0},
		"by a sub that is the prefix":     {subRange{"a", 10}, []string{"a", "a2"}, "", 0},
	} {
		parts, ok := c.part.split(c.seen)
		if ok != (c.all > 0) || len(parts) != c.all {
			t.Errorf("%s: %d parts, %v; want %d", name, len(parts), ok, c.all)
		}
		full := slices.DeleteFunc(slices.Clone(parts), func(p subRange) bool { return p.pages == 0 })
		if got := prefixes(full); got != c.want {
			t.Errorf("%s: parts %s, want %s", name, got, c.want)
		}
		if got := prefixes(parts); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: the largest do not come first: %s", name, got)
		}
	}
}

// Whatever was seen: every sub of the alphabet that is in the part and longer than what is asked for is in exactly one of the new ones.
func TestPart_DividedHoldsEverySubOnce(t *testing.T) {
	sub := rapid.StringOfN(rapid.SampledFrom([]rune(subAlphabet)), 12, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringOfN(rapid.SampledFrom([]rune(subAlphabet)), 0, 3, -1).Draw(t, "prefix")
		var seen []string
		for _, s := range rapid.SliceOfN(sub, 1, 8).Draw(t, "seen") {
			seen = append(seen, prefix+rapid.SampledFrom([]string{"", "01", "4-"}).Draw(t, "common")+s)
		}
		parts, ok := subRange{prefix, 10}.split(seen)
		if !ok {
			slices.Sort(seen)
			if slices.Compact(seen)[0] != seen[len(seen)-1] {
				t.Fatal("it was not divided")
			}
			return
		}
		other := prefix + sub.Draw(t, "another") + "0123"
		holds := 0
		for _, p := range parts {
			if strings.HasPrefix(other, p.prefix) {
				holds++
			}
		}
		if holds != 1 {
			t.Fatalf("%s is in %d of %s", other, holds, prefixes(parts))
		}
	})
}

func TestWitness_NamesWhomNobodyHasMet(t *testing.T) {
	w := newWitness()
	w.met([]string{"early"})
	w.called([]string{"early", "late", "lost"})
	w.rest()
	w.met([]string{"late", "new"})
	if diff := cmp.Diff([]string{"lost"}, w.unmet()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFrontier_EndsWhenNothingWaitsAndNothingIsRead(t *testing.T) {
	f := newFrontier()
	f.add([]subRange{{"a", 1}, {"b", 1}})
	first, _ := f.take()
	_, _ = f.take()
	ended := make(chan bool)
	go func() {
		_, ok := f.take() // waits: what is read may be divided
		ended <- ok
	}()
	f.done(nil)
	f.done([]subRange{{"aa", 1}})
	if ok := <-ended; !ok || first.prefix != "a" || f.busy() != 1 {
		t.Errorf("%v, first %s, busy %d", ok, first.prefix, f.busy())
	}
	f.done(nil)
	if _, ok := f.take(); ok {
		t.Error("something was taken after the end")
	}
}

// forms are ways to make a sub of a number. AWS promises none of them.
var forms = map[string]func(n int) string{
	"UUIDs of version 4": func(n int) string {
		h := mixed(n)
		return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", h, n&0xffff, n&0xfff, n&0xfff, n)
	},
	"half of the first digits vary": func(n int) string {
		h := mixed(n)
		return fmt.Sprintf("%x4%x8%x4%x8-0000-4000-8000-%012x", h&15, h>>4&15, h>>8&15, h>>12&15, n)
	},
	"UUIDs of version 7":                     func(n int) string { return fmt.Sprintf("0190%04x-%04x-7000-8000-%012x", 0xab00+n/4096, n&0xffff, n) },
	"all under one digit":                    func(n int) string { return fmt.Sprintf("f%031x", mixed(n)) },
	"numbers, one after the other":           func(n int) string { return fmt.Sprintf("%d", 10_000+n) },
	"not hex at all":                         func(n int) string { return fmt.Sprintf("user.%d@example.com", n) },
	"in upper case":                          func(n int) string { return fmt.Sprintf("%016X", mixed(n)) },
	"UUIDs of version 7, made in one moment": func(n int) string { return fmt.Sprintf("0190abcd-1234-7%03x-8%03x-%012x", n&0xfff, n>>3&0xfff, n) },
	"alike in upper case":                    func(n int) string { return fmt.Sprintf("0190ABCD-1234-7%03X-8000-%012X", n&0xfff, n) },
	"alike for all but the last characters":  func(n int) string { return fmt.Sprintf("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaa%05x", n) },
	"one a prefix of the next":               func(n int) string { return strings.Repeat("0123456789abcdef", 1+n%12) + fmt.Sprintf("%x", n/12) },
	"one in a thousand with a quotation mark": func(n int) string {
		s := fmt.Sprintf("%016x", mixed(n))
		if n%1000 == 7 {
			return `"\" or sub ^= "` + s
		}
		return s
	},
	"one in a thousand longer than a filter": func(n int) string {
		s := fmt.Sprintf("%016x", mixed(n))
		if n%1000 == 7 {
			return "x" + strings.Repeat(s, 20)
		}
		return s
	},
	"one in a thousand not hex": func(n int) string {
		s := fmt.Sprintf("%016x", mixed(n))
		if n%1000 == 7 {
			return "x" + s
		}
		return s
	},
	"one in a thousand in upper case": func(n int) string {
		s := fmt.Sprintf("a%015x", mixed(n))
		if n%1000 == 999 {
			return strings.ToUpper(s)
		}
		return s
	},
}

func mixed(n int) uint32 {
	h := uint32(n) * 2654435761
	return (h ^ h>>15) * 2246822519
}

// poolOf is a pool with users of these subs.
func poolOf(t *testing.T, options cognitotest.Options, users int, form func(int) string) (*cognitotest.Server, *cognitotest.PoolHandle, *Pool) {
	t.Helper()
	s, handle, p := service(t, options, cognitotest.Spec{})
	for n := range users {
		handle.Put(cognitotest.User{Sub: form(n), Username: fmt.Sprint("user", n), Status: "CONFIRMED", Enabled: true})
	}
	return s, handle, p
}

func TestScan_ReadsEverybodyWhateverSubsLookLike(t *testing.T) {
	const users = 3_600
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, handle, p := poolOf(t, cognitotest.Options{}, users, form)
			rows, _ := scanAll(t, p, described(t, p, "users"))
			if len(rows) != users || handle.Len() != users {
				t.Fatalf("%d rows of %d users", len(rows), handle.Len())
			}
			for n := range users {
				if _, ok := rows[form(n)]; !ok {
					t.Fatalf("user %d, %s, was not read", n, form(n))
				}
			}
		})
	}
}

// What it costs at most to read side by side as far as that goes: pages that are read twice, and parts with nobody in them.
// A single chain takes 150 requests.
func TestScan_DividedAsksLittleMore(t *testing.T) {
	const users = 9_000
	older, newer := cognitotest.Spec{Seed: 1, Users: users, UUIDv4: true}, cognitotest.Spec{Seed: 1, Users: users}
	crowded := newer
	crowded.Crowded = 0.5
	for name, c := range map[string]struct {
		spec cognitotest.Spec
		most int64
	}{
		"UUIDs of version 4":            {older, 500},
		"half of the first digits vary": {newer, 750},
		"crowded":                       {crowded, 750},
	} {
		t.Run(name, func(t *testing.T) {
			_, handle, p := service(t, cognitotest.Options{}, c.spec)
			rows, _ := scanAll(t, p, described(t, p, "users"))
			if calls := p.Usage().Calls; len(rows) != handle.Len() || calls > c.most {
				t.Errorf("%d rows of %d users with %d requests; want %d requests at most", len(rows), handle.Len(), calls, c.most)
			}
		})
	}
}

// At a quota of AWS's a few chains are enough, and each part more costs requests that the quota has not got to spare.
func TestUserScan_DividesAPartOnlyAsFarAsTheQuotaNeeds(t *testing.T) {
	for name, c := range map[string]struct {
		perSecond     float64
		latency       time.Duration
		pool          float64 // pages
		part          subRange
		read, reading int
		want          bool
	}{
		"one of 16 parts of a pool at 20/s":              {20, 150 * time.Millisecond, 1_000, subRange{"a", 63}, 1, 16, false},
		"one of 16 parts of the largest pool at 30/s":    {30, 150 * time.Millisecond, 667_000, subRange{"a", 41_700}, 1, 16, true},
		"one of 4,096 parts of the largest pool at 30/s": {30, 150 * time.Millisecond, 667_000, subRange{"a4c8", 163}, 1, 64, false},
		"a part with half of the pool":                   {30, 150 * time.Millisecond, 1_000, subRange{"a", 500}, 1, 16, true},
		"one of 16 parts without a quota":                {1e6, 150 * time.Millisecond, 1_000, subRange{"a", 63}, 1, 16, true},
		"a small part without a quota":                   {1e6, 150 * time.Millisecond, 1_000, subRange{"a4", 4}, 1, 64, false},
		"the last part, while it has far to go":          {30, 150 * time.Millisecond, 1_000, subRange{"a", 63}, 1, 1, true},
		"the last part, near its end":                    {30, 150 * time.Millisecond, 1_000, subRange{"a", 63}, 60, 1, false},
		"a part that turns out far larger than expected": {30, 150 * time.Millisecond, 1_000, subRange{"a", 1}, 1_100, 16, true},
	} {
		p := &Pool{leases: map[string]*lease{userList.name: newLimiters(newFakeClock()).Lease(limiterKey{}, c.perSecond)}}
		p.latency.add(c.latency)
		s := &userScan{pool: p, pages: c.pool, front: newFrontier(), share: newChains().join()}
		s.front.add(make([]subRange, c.reading))
		if got := s.pays(c.part, c.read); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestScan_DividedFindsEverybodyWhoStaysWhileOthersComeAndGo(t *testing.T) {
	const users = 3_600
	var handle *cognitotest.PoolHandle
	var mu sync.Mutex
	left := map[string]bool{}
	_, h, p := service(t, cognitotest.Options{Seed: 4, Pages: cognitotest.Pages{Short: 0.2, Empty: 0.1}, Faults: cognitotest.Faults{Dropped: 0.1, Throttled: 0.1, InternalError: 0.1}, OnRequest: func(op string, n int) {
		if op != "ListUsers" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for u := range handle.All() {
			left[u.Sub] = true
			handle.Delete(u.Sub)
			break
		}
		handle.Put(cognitotest.User{Sub: fmt.Sprintf("%08x-0000-4000-8000-%012x", mixed(n), n), Username: fmt.Sprint("new", n)})
	}}, cognitotest.Spec{Seed: 4, Users: users})
	handle = h
	began := map[string]bool{}
	for u := range handle.All() {
		began[u.Sub] = true
	}
	rows, _ := scanAll(t, p, described(t, p, "users"))
	stayed := 0
	for sub := range began {
		if left[sub] {
			continue
		}
		stayed++
		if _, ok := rows[sub]; !ok {
			t.Fatalf("user %s was there throughout and was not read", sub)
		}
	}
	if len(left) < 100 || stayed < users/2 {
		t.Errorf("%d users left, %d stayed: the test has lost its subject", len(left), stayed)
	}
}

// scripted is how many users a scripted pool has.
const scripted = 3_000

// hexSubs is a scripted pool whose users come 60 to a page, with a filter that works as this says.
func hexSubs(matches func(sub, prefix string) bool) (script, *int) {
	var mu sync.Mutex
	filtered := 0
	var all []string
	for n := range scripted {
		all = append(all, fmt.Sprintf("%08x%04x", mixed(n), n))
	}
	return script{
		"DescribeUserPool": func(int, map[string]any) answer {
			return answer{200, object{"UserPool": object{"EstimatedNumberOfUsers": scripted}}}
		},
		"ListUsers": func(_ int, in map[string]any) answer {
			mu.Lock()
			defer mu.Unlock()
			prefix := ""
			if filter, ok := in["Filter"].(string); ok {
				filtered++
				prefix = strings.TrimSuffix(strings.TrimPrefix(filter, `sub ^= "`), `"`)
			}
			var subs []string
			for _, sub := range all {
				if prefix == "" || matches(sub, prefix) {
					subs = append(subs, sub)
				}
			}
			from := 0
			if token, ok := in["PaginationToken"].(string); ok {
				if _, err := fmt.Sscanf(token, "at%d", &from); err != nil {
					return refusal("InvalidParameterException", err.Error())
				}
			}
			subs = subs[from:]
			if len(subs) <= pageSize {
				return page(nil, subs...)
			}
			return page(fmt.Sprintf("at%d", from+pageSize), subs[:pageSize]...)
		},
	}, &filtered
}

func TestScan_ReadsTheUndividedListWhenTheFilterCannotBeTrusted(t *testing.T) {
	overlooked := fmt.Sprintf("%08x%04x", mixed(5), 5)
	for name, matches := range map[string]func(sub, prefix string) bool{
		"it matches everybody": func(string, string) bool { return true },
		"it matches nobody":    func(string, string) bool { return false },
		"it overlooks one of us": func(sub, prefix string) bool {
			return strings.HasPrefix(sub, prefix) && (sub != overlooked || prefix == sub)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, filtered := hexSubs(matches)
			endpoint, _ := server.start(t)
			p := open(t, keys(endpoint))
			rows := scanNamed(t, p)
			if len(rows) != scripted || *filtered == 0 {
				t.Errorf("%d rows of %d users with %d filtered requests", len(rows), scripted, *filtered)
			}
		})
	}
	t.Run("it is refused", func(t *testing.T) {
		server, _ := hexSubs(strings.HasPrefix)
		list := server["ListUsers"]
		server["ListUsers"] = func(n int, in map[string]any) answer {
			if in["Filter"] != nil {
				return refusal("InvalidParameterException", "Error while parsing filter.")
			}
			return list(n, in)
		}
		endpoint, _ := server.start(t)
		if rows := scanNamed(t, open(t, keys(endpoint))); len(rows) != scripted {
			t.Errorf("%d rows of %d users", len(rows), scripted)
		}
	})
	t.Run("nobody is overlooked", func(t *testing.T) {
		server, filtered := hexSubs(strings.HasPrefix)
		endpoint, requests := server.start(t)
		rows := scanNamed(t, open(t, keys(endpoint)))
		if undivided := requests("ListUsers") - *filtered; len(rows) != scripted || undivided != witnessPages {
			t.Errorf("%d rows of %d users, %d pages of the undivided list, want %d", len(rows), scripted, undivided, witnessPages)
		}
	})
}

// scanNamed reads the users of a scripted server, which have no times.
func scanNamed(t *testing.T, p *Pool) map[string]int {
	t.Helper()
	table := described(t, p, "users")
	var mu sync.Mutex
	rows := map[string]int{}
	_, err := p.Scan(t.Context(), "users", table.Schema, rowSink(func(row dataflow.Row) error {
		mu.Lock()
		defer mu.Unlock()
		rows[row[0].(string)]++
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestScan_DividedEndsWithTheFirstErrorAndNobodyReadsOn(t *testing.T) {
	server, _ := hexSubs(strings.HasPrefix)
	endpoint, requests := server.start(t)
	p := open(t, keys(endpoint))
	full := errors.New("the disk is full")
	var mu sync.Mutex
	puts := 0
	_, err := p.Scan(t.Context(), "users", described(t, p, "users").Schema, rowSink(func(dataflow.Row) error {
		mu.Lock()
		defer mu.Unlock()
		if puts++; puts > 1_500 {
			return full
		}
		return nil
	}))
	if err != full { //nolint:errorlint // as it is, not wrapped
		t.Errorf("the error is %v", err)
	}
	asked := requests("ListUsers")
	time.Sleep(50 * time.Millisecond)                            //nolint:forbidigo // for whoever would read on
	if more := requests("ListUsers") - asked; more > maxChains { // what was under way may reach the server late
		t.Errorf("%d requests after the end", more)
	}
}

func TestTable_OfUsersSaysHowManyThePoolThinksItHas(t *testing.T) {
	_, _, p := service(t, cognitotest.Options{}, cognitotest.Spec{Users: 130, Groups: 2})
	for key, want := range map[string]int64{"users": 130, "groups": 0, "group_memberships": 0} {
		if got := described(t, p, key).Estimate; got != want {
			t.Errorf("%s: %d, want %d", key, got, want)
		}
	}
}
