package provider_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// benchWorkspaceEnv names a workspace for BenchmarkPlan, such as a bucket. Default: a folder of its own.
const benchWorkspaceEnv = "SKYPOINT_BENCH_WORKSPACE"

// BenchmarkPlan, with SKYPOINT_TEST_HOME=team over a bucket of S3 and PostgreSQL, creates 200 dataflows of three tables each, 10 at a time, runs all of them until each has had so many runs, and then times
// plans without a change: with the provider, and with one whose Read returns the state at once. The two take turns, and the medians are compared.
func BenchmarkPlan(b *testing.B) {
	const dataflows, users, rounds = 200, 100, 7
	server := startServer(b, buildPrograms(b), users)
	const retained = 5
	for _, runs := range []int{1, 8} { // the newer of 8 each let an older one go, which changes the tables' metadata once more
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			for b.Loop() {
				config := manyDataflows(server, dataflows, retained)
				if os.Getenv(homeEnv) == "team" {
					config = strings.Replace(config, "provider \"skypoint\" {\n  \n", "provider \"skypoint\" {\n"+newTeam(b).settings(), 1)
				}
				r := newRoot(b, config)
				delete(r.env, "TF_LOG")
				began := time.Now()
				r.succeed("apply", "-auto-approve", "-parallelism=10", "-var=build=1")
				b.ReportMetric(time.Since(began).Seconds(), "create-s")
				for build := 2; build <= runs; build++ {
					r.succeed("apply", "-auto-approve", "-parallelism=10", "-var=build="+strconv.Itoa(build))
				}
				plans := map[string][]float64{}
				for range rounds {
					for _, variant := range []string{"", "read at once"} {
						r.env[variantEnv] = variant
						began := time.Now()
						r.succeed("plan", "-detailed-exitcode", "-var=build="+strconv.Itoa(runs))
						plans[variant] = append(plans[variant], time.Since(began).Seconds())
					}
				}
				plan, atOnce := median(plans[""]), median(plans["read at once"])
				b.ReportMetric(plan, "plan-s")
				b.ReportMetric(atOnce, "at-once-s")
				b.ReportMetric(plan/atOnce, "plan/at-once")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(seconds []float64) float64 {
	slices.Sort(seconds)
	return seconds[len(seconds)/2]
}

// manyDataflows is a root module with one connector and so many dataflows.
func manyDataflows(server *server, dataflows, retained int) string {
	key, workspace := cognitotest.DefaultCredential(), ""
	if place := os.Getenv(benchWorkspaceEnv); place != "" {
		workspace = fmt.Sprintf("workspace = %q", place)
	}
	return requires + fmt.Sprintf(`
variable "build" { type = string }

provider "skypoint" {
  %s
}

resource "skypoint_cognito_connector" "app" {
  name                         = "App"
  user_pool_id                 = %q
  access_key_id                = %q
  secret_access_key_wo         = %q
  secret_access_key_wo_version = 1
  endpoint                     = %q
  max_requests_per_second      = 10000
}

resource "skypoint_dataflow" "all" {
  count            = %d
  name             = "Customers${count.index}"
  connector_id     = skypoint_cognito_connector.app.id
  tables           = { users = {}, groups = {}, group_memberships = {} }
  refresh_triggers = { build = var.build }
  retain_runs      = %d
}
`, workspace, server.UserPoolID, key.AccessKeyID, key.SecretAccessKey, server.Endpoint, dataflows, retained)
}
