package provider_test

import (
	"fmt"
	"testing"
)

// BenchmarkMemory imports a pool and one that is a hundred times as large, three times each as BenchmarkImport does, and
// compares the peaks of memory of the importers.
func BenchmarkMemory(b *testing.B) {
	bin := buildPrograms(b)
	smaller := map[string]imported{}
	for _, users := range []int{benchUsers(100_000), benchUsers(10_000_000)} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			server := startServer(b, bin, users)
			var imports map[string]imported
			for b.Loop() {
				imports = benchmarkImports(b, server, users, []string{"users"})
				for name, done := range imports {
					if was, ok := smaller[name]; ok {
						b.ReportMetric(done.PeakMB/was.PeakMB, name+"-times-the-smaller")
					}
				}
			}
			smaller = imports
			b.ReportMetric(0, "ns/op")
		})
	}
}
