package dataflow

// Sink takes the rows of a scan. Every method may be called concurrently. An error of it ends the scan.
//
// A source that reads a table in parts says which rows are whose and when a part was read to its end, so that a run that is
// interrupted need not be begun anew by the next one. What a part is, and what its name means, only the source knows.
type Sink interface {
	// Put takes over a row that belongs to no part. Whoever resumes the scan reads it again.
	Put(row Row) error
	// Part begins a part. A name stands for the same rows whenever the table is scanned, as far as they stay.
	Part(name string) Part
	// Resume puts the rows of those parts that failed runs have read to their end and that are wanted. They need not be read again.
	// It is called once at most.
	Resume(want func(part string) bool) ([]DonePart, error)
}

// Part takes the rows of one part of a table. Rows of a part that is never done count as rows of no part.
type Part interface {
	Put(row Row) error
	// Done says that every row of the part was put, and how many values their column's type could not hold.
	Done(keptAsText int64) error
}

// ScanReport is what a scan knows beside its rows.
type ScanReport struct {
	KeptAsText int64 // values that their column's type could not hold
}
