package dataflow

// Profile is what is known of the rows that a source gave, without any of their values.
type Profile struct {
	Rows    int64                    // distinct rows
	Columns map[string]ColumnProfile // by the table's column
}

// ColumnProfile is what is known of the values of one column.
type ColumnProfile struct {
	Filled int64 // rows that have a value; an empty one is a value, an absent one is none
	Empty  int64 // of these, rows whose value is the empty text or a map without an entry
	// Distinct is how many different values there are, the empty one included. It is exact for a Boolean and for a column that alone is the key,
	// and an estimate for the rest.
	Distinct int64
	// Longest is the length, in characters (Unicode code points), of the longest text, of a map of the longest value in it; 0 when there is none.
	// nil: the column's type is neither.
	Longest *int64
}
