package dataflow

// ColumnType is the type of a column, under Iceberg's name for it.
// Source: https://iceberg.apache.org/spec/#schemas-and-data-types
type ColumnType string

// The column types, with the Go type of a value in a Row. A nil value is an absent one, in every type.
const (
	String    ColumnType = "string"             // string
	Boolean   ColumnType = "boolean"            // bool
	Long      ColumnType = "long"               // int64 (never int: widening it later breaks Spark's reader)
	Number    ColumnType = "decimal(38,9)"      // Decimal
	Timestamp ColumnType = "timestamptz"        // time.Time, UTC, a whole number of microseconds
	TextMap   ColumnType = "map<string,string>" // map[string]string
)

// IsKnown says whether there is such a type.
func (t ColumnType) IsKnown() bool {
	switch t {
	case String, Boolean, Long, Number, Timestamp, TextMap:
		return true
	}
	return false
}

// Column is one column of a table.
type Column struct {
	Name        string     `json:"name"`
	Type        ColumnType `json:"type"`
	Description string     `json:"description"`
	Source      string     `json:"source"`   // the source's own name for it: "custom:score"
	Required    bool       `json:"required"` // never nil; key columns are
	// ColumnsOf is the key of another table of the source whose columns the values name, as the source calls them. The import puts the names in
	// place that they have in that table. Empty: the values name no columns.
	ColumnsOf string `json:"-"`
	// IsAttribute says that the source's records have the value under the name Source, so that it may be in maps and JSON text of a row under that name too.
	IsAttribute bool `json:"-"`
	// IsHash says that values are hashes: mostly each is another one.
	IsHash bool `json:"-"`
	// JSON says that values are JSON text: policies reach into it.
	JSON bool `json:"-"`
}

// Schema is the columns of a table as its source has them now.
type Schema struct {
	Columns []Column `json:"columns"`
	Key     []string `json:"key"` // the columns that together name a row, in sort order; all of them String and Required
	// Version is the Timestamp column that tells which of two rows with one key is the newer; empty where the source never gives a key twice.
	Version string `json:"version,omitempty"`
}

// Index gives the position of the column, or -1.
func (s Schema) Index(column string) int {
	for i, c := range s.Columns {
		if c.Name == column {
			return i
		}
	}
	return -1
}

// Row is one row: a value per column of its Schema, in the same order.
type Row []any

// TableID says where a table lives: the Iceberg namespace and the name in it.
type TableID struct {
	Database string `json:"database"`
	Name     string `json:"table_name"`
}

// String gives "database.table".
func (t TableID) String() string { return t.Database + "." + t.Name }

// SourceTable is a table as its source describes it now.
type SourceTable struct {
	Key         string // the source's stable key: "users"
	FileName    string // what the source calls it: "Users"
	Description string
	Schema      Schema
	Origin      string // identifies the place that the rows come from: rows of two origins are never mixed
	Source      string // what people call that place: "user pool us-east-1_AbCdEf123 in us-east-1"; without the way that leads there
	// PartsNamedBy is the column whose values name the parts of a scan (Sink.Part); empty: they are named by nothing that a row has.
	PartsNamedBy string
	Estimate     int64 // rows that the source thinks it has, for people to go by; 0: it does not say
}
