package cognito

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const testARN = "arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Example1"

// notReadable gives the tables that a check says can't be read, with why not.
func notReadable(check dataflow.ConnectionCheck) map[string]string {
	reasons := map[string]string{}
	for _, table := range check.AvailableTables {
		if !table.Readable {
			reasons[table.Key] = table.Reason
		}
	}
	return reasons
}

func TestCheck_SaysWhoThePoolIsAndWhatCanBeRead(t *testing.T) {
	s := cognitotest.New(cognitotest.Options{})
	s.AddPool(cognitotest.Pool{ID: testPoolID, Name: "Customers", Users: cognitotest.Generate(cognitotest.Spec{Users: 77, Groups: 3}), ThreatProtection: "AUDIT"})
	p := open(t, keys(s.Start(t)))
	check, err := p.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := dataflow.ConnectionCheck{Source: Seen{UserPoolName: "Customers", EstimatedUsers: 77}.Raw()}
	for _, table := range allTables() {
		want.AvailableTables = append(want.AvailableTables, dataflow.AvailableTable{Key: table.Key, FileName: table.FileName, Description: table.Description, Readable: true})
	}
	if diff := cmp.Diff(want, check); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Each of 14 operations and the key set once, and the pool's description for its name and for its threat protection.
	if stats := s.Stats(); stats.Users > 1 || p.Usage().Calls != 17 || stats.Requests != 17 {
		t.Errorf("the check cost %d users and %d calls (%v), want one user at most and 17 calls", stats.Users, p.Usage().Calls, stats.Calls)
	}
}

func TestCheck_SaysOfEachTableWhichOperationIsNotAllowed(t *testing.T) {
	may := func(operation, on string) string {
		return fmt.Sprintf("The credentials may not call cognito-idp:%[1]s. Allow cognito-idp:%[1]s on %[2]s.", operation, on)
	}
	for operation, want := range map[string][]string{
		"ListUsers":                {"auth_events", "devices", "users"},
		"ListGroups":               {"group_memberships", "groups"},
		"ListUsersInGroup":         {"group_memberships"},
		"GetUserPoolMfaConfig":     {"user_pool"},
		"ListUserPoolClients":      {"app_clients"},
		"DescribeUserPoolClient":   {"app_clients"},
		"ListIdentityProviders":    {"identity_providers"},
		"DescribeIdentityProvider": {"identity_providers"},
		"ListResourceServers":      {"resource_servers"},
		"DescribeUserPoolDomain":   {"domains"},
		"ListUserImportJobs":       {"import_jobs"},
		"AdminListDevices":         {"devices"},
		"AdminListUserAuthEvents":  {"auth_events"},
	} {
		t.Run(operation, func(t *testing.T) {
			key := cognitotest.DefaultCredential()
			key.Deny = []string{operation}
			s := cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{key}})
			s.AddPool(cognitotest.Pool{ID: testPoolID, ThreatProtection: "ENFORCED"})
			check, err := open(t, keys(s.Start(t))).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			reasons := map[string]string{}
			for _, table := range want {
				reasons[table] = may(operation, testARN)
				if operation == "DescribeUserPoolDomain" {
					reasons[table] = may(operation, "*")
				}
			}
			if diff := cmp.Diff(reasons, notReadable(check)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheck_SaysThatAPoolWithoutThreatProtectionHasNoSignInEvents(t *testing.T) {
	const why = "AdminListUserAuthEvents: UserPoolAddOnNotEnabledException: "
	const what = "Sign-in events are kept by threat protection (feature plan Plus): turn it on, or leave the table auth_events out of the dataflow."
	_, _, p := service(t, cognitotest.Options{}, cognitotest.Spec{Users: 3})
	check, err := p.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"auth_events": why + "Threat protection is not enabled for user pool us-east-1_Example1. " + what}
	if diff := cmp.Diff(want, notReadable(check)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err = p.CheckTables(t.Context(), map[string]bool{"auth_events": true})
	if !dataflow.IsCode(err, dataflow.CodeInvalid) || !strings.HasPrefix(err.Error(), "table auth_events: user pool us-east-1_Example1: "+why) || !strings.HasSuffix(err.Error(), what) {
		t.Errorf("%s: %v", dataflow.CodeOf(err), err)
	}

	// AWS may say first that there is no such user.
	endpoint, _ := script{
		"AdminListUserAuthEvents": func(int, map[string]any) answer { return refusal("UserNotFoundException", "User does not exist.") },
		"DescribeUserPool":        poolAnswer, "ListUsers": func(int, map[string]any) answer { return page(nil) },
	}.start(t)
	err = open(t, keys(endpoint)).CheckTables(t.Context(), map[string]bool{"auth_events": true})
	if want := "table auth_events: user pool us-east-1_Example1: " + why + "the pool has no threat protection. " + what; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestCheck_AnOperationThatTheEndpointDoesNotHaveMakesItsTablesNotReadable(t *testing.T) {
	s := cognitotest.New(cognitotest.Options{})
	s.AddPool(cognitotest.Pool{ID: testPoolID, ThreatProtection: "AUDIT"})
	handler := s.Handler()
	endpoint := handlerServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListUserImportJobs") || r.Method == http.MethodGet {
			http.Error(w, "<html>Internal Server Error</html>", http.StatusInternalServerError) // as moto does it
			return
		}
		handler.ServeHTTP(w, r)
	})
	p := open(t, keys(endpoint))
	check, err := p.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reasons := notReadable(check)
	if diff := cmp.Diff([]string{"import_jobs", "signing_keys"}, slices.Sorted(maps.Keys(reasons))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(reasons["import_jobs"], "ListUserImportJobs: ") || !strings.HasPrefix(reasons["signing_keys"], "jwks.json: ") {
		t.Errorf("%q", reasons)
	}
}

func TestCheckTables_ListsEveryPermissionThatIsMissing(t *testing.T) {
	key := cognitotest.DefaultCredential()
	key.Deny = []string{"ListGroups", "ListUsersInGroup", "DescribeUserPoolDomain", "ListResourceServers"}
	p := asKey(t, key, nil)
	for name, c := range map[string]struct {
		tables map[string]bool
		want   string
	}{
		"one": {map[string]bool{"resource_servers": true, "users": true},
			"the credentials lack 1 permission: cognito-idp:ListResourceServers (resource_servers). Allow cognito-idp:ListResourceServers on " + testARN + "."},
		"several, of several tables": {map[string]bool{"users": true, "groups": true, "group_memberships": true, "domains": true},
			"the credentials lack 3 permissions: cognito-idp:ListGroups (groups, group_memberships), cognito-idp:ListUsersInGroup (group_memberships), " +
				"cognito-idp:DescribeUserPoolDomain (domains). Allow cognito-idp:ListGroups, cognito-idp:ListUsersInGroup on " + testARN + ". Allow cognito-idp:DescribeUserPoolDomain on *."},
		"one on any resource": {map[string]bool{"domains": true},
			"the credentials lack 1 permission: cognito-idp:DescribeUserPoolDomain (domains). Allow cognito-idp:DescribeUserPoolDomain on *."},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.CheckTables(t.Context(), c.tables)
			if want := "user pool us-east-1_Example1: check: " + c.want; !dataflow.IsCode(err, dataflow.CodeAccessDenied) || err.Error() != want {
				t.Errorf("%s: %v, want %s", dataflow.CodeOf(err), err, want)
			}
		})
	}
	for name, tables := range map[string]map[string]bool{
		"none that is missing":            {"users": true, "signing_keys": true, "import_jobs": true},
		"rows that nobody wants":          {"groups": false, "domains": false, "users": false},
		"no table":                        {},
		"a table that the pool lacks too": {"auth_events": false},
	} {
		if err := p.CheckTables(t.Context(), tables); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckTables_ThePoolItselfMayNotBeDescribed(t *testing.T) {
	key := cognitotest.DefaultCredential()
	key.Deny = []string{"DescribeUserPool", "ListUsers"}
	p := asKey(t, key, nil)
	err := p.CheckTables(t.Context(), map[string]bool{"users": true, "groups": true})
	if want := "user pool us-east-1_Example1: check: the credentials lack 2 permissions: cognito-idp:DescribeUserPool (users), cognito-idp:ListUsers (users). " +
		"Allow cognito-idp:DescribeUserPool, cognito-idp:ListUsers on " + testARN + "."; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := p.CheckTables(t.Context(), map[string]bool{"groups": true}); err != nil {
		t.Errorf("groups need no description of the pool: %v", err)
	}
}

func TestCheckTables_OtherFailuresAreTheFirstTables(t *testing.T) {
	p := asKey(t, cognitotest.DefaultCredential(), func(c *Config) { c.UserPoolID = "us-east-1_Nothing" })
	err := p.CheckTables(t.Context(), map[string]bool{"users": true, "domains": true})
	if !dataflow.IsCode(err, dataflow.CodeNoSource) || !strings.HasPrefix(err.Error(), "table domains: user pool us-east-1_Nothing: DescribeUserPool: ResourceNotFoundException: ") {
		t.Errorf("%v", err)
	}
}
