package dataflow

import "context"

// StageRequest says what is staged.
type StageRequest struct {
	Dataflow   string
	Run        int64
	ID         TableID
	Table      SourceTable
	Definition TableDefinition
	// MetadataLocation is where the newest run that published the table left its metadata; empty: none has. A table that is not in its catalog any more is put back from there
	// where the catalog's drops may take the wrong table.
	MetadataLocation string
}

// Staging is one table being written by one run.
type Staging interface {
	// Put adds a row, which it takes over; one that breaks the schema gives CodeInvalid. It may be called concurrently. It blocks while it spools to disk;
	// memory does not grow with the number of rows. Rows with one key count once, the newest by the schema's Version.
	Put(ctx context.Context, row Row) error

	// Commit compares what was put with the table's current rows and writes the difference to the run's branch.
	// A table that the run has staged already gives CodeExists.
	// The change it returns has Before, After, Ticket, SchemaID, MetadataLocation and Counts (all but KeptAsText).
	// Where the definition loads no data the table is to have no row, whatever was put; where it loads metadata the snapshot
	// has the profile of what was put, and else none. Nothing may be put after it has begun. A table whose rows, columns and profile
	// are unchanged gives ChangeKeep: the branch is on the snapshot that it has, and there is no data file.
	Commit(ctx context.Context) (TableChange, error)

	// Close gives up spool files. It is called once, also after Commit; without a Commit nothing reached the table.
	Close() error
}

// TicketRequest says what a ticket is for.
type TicketRequest struct {
	Dataflow   string
	Run        int64
	Key        string
	FileName   string
	ID         TableID
	Definition TableDefinition
	Change     Change // ChangeHide, ChangeDrop, or ChangePublish: back to the rows and the schema of Target
	Target     int64  // the run whose tag the table goes back to
}

// TableState is a table as its catalog has it.
type TableState struct {
	ID       TableID
	Key      string
	FileName string
	UUID     string
	Hidden   bool    // it has no main: never published, or hidden
	Snapshot *int64  // main's; nil: hidden
	Runs     []int64 // the runs whose data it has kept, in order
	Trace    int64   // the newest run that has left a trace: a tag, a branch, or that it hid the table; 0: none
}
