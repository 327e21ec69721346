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
type Tables interface {
	// Stage begins to write what the table will be after this run, on a branch that nobody reads.
	// A table that does not exist is created empty, marked with its dataflow and run, in a location of its own.
	// One that was made for another key of the source, hidden ones too, is refused with dataflow.CodeInvalid.
	Stage(ctx context.Context, req dataflow.StageRequest) (Staging, error)

	// Ticket puts the run's branch on a snapshot that the table has, for a change that writes no data file:
	// dataflow.ChangeHide and dataflow.ChangeDrop. It says what Publish will have to do.
	// A table that is not there any more gives dataflow.CodeNotFound.
	Ticket(ctx context.Context, req dataflow.TicketRequest) (dataflow.TableChange, error)

	// Publish carries out one change of a decision in one atomic commit (a drop: that commit, then the entry, then the files).
	// It is refused, and reads again, when the table moved meanwhile; when the run's tag is there already it is done.
	Publish(ctx context.Context, dataflowName string, run int64, change dataflow.TableChange) (dataflow.TableResult, error)

	// Sweep removes what an abandoned run left on these tables: its branch, then the data files that only it wrote.
	// Tables that are not there are skipped.
	Sweep(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID) error

	// Retain takes the tags of these runs from the tables, with the snapshots that no tag or branch is on any more, in one commit a table;
	// then it removes the data files that no snapshot has, of this run and earlier ones only. Tables that are not there are skipped.
	Retain(ctx context.Context, dataflowName string, run int64, tables []dataflow.TableID, letGo []int64) error

	// Owned lists the tables in these databases that belong to the dataflow, hidden and never published ones too, in the order of their names.
	Owned(ctx context.Context, dataflowName string, databases []string) ([]dataflow.OwnedTable, error)
}

// Staging is one table being written by one run.
type Staging interface {
	// Put adds a row, which it takes over. It may be called concurrently. It blocks while it spools to disk;
	// memory does not grow with the number of rows. Rows with one key count once, the newest by the schema's Version.
	Put(ctx context.Context, row dataflow.Row) error

	// Commit compares what was put with the table's current rows and writes the difference to the run's branch.
	// The change it returns has Before, After, Ticket, SchemaID, MetadataLocation and Counts (all but KeptAsText).
	// Nothing may be put after it has begun. An unchanged table gives dataflow.ChangeKeep: no branch, no data file.
	Commit(ctx context.Context) (dataflow.TableChange, error)

	// Close gives up spool files. It is called once, also after Commit; without a Commit nothing reached the table.
	Close() error
}
