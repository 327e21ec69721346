package engine

import (
	"context"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Ledger keeps the records of dataflows and their runs. Every method may be called concurrently, by any number of processes.
//
// A record that is not there is an error with dataflow.CodeNotFound; one that cannot be understood has
// dataflow.CodeCorrupt or dataflow.CodeNewerFormat. Write-once records are created atomically: one caller wins,
// every other one is given the winner's record.
type Ledger interface {
	// Dataflow reads the newest version of a dataflow's record.
	Dataflow(ctx context.Context, name string) (dataflow.Record, error)
	// PutDataflow creates the version of a dataflow's record that record.Version names: 1 for a new dataflow, else the one after the
	// version that the caller has read. When there is such a version it fails with dataflow.CodeExists: somebody was faster.
	PutDataflow(ctx context.Context, record dataflow.Record) error

	// Latest gives the number of the newest run that was started, 0 when there is none.
	Latest(ctx context.Context, name string) (int64, error)
	// Start creates a run's started record. When the run was started already it fails with dataflow.CodeExists.
	Start(ctx context.Context, started dataflow.Started) error
	// Started reads a run's started record.
	Started(ctx context.Context, name string, run int64) (dataflow.Started, error)

	// Beat overwrites the run's heartbeat. Only its owner calls it.
	Beat(ctx context.Context, name string, run int64, beat dataflow.Heartbeat) error
	// Heartbeat reads it.
	Heartbeat(ctx context.Context, name string, run int64) (dataflow.Heartbeat, error)

	// Decide creates the run's decision and returns the one that stands, which may be another process's.
	Decide(ctx context.Context, decision dataflow.Decision) (dataflow.Decision, error)
	// Decision reads it.
	Decision(ctx context.Context, name string, run int64) (dataflow.Decision, error)

	// Finish creates the run's finished record and returns the one that stands.
	Finish(ctx context.Context, run dataflow.Run) (dataflow.Run, error)
	// Finished reads it.
	Finished(ctx context.Context, name string, run int64) (dataflow.Run, error)
}
