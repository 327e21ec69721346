package dataflow

import "time"

// Status is where a dataflow or a run stands.
type Status string

// The statuses. A run is never New.
const (
	StatusNew        Status = "New"
	StatusProcessing Status = "Processing"
	StatusCompleted  Status = "Completed"
	StatusFailed     Status = "Failed"
)

// Kind is what a run does.
type Kind string

// The kinds of runs.
const (
	KindImport   Kind = "import"
	KindRollback Kind = "rollback"
	KindRemoval  Kind = "removal"
)

// Trigger is why a run was started.
type Trigger string

// The triggers.
const (
	TriggerCreate          Trigger = "create"
	TriggerDefinition      Trigger = "definition"
	TriggerRefreshTriggers Trigger = "refresh_triggers"
	TriggerFailed          Trigger = "failed"
	TriggerMaxAge          Trigger = "max_age"
	TriggerPin             Trigger = "pin"
	TriggerResource        Trigger = "resource"
	TriggerAction          Trigger = "action"
	TriggerDestroy         Trigger = "destroy"
)

// Declares says whether a run comes with a definition of its own. One that does not takes the dataflow as its record has it.
func (t Trigger) Declares() bool { return t != TriggerResource && t != TriggerAction }

// Triggers are the values that skypoint_dataflow_run was given; nil: none. A run bears them so that it can be imported into a state.
type Triggers map[string]string

// Process identifies the process that owns a run, so that another one can tell whether it still lives.
type Process struct {
	ID        string `json:"id"` // random, new for each engine: two engines in one process differ
	Host      string `json:"host"`
	Boot      string `json:"boot"` // the boot id and the PID namespace; processes can be compared only where it is the same
	PID       int    `json:"pid"`
	StartTime string `json:"start_time"` // the process's start as the kernel gives it; a reused PID has another
}

// Starter says who started a run, for people. It holds no secret.
type Starter struct {
	User   string `json:"user,omitempty"`   // of the operating system
	Host   string `json:"host,omitempty"`   // the machine
	System string `json:"system,omitempty"` // the CI system or platform whose job it was: "GitHub Actions"; empty: none that is known
	Actor  string `json:"actor,omitempty"`  // who started that job, as the system says
	URL    string `json:"url,omitempty"`    // the job's page
}

// Liveness is what can be said of a process from here.
type Liveness int

// The answers. Alive and dead are certain; unknown is a process that runs, or ran, where it can't be seen from here.
const (
	LivenessUnknown Liveness = iota
	LivenessAlive
	LivenessDead
)

// Started is the write-once record that starts a run. Creating it is taking the dataflow's lock.
type Started struct {
	Dataflow   string     `json:"dataflow"`
	UID        string     `json:"uid"`
	Run        int64      `json:"run"`
	Kind       Kind       `json:"kind"`
	Trigger    Trigger    `json:"trigger"`
	Triggers   Triggers   `json:"triggers"`
	Target     *int64     `json:"target_run"` // of a rollback: the import whose data the tables get
	StartedAt  time.Time  `json:"started_at"`
	Owner      Process    `json:"owner"`
	Catalog    string     `json:"catalog,omitempty"` // Tables.Place of the catalog that the owner works on
	By         Starter    `json:"by,omitzero"`
	Definition Definition `json:"definition"` // the one that is tried
}

// Heartbeat is overwritten by the owner of a run while it works. Observers compare Beat with what they saw
// before, by their own clock; At is for people.
type Heartbeat struct {
	Owner string    `json:"owner"` // Process.ID
	Beat  int64     `json:"beat"`
	At    time.Time `json:"at"`
}

// Change is what a decision does to one table.
type Change string

// The changes.
const (
	ChangePublish Change = "publish" // main moves to After (and the schema to SchemaID)
	ChangeKeep    Change = "keep"    // nothing changed: main stays at After, which only gets the run's tag
	ChangeHide    Change = "hide"    // main goes, rows and tags stay
	ChangeDrop    Change = "drop"    // the table goes, with its files
)

// Counts says what a run did to the rows of one table.
type Counts struct {
	Read       int64 `json:"read"` // distinct rows that the source gave
	Added      int64 `json:"added"`
	Changed    int64 `json:"changed"`
	Removed    int64 `json:"removed"`
	Unchanged  int64 `json:"unchanged"`
	KeptAsText int64 `json:"kept_as_text"` // values that their column's type could not hold; they are in other_attributes as they came
}

// Before is the number of rows that the table had before the run.
func (c Counts) Before() int64 { return c.Changed + c.Removed + c.Unchanged }

// TableChange is what a run decided for one table. Everything after the decision follows it alone.
type TableChange struct {
	Key      string `json:"key"`
	FileName string `json:"file_name"`
	TableID
	Definition       TableDefinition `json:"definition"`
	UUID             string          `json:"uuid"` // Iceberg's table-uuid
	Change           Change          `json:"change"`
	Before           *int64          `json:"before,string,omitempty"` // main's snapshot when it was staged; nil: none
	After            *int64          `json:"after,string,omitempty"`  // main's snapshot when it is published; nil: hidden or dropped
	Ticket           *int64          `json:"ticket,string,omitempty"` // the snapshot of the run's staging branch; nil: the change has no ticket
	SchemaID         *int            `json:"schema_id,omitempty"`     // the schema that becomes current; nil: it stays
	MetadataLocation string          `json:"metadata_location"`       // what the staging commit returned
	RowsBefore       int64           `json:"rows_before,omitempty"`   // of a rollback: the rows that main had; Counts.Read are those it gets
	Counts           Counts          `json:"counts"`
	Resumed          []Resumed       `json:"resumed,omitempty"`       // what was not read but taken over from failed runs
	Source           string          `json:"source,omitempty"`        // SourceTable.Source of its rows; of a rollback, that of the import it goes to; empty: not known
	DataAsOf         *time.Time      `json:"data_as_of,omitempty"`    // the start of the oldest reading in it; of a rollback, that of the import it goes to
	HashKey          string          `json:"hash_key,omitempty"`      // HashKey.Fingerprint of the key that columns of it are hashed with; empty: none is
	Rekeyed          bool            `json:"rekeyed,omitempty"`       // its rows have other keys than before, since the policy of the key or the hash key changed: the same rows are counted as removed and as added
	KnownColumns     []string        `json:"known_columns,omitempty"` // where new columns are stopped: the source's columns that are none any more
}

// Records is the number of rows that the table has after the run; not of a table that it hides or drops.
func (c TableChange) Records() int64 {
	if !c.Definition.Data {
		return 0 // they were read for the table's profile
	}
	return c.Counts.Read
}

// Outcome is what a decision decides.
type Outcome string

// The outcomes.
const (
	OutcomePublish Outcome = "publish"
	OutcomeAbandon Outcome = "abandon"
)

// Decision is the write-once record after which a run can only go one way.
type Decision struct {
	Dataflow  string        `json:"dataflow"`
	Run       int64         `json:"run"`
	Outcome   Outcome       `json:"outcome"`
	By        string        `json:"by"` // Process.ID of who decided
	DecidedAt time.Time     `json:"decided_at"`
	Reason    string        `json:"reason,omitempty"` // why it was abandoned: a whole sentence
	Tables    []TableChange `json:"tables"`
	LetGo     []int64       `json:"let_go"` // the runs that retention lets go: their tags, and the data that no other run has
	Usage     Usage         `json:"usage"`
	Resumable []Resumable   `json:"kept,omitempty"`      // of an import that was abandoned: what the next one need not read
	Discarded []TableID     `json:"discarded,omitempty"` // tables that could not be read any more, and of which the run removed what was left
}

// Usage is what a run asked of its source.
type Usage struct {
	Calls         int64   `json:"calls"`
	Throttles     int64   `json:"throttles"`      // answers that said "too many requests"
	WaitedSeconds float64 `json:"waited_seconds"` // time spent waiting for the limiter, over all calls
}

// TableResult is what a finished run did to one table.
type TableResult struct {
	TableChange
	PublishedMetadataLocation string `json:"published_metadata_location"` // the table's metadata after the publish
	Gone                      bool   `json:"gone,omitempty"`              // somebody else dropped the table after it was decided: there is nothing to publish to
	Replaced                  *int64 `json:"replaced,string,omitempty"`   // a snapshot somebody else had put on main since the run before
}

// Standing is where a dataflow stands once a run is finished. Each finished run carries it on,
// so that reading a dataflow reads its newest finished run and no more.
type Standing struct {
	CurrentRun    *int64        `json:"current_run"`       // the import whose data the tables hold; nil: none
	UID           string        `json:"uid"`               // of the dataflow that published them: an earlier one of the name may have left the tables
	Digest        string        `json:"digest"`            // Definition.Digest of that import
	LastRefreshAt *time.Time    `json:"last_refresh_at"`   // the end of the last completed import
	DataAsOf      *time.Time    `json:"data_as_of"`        // the start of the oldest reading in it; nil where it is not known: LastRefreshAt counts then
	LastImport    Status        `json:"last_import"`       // of the newest import: Completed or Failed; empty: none yet
	Tables        []TableResult `json:"tables"`            // the tables as they stand, one per key
	Retained      []int64       `json:"kept"`              // the imports whose data the tables still have, oldest first: what a rollback can go to
	Rollbacks     []int64       `json:"rollbacks"`         // the rollbacks whose tags the tables still have: the newest run alone, if it is one
	Failed        []int64       `json:"failed"`            // the failed ones among the newest runs: what they left may have to be swept
	Catalog       string        `json:"catalog,omitempty"` // Tables.Place of the catalog that the tables are in; empty: it is not known
	Databases     []string      `json:"databases"`         // where tables of the dataflow may be, hidden and never published ones too
}

// Source gives what the tables' rows were read from, as SourceTable.Source has it; empty: it is not known.
func (s Standing) Source() string {
	for _, table := range s.Tables {
		if table.Source != "" {
			return table.Source
		}
	}
	return ""
}

// Run is the whole record of a run. A run that is not finished is shown as one with status Processing.
type Run struct {
	Dataflow    string        `json:"dataflow"`
	UID         string        `json:"uid"`
	Run         int64         `json:"run"`
	Kind        Kind          `json:"kind"`
	Status      Status        `json:"status"`
	Trigger     Trigger       `json:"trigger"`
	Triggers    Triggers      `json:"triggers"`
	Target      *int64        `json:"target_run"`
	Description string        `json:"description"`
	StartedAt   time.Time     `json:"started_at"`
	EndedAt     *time.Time    `json:"ended_at"`
	Owner       Process       `json:"owner"`
	By          Starter       `json:"by,omitzero"`
	Digest      string        `json:"digest"` // of the definition it tried
	Tables      []TableResult `json:"tables"`
	Usage       Usage         `json:"usage"`
	Resumable   []Resumable   `json:"kept,omitempty"`      // of an import that failed: what the next one need not read
	Discarded   []TableID     `json:"discarded,omitempty"` // as in Decision
	Standing    Standing      `json:"standing"`
}

// View gives the run as it is shown while it is not finished.
func (s Started) View() Run {
	return Run{
		Dataflow: s.Dataflow, UID: s.UID, Run: s.Run, Kind: s.Kind, Status: StatusProcessing, Trigger: s.Trigger, Triggers: s.Triggers,
		Target: s.Target, StartedAt: s.StartedAt, Owner: s.Owner, By: s.By, Digest: s.Definition.Digest(),
	}
}
