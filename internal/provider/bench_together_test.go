package provider_test

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkTogether imports one pool by one dataflow, and by ten at once in one process, as an apply with the CLI's own parallelism of ten
// does. What they share are the processors and the memory.
func BenchmarkTogether(b *testing.B) {
	bin := buildPrograms(b)
	users := benchUsers(200_000)
	for _, dataflows := range []int{1, 10} {
		b.Run(fmt.Sprintf("dataflows=%d", dataflows), func(b *testing.B) {
			server := startServer(b, bin, users)
			var names []string
			for n := range dataflows {
				names = append(names, fmt.Sprintf("Customers%d", n))
			}
			for b.Loop() {
				workspace := filepath.Join(b.TempDir(), "skypoint")
				declare(b, workspace, server, unlimited, []string{"users"}, names...)
				for _, run := range []string{"first", "again", "few"} {
					if run == "few" {
						server.evolve(b, fewChanged)
					}
					done := startImporter(b, workspace, fmt.Sprintf("together-%d-%s", dataflows, run))
					done.check(b, run, users)
					b.ReportMetric(float64(users*dataflows)/done.Seconds, run+"-users/s")
					b.ReportMetric(done.cpuSeconds/float64(dataflows), run+"-cpu-s-each")
					b.ReportMetric(done.PeakMB, run+"-peak-MB")
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
