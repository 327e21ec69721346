package lakehouse

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/axiomhq/hyperloglog"
	"github.com/zeebo/xxh3"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// profiler makes the profile of encoded rows, each of another key. Its memory does not depend on their number: some 16 KiB a column.
//
// The distinct values of a column are estimated by HyperLogLog with 2^14 registers, whose standard error is 1.04/√2^14 = 0.8 %
// (Flajolet et al., https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf). Few values are kept one by one, as hashes of 25 bits
// (https://research.google/pubs/hyperloglog-in-practice-algorithmic-engineering-of-a-state-of-the-art-cardinality-estimation-algorithm/):
// there the estimate is exact but for two hashes that meet.
type profiler struct {
	rows    int64
	columns []columnProfiler
}

// columnProfiler makes the profile of one column.
type columnProfiler struct {
	kind          dataflow.ColumnType
	isKey         bool // it alone: every row has another value
	filled, empty int64
	longest       int64
	is, isNot     bool // a Boolean's values that are there
	sketch        *hyperloglog.Sketch
	last          uint64 // the hash that the sketch took in last
}

func newProfiler(schema dataflow.Schema) *profiler {
	p := &profiler{columns: make([]columnProfiler, len(schema.Columns))}
	for i, column := range schema.Columns {
		c := columnProfiler{kind: column.Type, isKey: len(schema.Key) == 1 && schema.Key[0] == column.Name}
		if !c.isKey && c.kind != dataflow.Boolean {
			c.sketch = hyperloglog.New14()
		}
		p.columns[i] = c
	}
	return p
}

// add takes in a row. It keeps nothing of it. A profiler that is nil takes in nothing and makes no profile.
func (p *profiler) add(encoded []byte) error {
	if p == nil {
		return nil
	}
	p.rows++
	in := rowcodec.Read(encoded)
	for i := range p.columns {
		if in.Present() {
			p.columns[i].add(&in)
		}
	}
	if in.Err() == nil && len(in.Rest()) > 0 {
		return rowcodec.ErrEncoding
	}
	return in.Err()
}

// add takes in the value that comes next.
func (c *columnProfiler) add(in *rowcodec.Cursor) {
	c.filled++
	var value []byte // its bytes: equal values have equal ones
	switch c.kind {
	case dataflow.String:
		value = in.Text()
		c.measure(value)
		if len(value) == 0 {
			c.empty++
		}
	case dataflow.Boolean:
		if in.Boolean() {
			c.is = true
		} else {
			c.isNot = true
		}
	case dataflow.Number:
		before := in.Rest()
		in.Number()
		value = before[:len(before)-len(in.Rest())]
	case dataflow.Long, dataflow.Timestamp:
		before := in.Rest()
		in.Long()
		value = before[:len(before)-len(in.Rest())]
	case dataflow.TextMap:
		before := in.Rest()
		entries := in.Length()
		if entries == 0 {
			c.empty++
		}
		for ; entries > 0 && in.Err() == nil; entries-- {
			in.Text()
			c.measure(in.Text())
		}
		value = before[:len(before)-len(in.Rest())]
	}
	if c.sketch == nil {
		return
	}
	// Rows of one kind often come one after the other: a value that was just there is not taken in again.
	if hash := xxh3.Hash(value); hash != c.last || c.filled == 1 {
		c.sketch.InsertHash(hash)
		c.last = hash
	}
}

// measure notes the length of a text. A text has no more characters than bytes, so most are not counted.
func (c *columnProfiler) measure(text []byte) {
	if int64(len(text)) > c.longest {
		c.longest = max(c.longest, int64(utf8.RuneCount(text)))
	}
}

func (c *columnProfiler) distinct() int64 {
	switch {
	case c.isKey:
		return c.filled
	case c.sketch == nil:
		var distinct int64
		for _, there := range []bool{c.is, c.isNot} {
			if there {
				distinct++
			}
		}
		return distinct
	}
	return min(int64(c.sketch.Estimate()), c.filled) //nolint:gosec // about the number of rows
}

func hasLength(kind dataflow.ColumnType) bool {
	return kind == dataflow.String || kind == dataflow.TextMap
}

// tableProfile is a profile as a snapshot's summary has it, in propertyProfile: {"rows":2,"fields":{"1":[2,0,2,36],"2":[1,0,1]}}.
//
// Columns are told by their field ids, which they keep when somebody renames them. The numbers are those of dataflow.ColumnProfile in its order;
// the length is left out where the type has none. They are not named since every snapshot's summary is in every metadata file.
//
// A statistics file (https://iceberg.apache.org/spec/#table-statistics) would be the place for this, but pyiceberg 0.11 opens no table whose metadata
// names a type of blob that it does not know, and the types that it knows are not for this.
type tableProfile struct {
	Rows   int64           `json:"rows"`
	Fields map[int][]int64 `json:"fields"`
}

// profile gives what was taken in. A column of the table that the source lacks is absent in every row.
// Equal rows make equal profiles: the estimate depends on nothing but the rows, which come in the order of their keys.
func (p *profiler) profile(to layout) (string, error) {
	if p == nil {
		return "", nil
	}
	made := tableProfile{Rows: p.rows, Fields: map[int][]int64{}}
	for _, field := range to.schema.Fields() {
		made.Fields[field.ID] = (&columnProfiler{kind: columnType(field.Type)}).numbers()
	}
	for i, at := range to.fields {
		made.Fields[to.schema.Field(at).ID] = p.columns[i].numbers()
	}
	written, err := json.Marshal(made)
	return string(written), err
}

func (c *columnProfiler) numbers() []int64 {
	numbers := []int64{c.filled, c.empty, c.distinct()}
	if hasLength(c.kind) {
		numbers = append(numbers, c.longest)
	}
	return numbers
}

// writtenProfile is the profile in a snapshot's summary; empty: it has none.
func writtenProfile(snapshot *table.Snapshot) string {
	if snapshot == nil || snapshot.Summary == nil {
		return ""
	}
	return snapshot.Summary.Properties[propertyProfile]
}

// readProfile gives a snapshot's profile under the names that the columns have in the schema; nil: it has none. A column that the schema lacks is left out.
func readProfile(snapshot *table.Snapshot, schema *iceberg.Schema) (*dataflow.Profile, error) {
	written := writtenProfile(snapshot)
	if written == "" {
		return nil, nil
	}
	var read tableProfile
	if err := json.Unmarshal([]byte(written), &read); err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	profile := &dataflow.Profile{Rows: read.Rows, Columns: map[string]dataflow.ColumnProfile{}}
	for id, numbers := range read.Fields {
		field, ok := schema.FindFieldByID(id)
		if !ok {
			continue
		}
		if len(numbers) < 3 {
			return nil, fmt.Errorf("read the profile: it says too little of field %d", id)
		}
		column := dataflow.ColumnProfile{Filled: numbers[0], Empty: numbers[1], Distinct: numbers[2]}
		if len(numbers) > 3 {
			column.Longest = &numbers[3]
		}
		profile.Columns[field.Name] = column
	}
	return profile, nil
}
