package lakehouse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/apache/iceberg-go/table"
)

// A clock that was ahead once, on this machine or on another writer's, leaves times in a table that lie in the future. Iceberg's readers
// refuse logs that go back by more than a minute, and the library stamps every change with the plain clock and refuses its own result:
// https://github.com/apache/iceberg-go/blob/v0.7.0/table/metadata.go (SetSnapshotRef, Build). It can't be told another time. So a change is
// made on a copy whose times are all as much earlier as the table is ahead, and all times of what comes out are put forward again:
// the later of clock and table counts, until the clock has caught up.

// clockSlack is how far a table may be ahead before that is done; readers and the library bear a minute.
const clockSlack = time.Second

// aheadOfClock is by how many milliseconds a table is ahead of this machine's clock; 0 for one that is hardly so.
func aheadOfClock(meta table.Metadata) int64 {
	ahead := meta.LastUpdatedMillis() - time.Now().UnixMilli()
	if ahead <= clockSlack.Milliseconds() {
		return 0
	}
	return ahead
}

// times are the members of a table's metadata that are times. A property that holds such text has its quotes escaped.
// Source: https://iceberg.apache.org/spec/#table-metadata-fields
var times = regexp.MustCompile(`"(timestamp-ms|last-updated-ms)":\s*(\d+)`)

// shifted gives metadata with all its times moved by so many milliseconds.
func shifted(meta table.Metadata, by int64) (table.Metadata, error) {
	if by == 0 {
		return meta, nil
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, fmt.Errorf("shift the table's times: %w", err)
	}
	text = times.ReplaceAllFunc(text, func(found []byte) []byte {
		match := times.FindSubmatch(found)
		ms, err := strconv.ParseInt(string(match[2]), 10, 64)
		if err != nil {
			return found // no time
		}
		return fmt.Appendf(nil, `"%s":%d`, match[1], ms+by)
	})
	moved, err := table.ParseMetadataBytes(text)
	if err != nil {
		return nil, fmt.Errorf("shift the table's times: %w", err)
	}
	return moved, nil
}
