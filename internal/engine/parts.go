package engine

import (
	"context"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

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
