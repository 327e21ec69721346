package dataflow

// StageRequest says what is staged.
type StageRequest struct {
	Dataflow   string
	Run        int64
	ID         TableID
	Table      SourceTable
	Definition TableDefinition
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

// OwnedTable is a table that belongs to a dataflow.
type OwnedTable struct {
	ID       TableID
	Key      string
	FileName string
	UUID     string
	Hidden   bool    // it has no main: never published, or hidden
	Runs     []int64 // the runs whose data it has kept, in order
	Trace    int64   // the newest run that has left a trace: a tag, a branch, or that it hid the table; 0: none
}
