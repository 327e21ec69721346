package provider_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// fails expects the words in a diagnostic, exactly but for white space.
func fails(words string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(words), " ", `\s+`))
}

// line is what the history shows of a run.
type line struct {
	Run         int64
	Status      dataflow.Status
	Trigger     dataflow.Trigger
	Description string
}

// history compares the whole run history of a dataflow, newest first.
func (w *world) history(name string, want ...line) {
	w.t.Helper()
	runs, err := w.ledger().Runs(context.Background(), name, 0, 0)
	w.must(err)
	var got []line
	for _, r := range runs {
		got = append(got, line{r.Run, r.Status, r.Trigger, r.Description})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("history of %s (-want +got):\n%s", name, diff)
	}
}

// did compares what the newest run did to a table.
func (w *world) did(table string, want dataflow.Counts) statecheck.StateCheck {
	return stateCheck(func() error {
		runs, err := w.ledger().Runs(context.Background(), "Customers", 0, 1)
		if err != nil {
			return err
		}
		for _, t := range runs[0].Tables {
			if t.Key == table {
				if diff := cmp.Diff(want, t.Counts); diff != "" {
					return fmt.Errorf("what run %d did to %s (-want +got):\n%s", runs[0].Run, table, diff)
				}
				return nil
			}
		}
		return fmt.Errorf("run %d did nothing to %s", runs[0].Run, table)
	})
}

// stateCheck is a check of what is beside the state.
type stateCheck func() error

func (c stateCheck) CheckState(_ context.Context, _ statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = c()
}

// rows compares the tables that a reader of a database finds rows in.
func (w *world) rows(database string, want map[string]int64) {
	w.t.Helper()
	got := map[string]int64{}
	summaries, err := w.lakehouse().List(context.Background(), database)
	w.must(err)
	for _, s := range summaries {
		if s.TotalRecords > 0 {
			got[s.ID.Name] = s.TotalRecords
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("rows in database %s (-want +got):\n%s", database, diff)
	}
}

// front is an address of the world's own, where what answers can change while the address stays.
type front struct {
	*world
	address string
	serving *http.Server
	handler atomic.Pointer[http.Handler]
}

// fronts counts the fronts of this process.
var fronts atomic.Uint32

// ownAddress is one that no other program takes while nothing listens there. Only Linux has a network of loopback addresses.
func ownAddress() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1:0"
	}
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:0", 1+pid/250%250, 1+pid%250, 1+fronts.Add(1)%250)
}

func newFront(t *testing.T, users int) *front {
	t.Helper()
	f := &front{world: newWorld(t, users), address: ownAddress()}
	f.answers(f.server)
	f.listen()
	f.endpoint = "http://" + f.address
	t.Cleanup(f.close)
	return f
}

// answers lets another server answer from now on.
func (f *front) answers(server *cognitotest.Server) {
	handler := server.Handler()
	f.handler.Store(&handler)
}

func (f *front) listen() {
	listener, err := net.Listen("tcp", f.address)
	f.must(err)
	f.address = listener.Addr().String()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*f.handler.Load()).ServeHTTP(w, r) })
	f.serving = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = f.serving.Serve(listener) }() // until close
}

func (f *front) close() { f.must(f.serving.Close()) }

// trouble is a cause for which an import fails before it has a row, and which passes.
type trouble struct {
	name     string
	begin    func(*front)
	end      func(*front)
	sentence string // ADDRESS stands for the endpoint's, WORKSPACE for the folder
}

func troubles() []trouble {
	knows := func(c cognitotest.Credential) func(*front) {
		return func(f *front) { f.server.SetCredentials(c) }
	}
	good := knows(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret})
	const (
		columns = `table users: user pool us-east-1_Test12345: DescribeUserPool: `
		lacking = `user pool us-east-1_Test12345: check: the credentials lack 1 permission: `
	)
	return []trouble{
		{
			"WrongKey", knows(cognitotest.Credential{AccessKeyID: "AKIASOMEBODYELSE0001", SecretAccessKey: testSecret}), good, columns +
				`UnrecognizedClientException: The security token included in the request is invalid. ` +
				`AWS does not know the access key: check access_key_id (or the profile), and that the key is active.`,
		},
		{
			"WrongSecret", knows(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: "another"}), good, columns +
				`InvalidSignatureException: The request signature we calculated does not match the signature you provided. ` +
				`Check your AWS Secret Access Key and signing method. Consult the service documentation for details. ` +
				`The secret does not belong to the access key: check secret_access_key_wo, and raise secret_access_key_wo_version when you change it.`,
		},
		{
			"ExpiredToken", knows(cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret, Expired: true}), good, columns +
				`ExpiredTokenException: The security token included in the request is expired. ` +
				`The session has ended: sign in again, or give the connector a key that lasts.`,
		},
		{
			"AccessDenied", func(f *front) { f.deny("ListUsers") }, good, lacking +
				`cognito-idp:ListUsers (users). Allow cognito-idp:ListUsers on arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Test12345.`,
		},
		{
			"NoSuchPool",
			func(f *front) {
				f.answers(cognitotest.New(cognitotest.Options{Credentials: []cognitotest.Credential{{AccessKeyID: testKeyID, SecretAccessKey: testSecret}}}))
			},
			func(f *front) { f.answers(f.server) }, columns +
				`ResourceNotFoundException: User pool us-east-1_Test12345 does not exist. ` +
				`Check user_pool_id and region: a pool is known only in its own Region, to its own account.`,
		},
		{
			"Unreachable", func(f *front) { f.close() }, func(f *front) { f.listen() }, columns +
				`ADDRESS does not answer: dial tcp ADDRESS: connect: connection refused. ` +
				`Check region and endpoint, and that this machine may reach it.`,
		},
		{
			"SecretsKeyIsGone", func(f *front) { f.move("key", "key.away") }, func(f *front) { f.move("key.away", "key") },
			`open the secret of connector "App": WORKSPACE/key: read key: the workspace's secrets key is not there. ` +
				`Configure the secrets key that sealed it (secrets_key, SKYPOINT_SECRETS_KEY, or the workspace's file "key"), ` +
				`or seal the secret anew: set it (secret_access_key_wo, hash_key_wo) together with a new version of it.`,
		},
	}
}

// move renames a file of the workspace.
func (w *world) move(from, to string) {
	w.must(os.Rename(filepath.Join(w.folder(), from), filepath.Join(w.folder(), to)))
}

func TestImport_FailsWithCauseAndHintAndPublishesNothing(t *testing.T) {
	for _, c := range troubles() {
		t.Run(c.name, func(t *testing.T) {
			f := newFront(t, 30)
			sentence := strings.NewReplacer("ADDRESS", f.address, "WORKSPACE", f.workspace).Replace(c.sentence)
			first := sentence + " Nothing was published; there are no tables yet."
			third := sentence + " Nothing was published; the tables are at run 2."
			const imported = "Imported 1 table: users 30 rows (30 added)."
			created := f.dataflow("  tables = { users = {} }")
			changed := f.dataflow("  tables = { users = {} }\n  display_name = \"Ours\"\n  refresh_triggers = { build = \"1\" }")
			f.run(
				resource.TestStep{Config: f.connector()},
				resource.TestStep{
					PreConfig: func() { c.begin(f) }, Config: created,
					ExpectError: located(customers, "connector_id", `Run 1 of dataflow "Customers" failed: `+first),
				},
				resource.TestStep{
					PreConfig: func() {
						f.history("Customers", line{1, "Failed", "create", first})
						f.rows("customers", map[string]int64{})
						c.end(f)
					},
					Config: created,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(runs(),
						plancheck.ExpectResourceAction(customers, plancheck.ResourceActionCreate))},
					ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(2), "current_run"), is(knownvalue.StringExact("Completed"), "status")},
				},
				resource.TestStep{
					PreConfig: func() { c.begin(f) }, Config: changed,
					ExpectError: located(customers, "connector_id", `Run 3 of dataflow "Customers" failed: `+third),
				},
				resource.TestStep{ // the trouble goes on, and reading does not mind
					RefreshState: true, ExpectNonEmptyPlan: true,
					Check: resource.ComposeAggregateTestCheckFunc(
						resource.TestCheckNoResourceAttr(customers, "display_name"),
						resource.TestCheckNoResourceAttr(customers, "refresh_triggers.%"),
						resource.TestCheckResourceAttr(customers, "status", "Failed"),
						resource.TestCheckResourceAttr(customers, "current_run", "2"),
						resource.TestCheckResourceAttr(customers, "table_details.users.total_records", "30"),
						resource.TestCheckResourceAttr(customers, "last_run.run", "3"),
						resource.TestCheckResourceAttr(customers, "last_run.description", third),
					),
				},
				resource.TestStep{
					PreConfig: func() {
						f.history("Customers", line{3, "Failed", "refresh_triggers", third}, line{2, "Completed", "create", imported}, line{1, "Failed", "create", first})
						f.rows("customers", map[string]int64{"users": 30})
						c.end(f)
					},
					Config: changed,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(runs(),
						plancheck.ExpectResourceAction(customers, plancheck.ResourceActionUpdate))},
					ConfigStateChecks: []statecheck.StateCheck{
						is(knownvalue.Int64Exact(4), "current_run"), is(knownvalue.StringExact("Completed"), "status"),
						is(knownvalue.StringExact("Ours"), "display_name"), is(knownvalue.StringExact("refresh_triggers"), "last_run", "trigger"),
					},
				},
			)
		})
	}
}

func TestConnectionCheck_FailsAtTheArgumentAndLeavesNothing(t *testing.T) {
	for _, c := range []struct{ name, good, bad, at, sentence string }{
		{
			"WrongKey", testKeyID, "AKIASOMEBODYELSE0001", "access_key_id", `DescribeUserPool: UnrecognizedClientException: The security token included in the request is invalid. ` +
				`AWS does not know the access key: check access_key_id (or the profile), and that the key is active.`,
		},
		{
			"WrongSecret", testSecret, "another", "access_key_id", `DescribeUserPool: InvalidSignatureException: The request signature we calculated does not match the signature you provided. ` +
				`Check your AWS Secret Access Key and signing method. Consult the service documentation for details. ` +
				`The secret does not belong to the access key: check secret_access_key_wo, and raise secret_access_key_wo_version when you change it.`,
		},
		{
			"ExpiredToken", testKeyID, "AKIAEXPIRED000000001", "access_key_id", `DescribeUserPool: ExpiredTokenException: The security token included in the request is expired. ` +
				`The session has ended: sign in again, or give the connector a key that lasts.`,
		},
		{
			"MayNotDescribeThePool", testKeyID, "AKIANOTALLOWED000001", "access_key_id", `DescribeUserPool: AccessDeniedException: User: arn:aws:iam::123456789012:user/test is not authorized to perform: cognito-idp:DescribeUserPool ` +
				`on resource: arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Test12345 because no identity-based policy allows the cognito-idp:DescribeUserPool action. ` +
				`Allow cognito-idp:DescribeUserPool on arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Test12345.`,
		},
		{
			"NoSuchPool", testPoolID, "us-east-1_Nowhere12", "user_pool_id", `DescribeUserPool: ResourceNotFoundException: User pool us-east-1_Nowhere12 does not exist. ` +
				`Check user_pool_id and region: a pool is known only in its own Region, to its own account.`,
		},
		{
			"PoolOfAnotherRegion", "access_key_id ", "region = \"eu-west-1\"\n  access_key_id ", "user_pool_id", `DescribeUserPool: ResourceNotFoundException: User pool us-east-1_Test12345 does not exist. ` +
				`Check user_pool_id and region: a pool is known only in its own Region, to its own account.`,
		},
		{
			"Unreachable", "ADDRESS", "127.0.0.1:1", "endpoint", `DescribeUserPool: 127.0.0.1:1 does not answer: dial tcp 127.0.0.1:1: connect: connection refused. ` +
				`Check region and endpoint, and that this machine may reach it.`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 5)
			w.server.SetCredentials(
				cognitotest.Credential{AccessKeyID: testKeyID, SecretAccessKey: testSecret},
				cognitotest.Credential{AccessKeyID: "AKIAEXPIRED000000001", SecretAccessKey: testSecret, Expired: true},
				cognitotest.Credential{AccessKeyID: "AKIANOTALLOWED000001", SecretAccessKey: testSecret, Deny: []string{"DescribeUserPool"}},
			)
			config := w.dataflow("  tables = { users = {} }")
			good := strings.ReplaceAll(c.good, "ADDRESS", strings.TrimPrefix(w.endpoint, "http://"))
			pool := testPoolID
			if c.good == testPoolID {
				pool = c.bad
			}
			w.run(
				resource.TestStep{
					Config:      strings.Replace(config, good, c.bad, 1),
					ExpectError: located(app, c.at, "user pool "+pool+": "+c.sentence),
				},
				resource.TestStep{
					PreConfig: func() {
						if w.exists() {
							t.Error("a connection check that failed left a workspace")
						}
					},
					Config:            config,
					ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(1), "current_run")},
				},
			)
		})
	}
}

func TestConnectionCheck_ThatFailsOnUpdateLeavesTheConnectorAsItWas(t *testing.T) {
	w := newWorld(t, 10)
	build := func(n string) string {
		return w.dataflow("  tables = { users = {} }\n  refresh_triggers = { build = \"" + n + "\" }")
	}
	wrong := strings.Replace(strings.Replace(build("2"), testSecret, "another", 1), "secret_access_key_wo_version = 1", "secret_access_key_wo_version = 2", 1)
	w.run(
		resource.TestStep{Config: build("1")},
		resource.TestStep{Config: wrong, ExpectError: located(app, "access_key_id", "user pool us-east-1_Test12345: DescribeUserPool: InvalidSignatureException: ")},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(app, "secret_access_key_wo_version", "1"),
				resource.TestCheckResourceAttr(customers, "refresh_triggers.build", "1"),
				resource.TestCheckResourceAttr(customers, "last_run.run", "1"), // nothing was tried with it
			),
		},
		resource.TestStep{
			Config: wrong, PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{plancheck.ExpectResourceAction(app, plancheck.ResourceActionUpdate)}},
		},
		resource.TestStep{Config: build("2"), ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.Int64Exact(2), "current_run")}}, // the old secret still holds
	)
}

func TestConnectionCheck_SaysWhyATableCantBeRead(t *testing.T) {
	w := newWorld(t, 5)
	w.deny("ListUsers")
	w.run(resource.TestStep{
		Config: w.connector(),
		ConfigStateChecks: []statecheck.StateCheck{
			ofApp(knownvalue.StringExact("The credentials may not call cognito-idp:ListUsers. Allow cognito-idp:ListUsers on arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Test12345."),
				"unreadable_tables", "users"),
		},
	})
}

// second gives another dataflow beside the world's own.
func second(arguments string) string {
	return "\nresource \"skypoint_dataflow\" \"second\" {\n  name = \"Second\"\n  connector_id = skypoint_cognito_connector.app.id\n  tables = { users = {} }\n" + arguments + "\n}\n"
}

func TestImport_RefusesADatabaseOfAnotherDataflow(t *testing.T) {
	w := newWorld(t, 10)
	first := w.dataflow("  tables = { users = {} }")
	const sentence = `database customers belongs to dataflow "Customers". A database belongs to one dataflow: choose another one.`
	var files []string
	w.run(
		resource.TestStep{Config: first},
		resource.TestStep{
			PreConfig: func() { files = w.dataFiles() }, Config: first + second(`  database = "customers"`),
			ExpectError: located("skypoint_dataflow.second", "database", sentence),
		},
		resource.TestStep{
			PreConfig: func() {
				w.history("Second")
				w.rows("customers", map[string]int64{"users": 10})
				w.equalFiles(files, "a refused run writes no data file")
			},
			Config: first + second(""),
			Check:  func(*terraform.State) error { w.rows("second", map[string]int64{"users": 10}); return nil },
		},
		resource.TestStep{ // and the same when one moves into the other's database
			Config:      first + second(`  database = "customers"`),
			ExpectError: located("skypoint_dataflow.second", "database", sentence),
		},
		resource.TestStep{
			PreConfig: func() { w.rows("second", map[string]int64{"users": 10}) },
			Config:    first + second(""), ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan()), // nothing has happened
		},
	)
}

func TestImport_RefusesATableOfAnotherDataflow(t *testing.T) {
	w := newWorld(t, 10)
	first := w.dataflow("  tables = { users = {} }")
	const sentence = `table users: stage: table customers.users belongs to dataflow "Customers". Choose another table_name or database. Nothing was published; there are no tables yet.`
	var files []string
	w.run(
		resource.TestStep{Config: first},
		resource.TestStep{
			PreConfig: func() { w.unmark("customers"); files = w.dataFiles() }, Config: first + second(`  database = "customers"`),
			ExpectError: located("skypoint_dataflow.second", "database", `Run 1 of dataflow "Second" failed: `+sentence),
		},
		resource.TestStep{
			PreConfig: func() {
				w.history("Second", line{1, "Failed", "create", sentence})
				w.rows("customers", map[string]int64{"users": 10})
				w.equalFiles(files, "a refused run writes no data file")
			},
			Config: first + strings.Replace(second(`  database = "customers"`), "users = {}", `users = { table_name = "people" }`, 1),
			Check: func(*terraform.State) error {
				w.rows("customers", map[string]int64{"users": 10, "people": 10})
				return nil
			},
		},
	)
}

// unmark makes a database one that nobody's import made: any dataflow may have tables in it.
func (w *world) unmark(database string) {
	db := w.catalog()
	defer func() { w.must(db.Close()) }()
	_, err := db.ExecContext(context.Background(), "UPDATE iceberg_namespace_properties SET property_key = 'was.' || property_key WHERE namespace = '"+database+"' AND property_key LIKE 'skypoint.%'")
	w.must(err)
}

func TestImport_RefusesToRemoveMoreThanTheGuardAllows(t *testing.T) {
	w := newWorld(t, 10)
	build := func(n, percent string) string {
		return w.dataflow("  tables = { users = {} }\n  refresh_triggers = { build = \"" + n + "\" }\n  max_removed_percent = " + percent)
	}
	const (
		imported = "Imported 1 table: users 10 rows (10 added)."
		sentence = `the run would remove 4 of 10 rows of table users, more than max_removed_percent = 30 allows. If the source is right, raise max_removed_percent for one apply. Nothing was published; the tables are at run 1.`
	)
	w.run(
		resource.TestStep{Config: build("1", "30")},
		resource.TestStep{
			PreConfig: func() {
				_, err := w.pool.Evolve(cognitotest.Evolution{Removed: 4})
				w.must(err)
			},
			Config:      build("2", "30"),
			ExpectError: located(customers, "max_removed_percent", `Run 2 of dataflow "Customers" failed: `+sentence),
		},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(customers, "refresh_triggers.build", "1"),
				resource.TestCheckResourceAttr(customers, "last_run.description", sentence),
				resource.TestCheckResourceAttr(customers, "table_details.users.total_records", "10"),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				w.history("Customers", line{2, "Failed", "refresh_triggers", sentence}, line{1, "Completed", "create", imported})
				w.rows("customers", map[string]int64{"users": 10})
			},
			Config:            build("2", "40"), // exactly what is removed is allowed
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: runs()},
			ConfigStateChecks: []statecheck.StateCheck{w.did("users", dataflow.Counts{Read: 6, Removed: 4, Unchanged: 6})},
			Check:             func(*terraform.State) error { w.rows("customers", map[string]int64{"users": 6}); return nil },
		},
	)
}

func TestImport_SaysWhenItsConnectorIsGone(t *testing.T) {
	w := newWorld(t, 10)
	alone := func(build string) string {
		return "\nresource \"skypoint_dataflow\" \"customers\" {\n  name = \"Customers\"\n  connector_id = \"App\"\n  tables = { users = {} }\n  refresh_triggers = { build = \"" + build + "\" }\n}\n"
	}
	const sentence = `connector "App": it is not in the workspace. Create it, or give connector_id the id of one that exists.`
	w.run(
		resource.TestStep{Config: w.connector()},
		resource.TestStep{Config: w.connector() + alone("1")},
		resource.TestStep{ // somebody removed its record; its tables stay, and nothing is due
			PreConfig: func() { w.must(w.ledger().DeleteConnector(context.Background(), "App")) },
			Config:    w.provider() + alone("1"),
		},
		resource.TestStep{
			Config:      w.provider() + alone("2"),
			ExpectError: located(customers, "connector_id", sentence),
		},
		resource.TestStep{
			PreConfig: func() {
				w.history("Customers", line{1, "Completed", "create", "Imported 1 table: users 10 rows (10 added)."}) // what could not begin is no run
				w.rows("customers", map[string]int64{"users": 10})
			},
			Config: w.connector() + strings.Replace(alone("2"), "{\n", "{\n  depends_on = [skypoint_cognito_connector.app]\n", 1),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(runs(),
				plancheck.ExpectResourceAction(customers, plancheck.ResourceActionUpdate))},
			ConfigStateChecks: []statecheck.StateCheck{is(knownvalue.StringExact("refresh_triggers"), "last_run", "trigger"), is(knownvalue.Int64Exact(2), "current_run")},
		},
	)
}
