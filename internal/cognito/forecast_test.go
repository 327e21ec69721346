package cognito

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// assumedPool is a pool as forecasts assume one.
func assumedPool(t *testing.T, users int) *Pool {
	t.Helper()
	s := cognitotest.New(cognitotest.Options{})
	handle := s.AddPool(cognitotest.Pool{ID: testPoolID, ThreatProtection: "ENFORCED", Users: cognitotest.Generate(cognitotest.Spec{Seed: 3, Users: users})})
	var groups []string
	for i := range assumedGroups {
		groups = append(groups, fmt.Sprintf("group%02d", i))
		handle.PutGroup(cognitotest.Group{Name: groups[i]})
	}
	n := 0
	for u := range handle.All() {
		handle.Join(groups[n%len(groups)], u.Sub)
		n++
	}
	for i := range assumedAppClients {
		handle.AddAppClient(fmt.Sprint("client", i), cognitotest.Fields{})
	}
	for i := range assumedIdentityProviders {
		handle.AddIdentityProvider(fmt.Sprint("Login", i), cognitotest.Fields{})
	}
	handle.AddDomain("customers", cognitotest.Fields{})
	handle.AddDomain("login.example.com", cognitotest.Fields{"CustomDomainConfig": map[string]string{"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}})
	handle.SetSigningKeys(cognitotest.Fields{"kid": "one", "kty": "RSA", "n": "sXch", "e": "AQAB"})
	return open(t, keys(s.Start(t)))
}

func TestForecast_IsWhatAnImportAsksFor(t *testing.T) {
	large, small := assumedPool(t, 9_000), assumedPool(t, 300)
	for _, table := range tables {
		p, users := large, int64(9_000)
		if table.perUser {
			p, users = small, 300
		}
		forecast, err := Forecast([]string{table.key}, users, DefaultMaxRequestsPerSecond)
		if err != nil {
			t.Fatal(err)
		}
		before := p.Usage().Calls
		if err := p.CheckTables(t.Context(), map[string]bool{table.key: true}); err != nil {
			t.Fatal(err)
		}
		described := described(t, p, table.key)
		if _, err := p.Scan(t.Context(), table.key, described.Schema, rowSink(func(dataflow.Row) error { return nil })); err != nil {
			t.Fatal(err)
		}
		asked := p.Usage().Calls - before
		t.Logf("%s: %d calls, forecast %d in %s", table.key, asked, forecast[0].Calls, forecast[0].Takes)
		if table.key == usersKey { // how far a pool is divided depends on how fast it answers; what it takes at the quota, a benchmark says
			continue
		}
		if forecast[0].Calls != asked {
			t.Errorf("%s: %d calls were asked, the forecast says %d", table.key, asked, forecast[0].Calls)
		}
	}
}

func TestForecast_TakesAsLongAsTheQuotasLetIt(t *testing.T) {
	type forecast struct {
		Calls int64
		Takes time.Duration
	}
	for _, c := range []struct {
		key         string
		users, rate int64
		want        forecast
	}{
		{"users", 40_000_000, 30, forecast{670_023, 6*time.Hour + 12*time.Minute + 14*time.Second}}, // 666,667 pages at 30/s
		{"users", 40_000_000, 20, forecast{670_023, 9*time.Hour + 18*time.Minute + 21*time.Second}},
		{"users", 300_000, 30, forecast{5_048, 2*time.Minute + 48*time.Second}}, // 5,030 were asked: BENCHMARKS.md, at the quota
		{"users", 0, 20, forecast{4, 0}},
		{"devices", 1_200_000, 20, forecast{1_220_003, 10 * time.Hour}}, // 50/s × 20/30
		{"app_clients", 0, 30, forecast{14, 2 * time.Second}},           // 5/s on one pool
		{"signing_keys", 0, 20, forecast{2, 0}},
	} {
		got, err := Forecast([]string{c.key}, c.users, c.rate)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, forecast{got[0].Calls, got[0].Takes.Round(time.Second)}); diff != "" {
			t.Errorf("%s of %d users (-want +got):\n%s", c.key, c.users, diff)
		}
	}
	if _, err := Forecast([]string{"users", "people"}, 1, 1); err == nil {
		t.Error("a forecast was made of a table that there is not")
	}
}
