package ledger

import (
	"context"
	"iter"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// listReads is how many records a listing reads at a time: a folder gains nothing by it, a store far away does.
const listReads = 16

// each reads a record for each name in a folder that ends with suffix, in the order of the names.
// It skips what is no name (somebody's notes), and a name without a record (a folder whose first record was never written).
func each[T any](ctx context.Context, l *Ledger, folder, suffix string, read func(ctx context.Context, folded string) (T, error)) iter.Seq2[T, error] {
	return ReadAhead(ctx, func(yield func(string, error) bool) {
		listed, err := l.store.List(ctx, folder)
		if err != nil {
			yield("", err)
			return
		}
		var names []string
		for _, entry := range listed {
			name, ok := strings.CutSuffix(entry, suffix)
			if ok && dataflow.CheckName(name) == nil {
				names = append(names, dataflow.FoldName(name))
			}
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if !yield(name, nil) {
				return
			}
		}
	}, read)
}

// ReadAhead reads something for each of in, some at a time, and gives it in the order of in, without what is not there (dataflow.CodeNotFound).
// It reads no more than those some beyond what is taken. The first error is the last that it gives.
func ReadAhead[A, B any](ctx context.Context, in iter.Seq2[A, error], read func(context.Context, A) (B, error)) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		var none B
		some := make([]A, 0, listReads)
		flush := func() bool {
			for found, err := range atOnce(ctx, some, read) {
				if !yield(found, err) || err != nil {
					return false
				}
			}
			some = some[:0]
			return true
		}
		for a, err := range in {
			if err != nil {
				if flush() {
					yield(none, err)
				}
				return
			}
			if some = append(some, a); len(some) == listReads && !flush() {
				return
			}
		}
		flush()
	}
}

// atOnce reads them all at the same time. What comes before an error is given.
func atOnce[A, B any](ctx context.Context, some []A, read func(context.Context, A) (B, error)) iter.Seq2[B, error] {
	found, errs := make([]B, len(some)), make([]error, len(some))
	var group errgroup.Group
	for i, a := range some {
		group.Go(func() error {
			found[i], errs[i] = read(ctx, a)
			return nil
		})
	}
	_ = group.Wait() // each has its own error
	return func(yield func(B, error) bool) {
		for i := range some {
			if !dataflow.IsCode(errs[i], dataflow.CodeNotFound) && !yield(found[i], errs[i]) {
				return
			}
		}
	}
}

func collect[T any](from iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for one, err := range from {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
