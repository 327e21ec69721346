package lakehouse

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/puffin"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// distinct gives the numbers of distinct values that the statistics of a run's snapshot have, by column. It holds the file to what the table says of it.
func (p *place) distinct(run int64) map[string]string {
	p.t.Helper()
	_, tbl := p.raw()
	snapshot := tbl.SnapshotByName(RunTag(run))
	found := map[string]string{}
	for statistics := range tbl.Metadata().Statistics() {
		if statistics.SnapshotID != snapshot.SnapshotID {
			continue
		}
		content, err := os.ReadFile(strings.TrimPrefix(statistics.StatisticsPath, "file://"))
		mustDo(p.t, err)
		if int64(len(content)) != statistics.FileSizeInBytes {
			p.t.Errorf("the file has %d bytes, the table says %d", len(content), statistics.FileSizeInBytes)
		}
		if footer := content[int64(len(content))-statistics.FileFooterSizeInBytes:]; string(footer[:4]) != "PFA1" {
			p.t.Errorf("there is no footer where the table says")
		}
		read, err := puffin.NewReader(bytes.NewReader(content))
		mustDo(p.t, err)
		for i, blob := range read.Blobs() {
			named := statistics.BlobMetadata[i]
			if diff := cmp.Diff(named, table.BlobMetadata{
				Type: table.BlobType(blob.Type), SnapshotID: blob.SnapshotID, SequenceNumber: blob.SequenceNumber, Fields: blob.Fields, Properties: blob.Properties,
			}); diff != "" {
				p.t.Errorf("the table and the file differ (-table +file):\n%s", diff)
			}
			if blob.SequenceNumber != snapshot.SequenceNumber || blob.Type != puffin.BlobTypeDataSketchesTheta {
				p.t.Errorf("a blob of the kind %s and the sequence number %d", blob.Type, blob.SequenceNumber)
			}
			name, _ := tbl.Schema().FindColumnName(int(blob.Fields[0]))
			found[name] = blob.Properties[propertyDistinct]
		}
	}
	return found
}

func TestStatistics_CountTheDistinctValuesOfColumnsThatHaveBounds(t *testing.T) {
	p := newPlace(t)
	p.publishChange(1, p.stage(stageRequest(1, usersSchema()),
		dataflow.Row{"a", "ä@x", true, int64(7), dataflow.Decimal("1.50"), at(1), map[string]string{"x": "y"}},
		dataflow.Row{"b", "ä@x", true, int64(-7), dataflow.Decimal("1.5"), at(1), nil},
		dataflow.Row{"c", "", false, int64(7), nil, at(2), nil},
		dataflow.Row{"c", "old", false, int64(8), dataflow.Decimal("8"), at(0), nil}, // the row of time 2 is newer
		dataflow.Row{"dd", nil, nil, nil, dataflow.Decimal("-3"), nil, nil},
	))
	want := map[string]string{"sub": "4", "enabled": "2", "logins": "2", "custom_score": "2", "updated_at": "2"}
	if diff := cmp.Diff(want, p.distinct(1)); diff != "" {
		t.Errorf("distinct values (-want +got):\n%s", diff)
	}

	p.setProperties(iceberg.Properties{metricsMode("email"): "truncate(16)", metricsMode("logins"): "none"}) // somebody has chosen
	p.load(2, user("a", "one@x", 1), user("b", "two@x", 2))
	want = map[string]string{"sub": "2", "email": "2", "enabled": "1", "custom_score": "1", "updated_at": "2"}
	if diff := cmp.Diff(want, p.distinct(2)); diff != "" {
		t.Errorf("distinct values where somebody has chosen columns (-want +got):\n%s", diff)
	}

	p.publishChange(3, p.stage(withoutData(3, usersSchema()), user("a", "one@x", 1)))
	if diff := cmp.Diff(map[string]string{"sub": "0", "email": "0", "enabled": "0", "custom_score": "0", "updated_at": "0"}, p.distinct(3)); diff != "" {
		t.Errorf("distinct values of a table that loads no rows (-want +got):\n%s", diff)
	}
}

func TestStatistics_GoWithTheirRun(t *testing.T) {
	p := newPlace(t)
	files := func() (found []string) {
		p.t.Helper()
		all, err := filepath.Glob(filepath.Join(p.dir, "warehouse", "*", "*", "metadata", "stats-*.puffin"))
		mustDo(t, err)
		for _, file := range all {
			run, _ := runOfFile(file)
			found = append(found, RunTag(run))
		}
		return found
	}
	p.load(1, user("a", "one@x", 1))
	p.load(2, user("a", "one@x", 1), user("b", "two@x", 2))
	p.load(3, user("b", "two@x", 2))
	if diff := cmp.Diff([]string{"run_1", "run_2", "run_3"}, files()); diff != "" {
		t.Errorf("files of statistics (-want +got):\n%s", diff)
	}
	p.retain(3, 1, 2)
	if diff := cmp.Diff([]string{"run_3"}, files()); diff != "" {
		t.Errorf("files of statistics once two runs are let go (-want +got):\n%s", diff)
	}
	if got := p.distinct(3)["sub"]; got != "1" {
		t.Errorf("the kept run's statistics say %q distinct keys", got)
	}
}
