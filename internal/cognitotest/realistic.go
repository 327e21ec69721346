package cognitotest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// draws are the random choices that make one user.
type draws struct {
	who       uint64
	evolution uint32 // the one that changed the user last; 0: none
	cohort    uint32
	rank      int
}

// The salts of the draws, one for each thing that is chosen. Those after salted change with each evolution.
const (
	saltKind = iota
	saltGiven
	saltFamily
	saltEmail
	saltVerified
	saltNames
	saltPhone
	saltLocale
	saltBirth
	saltStatus
	saltEnabled
	saltCreated
	saltJoined
	saltLegacy
	salted
	saltPlan
	saltScore
	saltVIP
	saltUpdated
	saltSpoil // saltSpoil+i: of attribute i
)

func (d draws) hash(salt uint64) uint64 {
	if salt > salted {
		return mix(d.who, salt, uint64(d.evolution))
	}
	return mix(d.who, salt)
}

// below draws a number from 0 to n-1.
func (d draws) below(salt uint64, n int) int { return int(d.hash(salt) % uint64(n)) }

// percent is true for that many users in a hundred.
func (d draws) percent(salt uint64, of int) bool { return d.below(salt, 100) < of }

func pick[T any](d draws, salt uint64, from []T) T { return from[d.below(salt, len(from))] }

// Users came into being before this day, evolution n happens on the nth day from it.
var firstEvolution = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	years     = 4 * 365 * 24 * 3600 * 1000 // over which users came into being, in ms
	dayMillis = 24 * 3600 * 1000
)

func evolved(evolution uint32, h uint64) time.Time {
	return firstEvolution.Add(time.Duration(uint64(evolution)*dayMillis+h%dayMillis) * time.Millisecond)
}

var (
	givenNames  = []string{"Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Margaret", "Dennis", "Frances", "Tony", "Radia", "Ken", "Lynn", "Niklaus", "Adele", "Leslie"}
	familyNames = []string{"Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton", "Ritchie", "Allen", "Hoare", "Perlman", "Thompson", "Conway", "Wirth", "Goldberg", "Lamport"}
	locales     = []string{"en_US", "de_DE", "fr_FR", "en_IN", "pt_BR", "ja_JP"}
	plans       = []string{"free", "basic", "pro", "enterprise"}
	statuses    = []string{"UNCONFIRMED", "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED", "UNKNOWN"}
	providers   = []struct{ name, kind, prefix string }{{"Google", "Google", "google_"}, {"Facebook", "Facebook", "facebook_"}, {"Corp", "SAML", "corp_"}}
)

// user makes a user such as pools have. 12 in 100 are federated, 1 has a linked profile, 3 are disabled;
// every attribute but sub is absent in some.
func (d draws) user(sub string) User {
	given, family := pick(d, saltGiven, givenNames), pick(d, saltFamily, familyNames)
	tail := strconv.Itoa(d.rank)
	if d.cohort > 0 {
		tail += "x" + strconv.Itoa(int(d.cohort))
	}
	handle := strings.ToLower(given + "." + family + "." + tail)
	u := User{
		Sub:        sub,
		Username:   handle,
		Enabled:    !d.percent(saltEnabled, 3),
		Status:     "CONFIRMED",
		Attributes: append(make([]AttributeValue, 0, 18), AttributeValue{"sub", sub}),
	}
	d.date(&u)
	has := func(name, value string) { u.Attributes = append(u.Attributes, AttributeValue{name, value}) }

	switch kind := d.below(saltKind, 100); {
	case kind < 12:
		provider := providers[kind%len(providers)]
		id := fmt.Sprintf("1%020d", d.hash(saltKind)%1e18*100+uint64(d.cohort%100)) + tail
		u.Username, u.Status = provider.prefix+id, "EXTERNAL_PROVIDER"
		has("identities", identities(id, provider.name, provider.kind, true, u.CreatedAt))
	case kind < 13:
		has("identities", identities(tail, "Google", "Google", false, u.CreatedAt))
	case kind < 40:
		u.Username = sub // a pool where people sign in by email gives this username
	case kind < 55:
		u.Status = pick(d, saltStatus, statuses)
	}

	if d.percent(saltEmail, 96) {
		has("email", handle+"@example.com")
		if v := d.below(saltVerified, 100); v < 70 {
			has("email_verified", "true")
		} else if v < 90 {
			has("email_verified", "false")
		}
	}
	names := d.hash(saltNames)
	if names&7 != 0 {
		has("given_name", given)
		has("family_name", family)
	}
	if names>>3&1 != 0 {
		has("name", given+" "+family)
	}
	if names>>4&3 == 0 {
		has("preferred_username", given+tail)
	}
	if d.percent(saltPhone, 40) {
		has("phone_number", fmt.Sprintf("+1555%07d", d.hash(saltPhone)%1e7))
		has("phone_number_verified", strconv.FormatBool(names>>6&1 == 0))
	}
	if d.percent(saltLocale, 30) {
		has("locale", pick(d, saltLocale, locales))
		has("updated_at", strconv.FormatInt(u.UpdatedAt.Unix(), 10))
	}
	if d.percent(saltBirth, 20) {
		has("birthdate", time.Unix(int64(d.hash(saltBirth)%1e9), 0).UTC().Format(time.DateOnly))
	}
	if d.percent(saltPlan, 85) {
		has("custom:plan", pick(d, saltPlan, plans))
	}
	if d.percent(saltScore, 70) {
		h := d.hash(saltScore)
		has("custom:score", strconv.FormatInt(int64(h%2_000_000)-500_000, 10)+"."+strconv.FormatUint(h>>32%9+1, 10))
	}
	if d.percent(saltJoined, 60) {
		has("custom:joined", u.CreatedAt.Truncate(time.Second).Format(time.RFC3339))
	}
	if d.percent(saltVIP, 50) {
		has("custom:vip", strconv.FormatBool(d.percent(saltVIP, 5)))
	}
	return u
}

func (d draws) date(u *User) {
	u.CreatedAt = firstEvolution.Add(-time.Duration(d.hash(saltCreated)%years+1) * time.Millisecond)
	if d.cohort > 0 {
		u.CreatedAt = evolved(d.cohort, d.hash(saltCreated))
	}
	u.UpdatedAt = u.CreatedAt
	if d.evolution > d.cohort {
		u.UpdatedAt = evolved(d.evolution, d.hash(saltUpdated))
	} else if d.cohort == 0 {
		u.UpdatedAt = u.CreatedAt.Add(time.Duration(d.hash(saltUpdated)%uint64(firstEvolution.Sub(u.CreatedAt).Milliseconds())) * time.Millisecond)
	}
}

// identities is JSON inside a string.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation.html
func identities(id, provider, kind string, primary bool, at time.Time) string {
	return fmt.Sprintf(`[{"userId":%q,"providerName":%q,"providerType":%q,"issuer":null,"primary":"%t","dateCreated":"%d"}]`,
		id, provider, kind, primary, at.UnixMilli())
}
