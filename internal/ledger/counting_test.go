package ledger

import "context"

// countingStore counts the calls that read. It is for one goroutine.
type countingStore struct {
	Store
	calls int
}

func (c *countingStore) Read(ctx context.Context, path string) ([]byte, error) {
	c.calls++
	return c.Store.Read(ctx, path)
}

func (c *countingStore) List(ctx context.Context, folder string) ([]string, error) {
	c.calls++
	return c.Store.List(ctx, folder)
}
