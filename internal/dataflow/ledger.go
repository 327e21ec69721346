package dataflow

import "context"

// Ledger keeps the records of dataflows and their runs. Every method may be called concurrently, by any number of processes.
//
// A record that is not there is an error with CodeNotFound; one that cannot be understood has
// CodeCorrupt or CodeNewerFormat. Write-once records are created atomically: one caller wins,
// every other one is given the winner's record.
type Ledger interface {
	// Dataflow reads the newest version of a dataflow's record.
	Dataflow(ctx context.Context, name string) (Record, error)
	// PutDataflow creates the version of a dataflow's record that record.Version names: 1 for a new dataflow, else the one after the
	// version that the caller has read. When there is such a version it fails with CodeExists: somebody was faster.
	PutDataflow(ctx context.Context, record Record) error

	// Latest gives the number of the newest run that was started, 0 when there is none.
	Latest(ctx context.Context, name string) (int64, error)
	// Start creates a run's started record. When the run was started already it fails with CodeExists.
	Start(ctx context.Context, started Started) error
	// Started reads a run's started record.
	Started(ctx context.Context, name string, run int64) (Started, error)

	// Beat overwrites the run's heartbeat. Only its owner calls it.
	Beat(ctx context.Context, name string, run int64, beat Heartbeat) error
	// Heartbeat reads it.
	Heartbeat(ctx context.Context, name string, run int64) (Heartbeat, error)

	// Decide creates the run's decision and returns the one that stands, which may be another process's.
	Decide(ctx context.Context, decision Decision) (Decision, error)
	// Decision reads it.
	Decision(ctx context.Context, name string, run int64) (Decision, error)

	// Finish creates the run's finished record and returns the one that stands.
	Finish(ctx context.Context, run Run) (Run, error)
	// Finished reads it.
	Finished(ctx context.Context, name string, run int64) (Run, error)
}
