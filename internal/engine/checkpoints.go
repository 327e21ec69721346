package engine

import (
	"context"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// noCheckpoints keeps nothing.
type noCheckpoints struct{}

func (noCheckpoints) Write(dataflow.Checkpoint) (dataflow.CheckpointWriter, error) {
	return noCheckpoints{}, nil
}

func (noCheckpoints) DoneParts(context.Context, dataflow.Checkpoint) ([]dataflow.DonePart, error) {
	return nil, nil
}

func (noCheckpoints) ReadRows(context.Context, dataflow.Checkpoint, []string, func(dataflow.Row) error) error {
	return nil
}

func (noCheckpoints) Resumable(context.Context, string, int64) ([]dataflow.Resumable, error) {
	return nil, nil
}

func (noCheckpoints) Forget(context.Context, string, int64, string) error { return nil }

func (noCheckpoints) Part(string) dataflow.PartWriter { return noCheckpoints{} }

func (noCheckpoints) Close() error { return nil }

func (noCheckpoints) Put(dataflow.Row) {}

func (noCheckpoints) Done(int64, time.Time) {}
