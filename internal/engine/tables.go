package engine

import (
	"context"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Tables keeps the tables of dataflows. Every method may be called concurrently, by any number of processes,
// for different tables; for one table only the owner of its dataflow's run calls Stage and Ticket,
// while Publish, Retain and Sweep may be called by anybody at any time, also twice and late: what is done already is not done again.
//
// A table belongs to one dataflow of one workspace. Every method refuses one that belongs to another with dataflow.CodeForeign.
//
// The package tablestest states these rules one by one as tests, which every implementation passes.
type Tables interface {
	// Stage begins to write what the table will be after this run, on a branch that nobody reads.
	// A table that does not exist is created empty, marked with its dataflow and run, in a location of its own.
	// One that was made for another key of the source, hidden ones too, is refused with dataflow.CodeInvalid,
	// one that has the run already, or a trace of a newer one, with dataflow.CodeCorrupt.
	Stage(ctx context.Context, req dataflow.StageRequest) (Staging, error)

	// Columns gives the names that a table's columns have once a run has staged it with this schema, by the source's own names for them
	// (dataflow.Column.Source). The table need not be there. It writes nothing.
	Columns(ctx context.Context, dataflowName string, id dataflow.TableID, schema dataflow.Schema) (map[string]string, error)

	// Ticket puts the run's branch on a snapshot that the table has, for a change that writes no data file: dataflow.ChangeHide,
	// dataflow.ChangeDrop, and dataflow.ChangePublish, which takes the table back to an earlier run. It says what Publish will have to do.
	// A table that is not there any more, or has not kept that run, gives dataflow.CodeNotFound; one that the run has staged
	// dataflow.CodeExists. Going back is refused with dataflow.CodeCorrupt as Stage is. A table that never had a snapshot needs no ticket and gets none. Asked for twice it is the same ticket.
	Ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error)

	// Publish carries out one change of a decision in one atomic commit (a drop: that commit, then the entry, then the files).
	// It is refused, and reads again, when the table moved meanwhile; when the run's tag is there already it is done.
	//
	// Late, when the ticket is used and the tag was let go or the run was swept, a publish and a keep are refused with dataflow.CodeAbandoned;
	// a hide and a drop have no tag, so for them a ticket that is gone means done. None of these changes anything.
	// A table that is gone, or whose name another one has now, whoever's that is, gives dataflow.CodeNotFound; to a drop it is done,
	// except for files that may have stayed. A change that no run can have decided gives dataflow.CodeCorrupt.
	//
	// Where main is not what the decision saw, somebody else wrote to the table: Replaced names the snapshot that the run replaced,
	// to whoever publishes the change again as well.
	Publish(ctx context.Context, dataflowName string, run int64, change dataflow.TableChange) (dataflow.TableResult, error)

	// Sweep removes what an abandoned run left on these tables: its branch with the snapshot that only it had, then the data files
	// that only it wrote. Tables that are not there are skipped. One that can't be swept keeps no other from being swept.
	Sweep(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID) error

	// Retain takes the tags of these runs from the tables, with the snapshots that no tag or branch is on any more, in one commit a table;
	// then it removes the data files that no snapshot has, of this run and earlier ones only. Tables that are not there are skipped.
	// Where none of the tags is there any more it is done, and no snapshot goes. It gives the metadata location that each table has then.
	Retain(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID, letGo []int64) (map[dataflow.TableID]string, error)

	// Broken lists the tables in these databases whose metadata was deleted or cut off behind everybody's back, whoever's they are. Owned lists none of them.
	Broken(ctx context.Context, databases []string) ([]dataflow.TableID, error)

	// Discard removes what is left of a broken table: its entry and its files. metadataLocation is where the records have its metadata; a table
	// that lies elsewhere is another's, with dataflow.CodeForeign. One that is not broken stays; one that is gone is done.
	Discard(ctx context.Context, id dataflow.TableID, metadataLocation string) error

	// Intact says whether every file is there that a table needs to be read at a run that it has kept. If not, it is an error with
	// dataflow.CodeFilesGone that names one.
	Intact(ctx context.Context, id dataflow.TableID, run int64) error

	// Owned lists the tables in these databases that belong to the dataflow, hidden and never published ones too,
	// in the order of the databases' names and their own.
	Owned(ctx context.Context, dataflowName string, databases []string) ([]dataflow.OwnedTable, error)
}

// Staging is one table being written by one run.
type Staging interface {
	// Put adds a row, which it takes over; one that breaks the schema gives dataflow.CodeInvalid. It may be called concurrently. It blocks while it spools to disk;
	// memory does not grow with the number of rows. Rows with one key count once, the newest by the schema's Version.
	Put(ctx context.Context, row dataflow.Row) error

	// Commit compares what was put with the table's current rows and writes the difference to the run's branch.
	// A table that the run has staged already gives dataflow.CodeExists.
	// The change it returns has Before, After, Ticket, SchemaID, MetadataLocation and Counts (all but KeptAsText).
	// Where the definition loads no data the table is to have no row, whatever was put; where it loads metadata the snapshot
	// has the profile of what was put, and else none. Nothing may be put after it has begun. A table whose rows, columns and profile
	// are unchanged gives dataflow.ChangeKeep: the branch is on the snapshot that it has, and there is no data file.
	Commit(ctx context.Context) (dataflow.TableChange, error)

	// Close gives up spool files. It is called once, also after Commit; without a Commit nothing reached the table.
	Close() error
}
