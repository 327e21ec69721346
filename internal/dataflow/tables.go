package dataflow

import "context"

// Tables keeps the tables of dataflows. Every method may be called concurrently, by any number of processes,
// for different tables; for one table only the owner of its dataflow's run calls Stage and Ticket,
// while Publish, Retain and Sweep may be called by anybody at any time, also twice and late: what is done already is not done again.
//
// A table belongs to one dataflow of one workspace. Every method refuses one that belongs to another with CodeForeign.
//
// The package engine/tablestest states these rules one by one as tests, which every implementation passes.
type Tables interface {
	// Stage begins to write what the table will be after this run, on a branch that nobody reads.
	// A table that does not exist is created empty, marked with its dataflow and run, in a location of its own.
	// One that was made for another key of the source, hidden ones too, is refused with CodeInvalid,
	// one that has the run already, or a trace of a newer one, with CodeCorrupt.
	Stage(ctx context.Context, req StageRequest) (Staging, error)

	// Columns gives the names that a table's columns have once a run has staged it with this schema, by the source's own names for them
	// (Column.Source). The table need not be there. It writes nothing.
	Columns(ctx context.Context, dataflowName string, id TableID, schema Schema) (map[string]string, error)

	// Ticket puts the run's branch on a snapshot that the table has, for a change that writes no data file: ChangeHide,
	// ChangeDrop, and ChangePublish, which takes the table back to an earlier run. It says what Publish will have to do.
	// Errors: CodeNotFound when the table is gone or no longer has the target run, CodeExists when this run has staged the table,
	// and CodeCorrupt, for a rollback, in the cases in which Stage gives it. A table that never had a snapshot gets no ticket, and needs none.
	// A second call gives the same ticket.
	Ticket(ctx context.Context, req TicketRequest) (TableChange, error)

	// PublishTogether makes the commits of all these changes of a decision in one transaction, where the catalog has such: then no reader ever sees tables
	// of two runs. Elsewhere it does nothing. What it has done Publish finds done; Publish is called for every change afterwards in any case, and says
	// what became of it: of a table that is gone, for one. It may be called late and twice, as Publish may, with the same errors.
	PublishTogether(ctx context.Context, dataflowName string, run int64, changes []TableChange) error

	// Publish carries out one change of a decision in one atomic commit (a drop: that commit, then the entry, then the files).
	// It is refused, and reads again, when the table moved meanwhile; when the run's tag is there already it is done.
	//
	// A late call changes nothing. It comes when the ticket is used and the tag was let go, or the run was swept. Then a publish and a keep are refused with
	// CodeAbandoned; a hide and a drop have no tag, so for them a ticket that is gone means done.
	// CodeNotFound: the table is gone, or another table has its name now. For a drop that means done, except for files that may have stayed.
	// CodeCorrupt: no run can have decided such a change.
	//
	// Where main is not what the decision saw, somebody else wrote to the table: Replaced names the snapshot that the run replaced,
	// to whoever publishes the change again as well.
	Publish(ctx context.Context, dataflowName string, run int64, change TableChange) (TableResult, error)

	// Sweep removes what an abandoned run left on these tables: its branch with the snapshot that only it had, then the data files
	// that only it wrote. Tables that are not there are skipped. One that can't be swept keeps no other from being swept.
	Sweep(ctx context.Context, dataflowName string, run int64, tables []TableID) error

	// Retain takes the tags of these runs from the tables, with the snapshots that no tag or branch is on any more, in one commit a table;
	// then it removes the data files that no snapshot has, of this run and earlier ones only. Tables that are not there are skipped.
	// Where none of the tags is there any more it is done, and no snapshot goes. It gives the metadata location that each table has then.
	Retain(ctx context.Context, dataflowName string, run int64, tables []TableID, letGo []int64) (map[TableID]string, error)

	// Broken lists the tables in these databases whose metadata file was deleted or cut off, of any owner. Owned lists none of them.
	Broken(ctx context.Context, databases []string) ([]TableID, error)

	// Discard removes what is left of a broken table: its entry and its files. metadataLocation is where the records have its metadata; a table
	// that lies elsewhere is another's, with CodeForeign. One that is not broken stays; one that is gone is done.
	Discard(ctx context.Context, id TableID, metadataLocation string) error

	// Intact says whether every file is there that a table needs to be read at a run that it has kept. If not, it is an error with
	// CodeFilesGone that names one.
	Intact(ctx context.Context, id TableID, run int64) error

	// Owned lists the tables in these databases that belong to the dataflow, hidden and never published ones too,
	// in the order of the databases' names and their own.
	Owned(ctx context.Context, dataflowName string, databases []string) ([]TableState, error)

	// Find describes one table, of any owner. A table that is not there gives CodeNotFound, a broken one CodeFilesGone. It writes nothing.
	Find(ctx context.Context, id TableID) (TableState, error)

	// Where gives the metadata location of each of these tables, of any owner, without reading their metadata. While a table's location is
	// the same, the table is the same. Tables that are gone are left out, and so are those whose metadata file is known to be gone. It writes nothing.
	Where(ctx context.Context, ids []TableID) (map[TableID]string, error)

	// Place names the catalog that the tables are in, for people and to tell it from others: "sqlite", "postgres://db.example.com:5432/lake". It holds no
	// secret, and it is known without asking anybody.
	Place() string

	// ForgetRuns removes the traces of all runs from a table: their tags and branches, and that one has hidden it or replaced a snapshot. Its rows
	// stay. It is for a dataflow whose records are gone and which numbers its runs from 1 again. lost says whether that is so. It is asked after
	// the table was read, and what was read is asserted: a process that sleeps in between finds the traces of newer runs in the table and is refused.
	ForgetRuns(ctx context.Context, dataflowName string, id TableID, lost func(context.Context) error) error
}
