package cognitotest

import (
	"encoding/json"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPermutation_HitsEveryNumberOnceAndHasAnInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "n")
		p := newPermutation(n, rapid.Uint64().Draw(t, "seed"))
		hit := make([]bool, n)
		for i := range n {
			v := p.at(i)
			if v < 0 || v >= n || hit[v] || p.indexOf(v) != i {
				t.Fatalf("%d goes to %d, which comes from %d", i, v, p.indexOf(v))
			}
			hit[v] = true
		}
	})
}

func TestSubs_AreSortedAndAPrefixIsARangeOfThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := subs{
			n: rapid.IntRange(1, 500).Draw(t, "n"), seed: rapid.Uint64().Draw(t, "seed"),
			form: rapid.SampledFrom([]string{subForm, subFormV4}).Draw(t, "form"), crowded: rapid.SampledFrom([]float64{0, 0.3, 0.999, 1}).Draw(t, "crowded"),
		}
		var all []string
		for rank := range s.n {
			sub := s.at(rank)
			if rank > 0 && sub <= all[rank-1] {
				t.Fatalf("%s comes after %s", sub, all[rank-1])
			}
			if at, ok := s.rank(sub); !ok || at != rank {
				t.Fatalf("rank of %s: %d, want %d", sub, at, rank)
			}
			all = append(all, sub)
		}
		prefix := rapid.SampledFrom(all).Draw(t, "sub")[:rapid.IntRange(0, 36).Draw(t, "length")]
		lo, hi := s.prefixed(prefix)
		for rank, sub := range all {
			if strings.HasPrefix(sub, prefix) != (rank >= lo && rank < hi) {
				t.Fatalf("%s with prefix %s: range %d to %d does not judge %d right", sub, prefix, lo, hi, rank)
			}
		}
		if _, ok := s.rank("nobody"); ok {
			t.Fatal("found nobody")
		}
	})
}

func TestCrowded_PutsThatShareOfTheSubsUnderOnePrefix(t *testing.T) {
	s := subs{n: 10_000, seed: 3, form: subForm, crowded: 0.4}
	count := map[string]int{}
	for rank := range s.n {
		count[s.at(rank)[:3]]++
	}
	most := 0
	for _, n := range count {
		most = max(most, n)
	}
	if most != 4000 || len(count) < 200 {
		t.Errorf("%d of 10,000 under one of %d prefixes, want 4,000", most, len(count))
	}
}

func TestSub_HasTheFormOfItsPool(t *testing.T) {
	for form, pattern := range map[string]string{
		subForm:   `^[0-9a-f]4[0-9a-f]8[0-9a-f]4[0-9a-f]8-[0-9a-f]0[0-9a-f]1-70[0-9a-f]{2}-[0-9a-f]{4}-[0-9a-f]{12}$`,
		subFormV4: `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
	} {
		if sub := (subs{n: 10, seed: 1, form: form}).at(4); !regexp.MustCompile(pattern).MatchString(sub) {
			t.Errorf("%s does not match %s", sub, pattern)
		}
	}
}

func TestAppendText_WritesJSONThatReadsBack(t *testing.T) {
	check := func(t interface {
		Helper()
		Fatalf(string, ...any)
	}, text string,
	) {
		t.Helper()
		var got string
		if err := json.Unmarshal(appendText(nil, text), &got); err != nil || got != strings.ToValidUTF8(text, "\ufffd") && utf8.ValidString(text) {
			t.Fatalf("%q came back as %q, %v", text, got, err)
		}
	}
	for _, text := range slices.Concat(hostileText, hostileNumbers, hostileDateTimes, hostileBooleans) {
		check(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.String().Draw(t, "text"))
		check(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
	})
}

func TestAMillionUsers_CostNoMemoryBeforeTheyAreAskedFor(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := New(Options{}).AddPool(Pool{ID: "us-east-1_Big", Users: Generate(Spec{Users: 40_000_000})})
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
		t.Errorf("a pool of 40,000,000 users took %d bytes", bytes)
	}
	if p.Len() != 40_000_000 {
		t.Error(p.Len())
	}
}

var nameRule = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$`)

func TestHostileUsers_HoldEveryKindOfTroubleAndYetOnlyWhatCognitoAllows(t *testing.T) {
	schema := map[string]string{}
	for _, a := range DefaultSchema() {
		schema[a.Name] = a.Type
	}
	seen, strays, usernames := map[string]map[string]bool{"String": {}, "Number": {}, "Boolean": {}, "DateTime": {}}, map[string]bool{}, map[string]bool{}
	for u := range Generate(Spec{Seed: 7, Users: 20_000, Hostile: true}).All() {
		if !nameRule.MatchString(u.Username) || usernames[u.Username] {
			t.Fatalf("username %q is not allowed or not unique", u.Username)
		}
		usernames[u.Username] = true
		names := map[string]bool{}
		for _, a := range u.Attributes {
			if names[a.Name] || utf8.RuneCountInString(a.Value) > 2048 || !utf8.ValidString(a.Value) {
				t.Fatalf("attribute %s of %s is there twice or not allowed", a.Name, u.Sub)
			}
			names[a.Name] = true
			if kind := schema[a.Name]; kind != "" {
				seen[kind][a.Value] = true
			} else {
				strays[a.Name] = true
			}
		}
	}
	for kind, values := range map[string][]string{"String": hostileText, "Number": hostileNumbers, "Boolean": hostileBooleans, "DateTime": hostileDateTimes} {
		for _, value := range values {
			if !seen[kind][value] {
				t.Errorf("no %s is %.40q", kind, value)
			}
		}
	}
	if len(strays) != len(strayAttributes) {
		t.Errorf("attributes outside the schema: %v", strays)
	}
}

func TestRealisticUsers_AreVariedAndFitTheSchema(t *testing.T) {
	const n = 10_000
	schema, usernames, count := DefaultSchema(), map[string]bool{}, map[string]int{}
	number := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	for u := range Generate(Spec{Seed: 8, Users: n}).All() {
		usernames[u.Username] = true
		count["status "+u.Status]++
		if !u.Enabled {
			count["disabled"]++
		}
		if u.UpdatedAt.Before(u.CreatedAt) || !u.UpdatedAt.Before(firstEvolution) {
			t.Fatalf("created %s, updated %s", u.CreatedAt, u.UpdatedAt)
		}
		for _, a := range u.Attributes {
			count[a.Name]++
			i := slices.IndexFunc(schema, func(s Attribute) bool { return s.Name == a.Name })
			switch {
			case i < 0:
				t.Fatalf("%s is not in the schema", a.Name)
			case schema[i].Type == "Boolean" && a.Value != "true" && a.Value != "false",
				schema[i].Type == "Number" && !number.MatchString(a.Value):
				t.Fatalf("%s is %q", a.Name, a.Value)
			}
		}
	}
	if len(usernames) != n || count["sub"] != n {
		t.Errorf("%d usernames, %d subs", len(usernames), count["sub"])
	}
	for _, name := range []string{
		"status CONFIRMED", "status EXTERNAL_PROVIDER", "status UNCONFIRMED", "status FORCE_CHANGE_PASSWORD", "status RESET_REQUIRED", "disabled", "identities",
		"email", "email_verified", "given_name", "family_name", "name", "phone_number", "phone_number_verified", "preferred_username", "locale", "updated_at", "birthdate",
		"custom:plan", "custom:score", "custom:joined", "custom:vip",
	} {
		if count[name] < 50 || count[name] > n-50 {
			t.Errorf("%s: %d of %d", name, count[name], n)
		}
	}
}

func TestGroups_HaveNamesThatCognitoAllows(t *testing.T) {
	for _, hostile := range []bool{false, true} {
		names := map[string]bool{}
		for _, g := range newGroups(Spec{Groups: 300, Hostile: hostile}) {
			if !nameRule.MatchString(g.Name) || names[g.Name] {
				t.Errorf("group name %q is not allowed or not unique", g.Name)
			}
			names[g.Name] = true
		}
	}
}
