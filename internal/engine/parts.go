package engine

import (
	"context"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Parts keeps the parts of tables that imports have read to their end, for an import that goes on where a failed one ended.
// It is a help, never a need: it may be empty at any time, and on another machine it is. Every method may be called concurrently,
// by any number of processes.
type Parts interface {
	// Record begins to keep what a run reads of a table.
	Record(what dataflow.Recording) (dataflow.Recorder, error)

	// Parts lists the parts that a run has read to their end; none where there is no such recording.
	Parts(ctx context.Context, what dataflow.Recording) ([]dataflow.KeptPart, error)

	// Read puts every row of these parts of a recording. An error of put ends it.
	Read(ctx context.Context, what dataflow.Recording, parts []string, put func(dataflow.Row) error) error

	// Kept says what of its tables a run has kept, in the order of their keys.
	Kept(ctx context.Context, dataflowName string, run int64) ([]dataflow.Kept, error)

	// Forget removes what the runs of a dataflow up to this one have kept; of one table only where a key is given.
	Forget(ctx context.Context, dataflowName string, run int64, key string) error
}

// noParts keeps nothing.
type noParts struct{}

func (noParts) Record(dataflow.Recording) (dataflow.Recorder, error) { return noParts{}, nil }

func (noParts) Parts(context.Context, dataflow.Recording) ([]dataflow.KeptPart, error) {
	return nil, nil
}

func (noParts) Read(context.Context, dataflow.Recording, []string, func(dataflow.Row) error) error {
	return nil
}

func (noParts) Kept(context.Context, string, int64) ([]dataflow.Kept, error) { return nil, nil }

func (noParts) Forget(context.Context, string, int64, string) error { return nil }

func (noParts) Part(string) dataflow.RecordedPart { return noParts{} }

func (noParts) Close() error { return nil }

func (noParts) Put(dataflow.Row) {}

func (noParts) Done(int64, time.Time) {}
