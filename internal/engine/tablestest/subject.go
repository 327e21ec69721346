package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Subject is a place for tables: the processes that work on it, and what anybody else sees and does there.
type Subject interface {
	// Process gives the tables as one more process of this workspace has them. Many may be given.
	Process(workspace string) (dataflow.Tables, error)
	// Look reads a table as any reader would. One that is not there is an error with dataflow.CodeNotFound.
	Look(id dataflow.TableID) (Table, error)
	// DataFiles lists the data files in the place, whether a table has them or not, under the names that Table.DataFiles gives them.
	DataFiles() ([]string, error)
	// Databases lists the databases.
	Databases() ([]string, error)
	// Overwrite is another writer: main gets a snapshot without a row, which it gives.
	Overwrite(id dataflow.TableID) (int64, error)
	// Tag is another writer who puts a tag of his own on a snapshot.
	Tag(id dataflow.TableID, tag string, snapshot int64) error
}

// Table is what can be seen of a table.
type Table struct {
	UUID             string
	MetadataLocation string // another one after every commit
	HiddenBy         string // the run that hid it; empty: it is not hidden
	Columns          []string
	Refs             map[string]int64            // the snapshot of every branch and tag
	Rows             map[string]Rows             // by branch and tag
	Profiles         map[string]dataflow.Profile // by branch and tag; one whose snapshot has none is left out
	Snapshots        []int64                     // in order
	DataFiles        []string                    // that some snapshot has, in order, each once
}

// Rows is rows by the value of their key column, and those by column. A column that is absent has no entry.
type Rows map[string]map[string]any
