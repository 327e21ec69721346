package lakehouse

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// hourAhead makes of the table what a clock that is an hour ahead would have made: every time in its metadata.
func (p *place) hourAhead() {
	p.t.Helper()
	_, tbl := p.raw()
	path := strings.TrimPrefix(tbl.MetadataLocation(), "file://")
	content, err := os.ReadFile(path)
	mustDo(p.t, err)
	known := regexp.MustCompile(`("(?:timestamp-ms|last-updated-ms)":\s*)(\d+)`)
	later := known.ReplaceAllStringFunc(string(content), func(found string) string {
		match := known.FindStringSubmatch(found)
		ms, err := strconv.ParseInt(match[2], 10, 64)
		mustDo(p.t, err)
		return match[1] + strconv.FormatInt(ms+time.Hour.Milliseconds(), 10)
	})
	mustDo(p.t, os.WriteFile(path, []byte(later), 0o600))
}

func TestRun_GoesOnAfterAClockThatWasAhead(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@x", 2))
	p.hourAhead()
	p.load(3, user("a", "a@x", 3))
	p.load(4, user("a", "a@x", 3)) // unchanged
	back, err := p.back(5, 1)
	mustDo(t, err)
	p.publishChange(5, back)
	p.wantRows(RowsRequest{}, user("a", "a@x", 1))
	p.load(6, user("a", "a@x", 6))
	p.retain(6, 1, 2, 3)
	p.wantRows(RowsRequest{}, user("a", "a@x", 6))

	_, tbl := p.raw() // the library holds the logs to the order when it reads them
	last := int64(0)
	for entry := range tbl.Metadata().SnapshotLogs() {
		if entry.TimestampMs < last-1000 { // readers bear a minute
			t.Errorf("the log of snapshots goes back from %d to %d", last, entry.TimestampMs)
		}
		last = entry.TimestampMs
	}
	if soon := time.Now().Add(55 * time.Minute).UnixMilli(); tbl.Metadata().LastUpdatedMillis() < soon {
		t.Errorf("the table was last updated at %d, before %d: the test has lost its subject", tbl.Metadata().LastUpdatedMillis(), soon)
	}
	p.publishChange(7, p.ticketOf(7, dataflow.ChangeHide))
}
