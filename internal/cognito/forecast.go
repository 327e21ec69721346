package cognito

import (
	"fmt"
	"math"
	"time"
)

// What a forecast assumes where only reading the pool could tell.
const (
	assumedGroups            = 60 // a page
	assumedAppClients        = 10
	assumedIdentityProviders = 5
	assumedDomains           = 2 // the most a pool has
	// dividedEach is how many pages of users cost one request more, because they are read side by side; BENCHMARKS.md has 30 for 5,000.
	dividedEach = 200
)

// ForecastAssumes says in whole sentences what Forecast takes for granted.
func ForecastAssumes() []string {
	return []string{
		"The pool has as many users as it estimates.",
		"No other application uses the account's quotas in this Region, and AWS refuses no request.",
		fmt.Sprintf("The pool has %d groups, and every user is in one of them.", assumedGroups),
		fmt.Sprintf("It has %d app clients and %d identity providers.", assumedAppClients, assumedIdentityProviders),
		"A user has one page of devices and one of sign-in events.",
		"Nothing is taken over from a failed import. Writing the tables takes no longer than reading the pool.",
	}
}

// TableForecast is what a run is expected to ask of AWS for one table.
type TableForecast struct {
	Key   string
	Calls int64
	Takes time.Duration // at the rate that is let through
}

// Forecast says what an import of these tables is expected to ask of AWS, in their order: a run reads one table after the other. It asks nobody.
func Forecast(keys []string, users, maxRequestsPerSecond int64) ([]TableForecast, error) {
	all := make([]TableForecast, 0, len(keys))
	for _, key := range keys {
		t, err := tableOf(key)
		if err != nil {
			return nil, err
		}
		calls := t.calls(users)
		f := TableForecast{Key: key}
		perQuota := map[string]float64{} // seconds; what has different quotas goes on side by side
		for _, n := range t.needs() {
			count := calls[n.name] + 1 // the check before the run
			f.Calls += count
			if n.quota.perSecond == 0 { // nobody counts it
				continue
			}
			rate, name := n.quota.perSecond, n.quota.name
			if n.quota.eachPerPool > 0 {
				rate, name = n.quota.eachPerPool, n.name
			}
			perQuota[name] += float64(count) / share(rate, maxRequestsPerSecond)
		}
		for _, seconds := range perQuota {
			f.Takes = max(f.Takes, time.Duration(seconds*float64(time.Second)))
		}
		all = append(all, f)
	}
	return all, nil
}

// calls says how often reading the table calls each of its operations.
func (t table) calls(users int64) map[string]int64 {
	pages := int64(math.Ceil(float64(users) / pageSize))
	counts := map[string]int64{}
	for _, n := range t.needs() {
		counts[n.name] = 1
	}
	const onlyWhenGone = 0 // the pool is described only to find out why something is not there
	switch t.key {
	case usersKey:
		counts[listUsers.name] = max(1, pages)
		if pages > 2*witnessPages {
			counts[listUsers.name] += witnessPages + pages/dividedEach
		}
	case "group_memberships":
		counts[describeUserPool.name] = onlyWhenGone
		counts[listUsersInGroup.name] = max(assumedGroups, pages+assumedGroups/2) // a group's last page is half full
	case "app_clients":
		counts[describeUserPool.name], counts[describeUserPoolClient.name] = onlyWhenGone, assumedAppClients
	case "identity_providers":
		counts[describeUserPool.name], counts[describeIdentityProvider.name] = onlyWhenGone, assumedIdentityProviders
	case "domains":
		counts[describeUserPoolDomain.name] = assumedDomains
	case "devices":
		counts[describeUserPool.name] = onlyWhenGone
		counts[listUsers.name], counts[adminListDevices.name] = max(1, pages), users
	case "auth_events":
		counts[listUsers.name], counts[adminListUserAuthEvents.name] = max(1, pages), users
	}
	return counts
}

// PerUserTables gives the keys of the tables that cost a call per user.
func PerUserTables() []string {
	var keys []string
	for _, t := range tables {
		if t.perUser {
			keys = append(keys, t.key)
		}
	}
	return keys
}
