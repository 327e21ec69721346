package lakehouse

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// wideSchema has 20 columns, like a pool with its standard attributes and some of its own.
func wideSchema() dataflow.Schema {
	schema := dataflow.Schema{Key: []string{"sub"}, Version: "updated_at", Columns: []dataflow.Column{
		{Name: "sub", Type: dataflow.String, Required: true},
		{Name: "updated_at", Type: dataflow.Timestamp},
		{Name: "created_at", Type: dataflow.Timestamp},
		{Name: "enabled", Type: dataflow.Boolean},
		{Name: "score", Type: dataflow.Number},
		{Name: "other_attributes", Type: dataflow.TextMap},
	}}
	for i := len(schema.Columns); i < 20; i++ {
		schema.Columns = append(schema.Columns, dataflow.Column{Name: fmt.Sprintf("text_%02d", i), Type: dataflow.String})
	}
	return schema
}

// wideRow makes row i; its key is spread over the whole range, as a user's sub is.
func wideRow(i, version int) dataflow.Row {
	spread := uint64(i+1) * 0x9e3779b97f4a7c15
	key := fmt.Sprintf("%016x", spread)
	row := make(dataflow.Row, 20)
	row[0] = key
	row[1] = time.UnixMicro(1_700_000_000_000_000 + int64(version)*1_000_000 + int64(i)).UTC()
	row[2] = time.UnixMicro(1_600_000_000_000_000 + int64(i)).UTC()
	row[3] = i%10 != 0
	row[4] = dataflow.Decimal(strconv.Itoa(1 + i%1000))
	for c := 6; c < 20; c++ {
		if (i+c)%4 != 0 {
			row[c] = key[c%8:] + "-value-" + strconv.Itoa((i*c)%5000)
		}
	}
	return row
}

// resetPeak sets the process's peak of memory to what it has now. Linux alone can.
func resetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakMB is the most memory that the process had resident since resetPeak; 0 where the system does not tell.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			if err == nil {
				return kb / 1024
			}
		}
	}
	return 0
}

// BenchmarkStage stages and publishes a table of 20 columns: the first import, the same rows again, and 1 in 10,000 changed.
func BenchmarkStage(b *testing.B) {
	for _, rows := range []int{100_000, 300_000, 1_000_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			for b.Loop() {
				p := newPlace(b)
				for run, name := range []string{"first", "unchanged", "few"} {
					before := p.dataFiles()
					resetPeak()
					began := time.Now()
					change := benchmarkRun(b, p, int64(run+1), rows, name == "few")
					b.ReportMetric(float64(rows)/time.Since(began).Seconds(), name+"-rows/s")
					b.ReportMetric(peakMB(), name+"-peak-MB")
					var written int64
					for file, size := range p.dataFiles() {
						if _, there := before[file]; !there {
							written += size
						}
					}
					b.ReportMetric(float64(written), name+"-B")
					p.publishChange(int64(run+1), change)
				}
			}
		})
	}
}

func benchmarkRun(b *testing.B, p *place, run int64, rows int, change bool) dataflow.TableChange {
	ctx := context.Background()
	s, err := p.Stage(ctx, stageRequest(run, wideSchema()))
	if err != nil {
		b.Fatal(err)
	}
	for i := range rows {
		version := 0
		if change && i%10_000 == 0 {
			version = 1
		}
		if err := s.Put(ctx, wideRow(i, version)); err != nil {
			b.Fatal(err)
		}
	}
	done, err := s.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return done
}
