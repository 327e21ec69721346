package provider_test

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkTeam imports a pool three times as BenchmarkImport does, into a folder and then into a bucket and a PostgreSQL database of this machine, and compares the
// importers' peaks of memory and their users/s.
func BenchmarkTeam(b *testing.B) {
	bin := buildPrograms(b)
	for _, users := range []int{benchUsers(100_000), benchUsers(1_000_000)} {
		var folder map[string]imported
		b.Run(fmt.Sprintf("users=%d/folder", users), func(b *testing.B) {
			for b.Loop() {
				workspace := filepath.Join(b.TempDir(), "skypoint")
				folder = benchmarkImportsAt(b, workspace, func() map[string]int64 { return dataFiles(b, workspace) }, startServer(b, bin, users), users, []string{"users"})
			}
			b.ReportMetric(0, "ns/op")
		})
		b.Run(fmt.Sprintf("users=%d/team", users), func(b *testing.B) {
			for b.Loop() {
				m := newTeam(b)
				for name, done := range benchmarkImportsAt(b, m.place(b), m.dataFiles, startServer(b, bin, users), users, []string{"users"}) {
					was := folder[name]
					b.ReportMetric(done.PeakMB/was.PeakMB, name+"-MB-times-the-folder's")
					b.ReportMetric(was.Seconds/done.Seconds, name+"-users/s-times-the-folder's")
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
