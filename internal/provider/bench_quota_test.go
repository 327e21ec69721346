package provider_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
)

// userListQuota is how many requests per second of ListUsers and ListUsersInGroup AWS lets an account make in a Region.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
const userListQuota = 30

// BenchmarkQuota imports behind a latency from a server that keeps AWS's quota, at a max_requests_per_second of all of it: one dataflow,
// and two at once on one account, which have half of the users each to read.
//
// The share of the quota is what the server answered from the first request for users to the last, over the whole scan, of what
// it would have answered at most in that time. Requests that it refused are none of it.
func BenchmarkQuota(b *testing.B) {
	bin := buildPrograms(b)
	for _, names := range [][]string{{"Customers"}, {"Customers", "Partners"}} {
		b.Run(fmt.Sprintf("dataflows=%d", len(names)), func(b *testing.B) {
			users := benchUsers(300_000) / len(names)
			for b.Loop() {
				server := startServer(b, bin, users, "-latency", roundTrip, "-requests-per-second", strconv.Itoa(userListQuota))
				workspace := filepath.Join(b.TempDir(), "skypoint")
				declare(b, workspace, server, userListQuota, []string{"users"}, names...)
				done := startImporter(b, workspace, "quota")
				done.check(b, "first", users)
				stats := server.stats(b)
				b.ReportMetric(100*stats.Listed.PerSecond()/userListQuota, "of-quota-%")
				b.ReportMetric(100*float64(stats.Throttled)/float64(stats.Requests), "throttled-%")
				b.ReportMetric(float64(stats.Requests), "requests")
				b.ReportMetric(float64(users*len(names))/done.Seconds, "users/s")
				for _, run := range done.Runs {
					b.ReportMetric(float64(run.Usage.Calls)/run.EndedAt.Sub(run.StartedAt).Seconds(), run.Dataflow+"-requests/s")
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
