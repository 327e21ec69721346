package ledger

import (
	"context"
	"sync/atomic"
)

// countingStore counts the calls that read.
type countingStore struct {
	Store
	calls atomic.Int64
}

func (c *countingStore) Read(ctx context.Context, path string) ([]byte, error) {
	c.calls.Add(1)
	return c.Store.Read(ctx, path)
}

func (c *countingStore) List(ctx context.Context, folder string) ([]string, error) {
	c.calls.Add(1)
	return c.Store.List(ctx, folder)
}
