package cognito

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestTables_AreTheOnesThatCanBeRead(t *testing.T) {
	var got []string
	for _, table := range allTables() {
		if table.Description == "" || len(table.Operations) == 0 {
			t.Errorf("%+v says too little", table)
		}
		got = append(got, fmt.Sprint(table.Key, " ", table.FileName, " ", table.Actions))
	}
	want := []string{
		"users Users [cognito-idp:DescribeUserPool cognito-idp:ListUsers]",
		"groups Groups [cognito-idp:ListGroups]",
		"group_memberships GroupMemberships [cognito-idp:DescribeUserPool cognito-idp:ListGroups cognito-idp:ListUsersInGroup]",
		"user_pool UserPool [cognito-idp:DescribeUserPool cognito-idp:GetUserPoolMfaConfig]",
		"user_attributes UserAttributes [cognito-idp:DescribeUserPool]",
		"app_clients AppClients [cognito-idp:DescribeUserPool cognito-idp:ListUserPoolClients cognito-idp:DescribeUserPoolClient]",
		"identity_providers IdentityProviders [cognito-idp:DescribeUserPool cognito-idp:ListIdentityProviders cognito-idp:DescribeIdentityProvider]",
		"resource_servers ResourceServers [cognito-idp:ListResourceServers]",
		"domains Domains [cognito-idp:DescribeUserPool cognito-idp:DescribeUserPoolDomain]",
		"signing_keys SigningKeys []",
		"import_jobs ImportJobs [cognito-idp:ListUserImportJobs]",
		"devices Devices [cognito-idp:DescribeUserPool cognito-idp:ListUsers cognito-idp:AdminListDevices]",
		"auth_events AuthEvents [cognito-idp:DescribeUserPool cognito-idp:ListUsers cognito-idp:AdminListUserAuthEvents]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// service is a pool on a server that keeps Cognito's rules.
func service(t *testing.T, options cognitotest.Options, spec cognitotest.Spec) (*cognitotest.Server, *cognitotest.PoolHandle, *Pool) {
	t.Helper()
	s := cognitotest.New(options)
	handle := s.AddPool(cognitotest.Pool{ID: testPoolID, Name: "Customers", Schema: cognitotest.DefaultSchema(), Users: cognitotest.Generate(spec)})
	return s, handle, open(t, keys(s.Start(t)))
}

func described(t *testing.T, p *Pool, key string) dataflow.SourceTable {
	t.Helper()
	table, err := p.Table(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range table.Schema.Columns {
		if c.Name == "" || c.Type == "" || c.Description == "" || c.Source == "" {
			t.Errorf("table %s: column %+v says too little", key, c)
		}
	}
	return table
}

// comparesTables checks that a scan of every table gives exactly what the pool has.
func comparesTables(t *testing.T, handle *cognitotest.PoolHandle, p *Pool) {
	t.Helper()
	rows, _ := scanAll(t, p, described(t, p, "users"))
	for u := range handle.All() {
		if _, ok := rows[u.Sub]; !ok {
			t.Errorf("no row of user %s", u.Sub)
		}
	}
	if len(rows) != handle.Len() {
		t.Errorf("%d rows of %d users", len(rows), handle.Len())
	}

	want := map[string]dataflow.Row{}
	for g := range handle.Groups() {
		row := dataflow.Row{g.Name, nil, nil, nil, g.CreatedAt, g.UpdatedAt}
		if g.Description != nil {
			row[1] = *g.Description
		}
		if g.Precedence != nil {
			row[2] = int64(*g.Precedence)
		}
		if g.RoleARN != nil {
			row[3] = *g.RoleARN
		}
		want[g.Name] = row
	}
	got, _ := scanAll(t, p, described(t, p, "groups"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}

	want = map[string]dataflow.Row{}
	for m := range handle.Memberships() {
		want[m.Group+"\x00"+m.User.Sub] = dataflow.Row{m.Group, m.User.Sub, m.User.Username}
	}
	got, _ = scanAll(t, p, described(t, p, "group_memberships"))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("memberships (-want +got):\n%s", diff)
	}
	if len(want) == 0 {
		t.Error("the pool has no membership to compare")
	}
}

func TestScan_GivesWhatThePoolHas(t *testing.T) {
	spec := cognitotest.Spec{Seed: 5, Users: 1_000, Groups: 130}
	hostile := spec
	hostile.Hostile = true
	for name, c := range map[string]struct {
		options cognitotest.Options
		spec    cognitotest.Spec
	}{
		"at peace":                 {cognitotest.Options{}, spec},
		"awkward names and values": {cognitotest.Options{}, hostile},
		"no user and no group":     {cognitotest.Options{}, cognitotest.Spec{}},
		"short and empty pages":    {cognitotest.Options{Seed: 1, Pages: cognitotest.Pages{Short: 0.4, Empty: 0.4}}, spec},
		"three requests in ten fail": {cognitotest.Options{Seed: 2, Pages: cognitotest.Pages{Short: 0.2, Empty: 0.2}, Faults: cognitotest.Faults{
			InternalError: 0.06, Unavailable: 0.06, Throttled: 0.06, Dropped: 0.06, Truncated: 0.06,
		}}, spec},
	} {
		t.Run(name, func(t *testing.T) {
			s, handle, p := service(t, c.options, c.spec)
			if c.spec.Users == 0 {
				for _, key := range []string{"users", "groups", "group_memberships"} {
					if rows, _ := scanAll(t, p, described(t, p, key)); len(rows) != 0 {
						t.Errorf("%s of an empty pool has %d rows", key, len(rows))
					}
				}
				return
			}
			comparesTables(t, handle, p)
			stats, usage := s.Stats(), p.Usage()
			if usage.Calls != stats.Requests || usage.Throttles != stats.Faults.Throttled {
				t.Errorf("usage %+v, the server saw %+v", usage, stats)
			}
			if failing := c.options.Faults != (cognitotest.Faults{}); failing != (stats.Faults.Total() > 0) {
				t.Errorf("%d faults", stats.Faults.Total())
			}
		})
	}
}

func TestScan_StaysUnderTheQuota(t *testing.T) {
	s := cognitotest.New(cognitotest.Options{RequestsPerSecond: 30, Burst: 5})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Schema: cognitotest.DefaultSchema(), Users: cognitotest.Generate(cognitotest.Spec{Users: 600})})
	c := keys(s.Start(t))
	c.MaxRequestsPerSecond = 15
	p := open(t, c)
	rows, _ := scanAll(t, p, described(t, p, "users"))
	if usage := p.Usage(); len(rows) != 600 || usage.Throttles != 0 || usage.WaitedSeconds <= 0 {
		t.Errorf("%d rows, usage %+v; want 600 rows, no throttle and some waiting", len(rows), usage)
	}
}

func TestScan_ReadsAllWhenTheQuotaIsLessThanItThinks(t *testing.T) {
	now := time.Now()
	s, _, p := service(t, cognitotest.Options{RequestsPerSecond: 1, Burst: 1, Clock: func() time.Time {
		now = now.Add(250 * time.Millisecond) // each request costs a quarter of what one may take
		return now
	}}, cognitotest.Spec{Users: 600})
	rows, _ := scanAll(t, p, described(t, p, "users"))
	if usage := p.Usage(); len(rows) != 600 || usage.Throttles == 0 || usage.Throttles != s.Stats().Throttled {
		t.Errorf("%d rows, usage %+v, server %+v", len(rows), usage, s.Stats())
	}
}

func TestScan_APageTokenOlderThanAnHourIsAnErrorThatSaysSo(t *testing.T) {
	now := time.Now()
	_, _, p := service(t, cognitotest.Options{Clock: func() time.Time { return now }, OnRequest: func(op string, n int) {
		if op == "ListUsers" && n == 3 {
			now = now.Add(61 * time.Minute)
		}
	}}, cognitotest.Spec{Users: 600})
	_, err := p.Scan(t.Context(), "users", described(t, p, "users").Schema, rowSink(func(dataflow.Row) error { return nil }))
	if !dataflow.IsCode(err, dataflow.CodeGuard) || !strings.Contains(err.Error(), "A page token lives for one hour") {
		t.Errorf("%v", err)
	}
}

func TestScan_AListThatRunsInACircleFails(t *testing.T) {
	_, _, p := service(t, cognitotest.Options{Pages: cognitotest.Pages{StuckAfter: 3}}, cognitotest.Spec{Users: 600})
	_, err := p.Scan(t.Context(), "users", described(t, p, "users").Schema, rowSink(func(dataflow.Row) error { return nil }))
	if !dataflow.IsCode(err, dataflow.CodeGuard) || !strings.Contains(err.Error(), "twice") {
		t.Errorf("%v", err)
	}
}

func TestScan_AUserThatMovesMeanwhileMayComeTwiceWithItsTimes(t *testing.T) {
	var handle *cognitotest.PoolHandle
	var moved cognitotest.User
	_, h, p := service(t, cognitotest.Options{OnRequest: func(op string, n int) {
		if op == "ListUsers" && n == 3 {
			moved.UpdatedAt = moved.UpdatedAt.Add(time.Hour)
			handle.Delete(moved.Sub)
			handle.Put(moved)
		}
	}}, cognitotest.Spec{Users: 300})
	handle = h
	schema := described(t, p, "users").Schema
	for u := range handle.All() {
		moved = u
		break
	}
	first := moved.UpdatedAt
	var times []time.Time
	if _, err := p.Scan(t.Context(), "users", schema, rowSink(func(row dataflow.Row) error {
		if row[0] == moved.Sub {
			times = append(times, row[schema.Index(schema.Version)].(time.Time))
		}
		return nil
	})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Time{first, first.Add(time.Hour)}, times); diff != "" {
		t.Errorf("the times of the user that moved (-want +got):\n%s", diff)
	}
}

// asKey opens the pool of a server that knows only this key.
func asKey(t *testing.T, key cognitotest.Credential, change func(*Config)) *Pool {
	t.Helper()
	s := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{key}})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Schema: cognitotest.DefaultSchema(), Users: cognitotest.Generate(cognitotest.Spec{Users: 5, Groups: 2})})
	c := keys(s.Start(t))
	if change != nil {
		change(&c)
	}
	return open(t, c)
}

func TestCheck_FailsWithWhatIsWrongAndWhatToDo(t *testing.T) {
	key := cognitotest.DefaultCredential()
	expired, denied := key, key
	expired.Expired = true
	denied.Deny = []string{"DescribeUserPool"}
	for name, c := range map[string]struct {
		key    cognitotest.Credential
		change func(*Config)
		code   dataflow.Code
		says   []string
	}{
		"a key that AWS does not know": {key, func(c *Config) { c.AccessKeyID = "AKIANOBODY" }, dataflow.CodeUnauthenticated, []string{"DescribeUserPool: UnrecognizedClientException", "check access_key_id"}},
		"another key's secret":         {key, func(c *Config) { c.SecretAccessKey = "s3cr3t" }, dataflow.CodeUnauthenticated, []string{"InvalidSignatureException", "check secret_access_key_wo"}},
		"a session that has ended":     {expired, nil, dataflow.CodeUnauthenticated, []string{"ExpiredToken", "sign in again"}},
		"no such pool":                 {key, func(c *Config) { c.UserPoolID = "us-east-1_Nothing" }, dataflow.CodeNoSource, []string{"user pool us-east-1_Nothing", "ResourceNotFoundException", "Check user_pool_id and region"}},
		"no pool id at all":            {key, func(c *Config) { c.UserPoolID, c.Region = "not a pool", "us-east-1" }, dataflow.CodeNoSource, []string{"InvalidParameterException", "it looks like us-east-1_AbCdEf123"}},
		"a pool not to be described":   {denied, nil, dataflow.CodeAccessDenied, []string{"Allow cognito-idp:DescribeUserPool on arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Example1."}},
	} {
		t.Run(name, func(t *testing.T) {
			p := asKey(t, c.key, c.change)
			_, err := p.Check(t.Context())
			if !dataflow.IsCode(err, c.code) {
				t.Fatalf("%s: %v, want %s", dataflow.CodeOf(err), err, c.code)
			}
			for _, say := range c.says {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("%q does not say %q", err, say)
				}
			}
			for _, secret := range []string{key.SecretAccessKey, "s3cr3t", "Canonical", "Signature=", "AWS4-HMAC"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q tells %q", err, secret)
				}
			}
			want := int64(1) // it was an answer
			if c.key.Expired {
				want = 2 // the next signature could have been of a new session
			}
			if p.Usage().Calls != want {
				t.Errorf("%d calls, want %d", p.Usage().Calls, want)
			}
		})
	}
}

func TestOpen_RequestsSayWhereTheyComeFrom(t *testing.T) {
	var agent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		fmt.Fprint(w, `{"UserPool":{}}`)
	}))
	defer server.Close()
	c := keys(server.URL)
	c.UserAgent = "terraform-provider-skypoint/1.2.3"
	if _, err := open(t, c).describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(strings.Fields(agent), "terraform-provider-skypoint/1.2.3") {
		t.Errorf("the user agent is %q", agent)
	}
}

func TestClose_GivesUpTheShareInTheLimiters(t *testing.T) {
	c := keys("http://127.0.0.1:1")
	c.AccessKeyID = "AKIACLOSE"
	fast := open(t, c)
	c.MaxRequestsPerSecond = 3
	slow, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for quota, want := range map[string]float64{
		"UserList": 3, "UserResourceRead": 5, "UserPoolRead": 1.5, "UserPoolResourceRead": 2, "UserPoolClientRead": 1.5,
		"ListGroups": 0.5, "ListIdentityProviders": 0.5, "DescribeUserPoolClient": 0.5, // each on this pool
	} {
		if got := fast.leases[quota].Rate(); got != want {
			t.Errorf("%s: with a pool that may 3/s open, %v/s are let through, want %v", quota, got, want)
		}
	}
	for range 2 {
		if err := slow.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := fast.leases[userList.name].Rate(); got != 1_000_000 {
		t.Errorf("after it was closed %v/s are let through", got)
	}
}
