package cognito

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// maxDescribed is how many things are described side by side: the quota is a few a second.
const maxDescribed = 4

// each reads one list to its end, item after item. An error of take ends it and is returned as it is.
func each[Item any](ctx context.Context, p *Pool, op operation, next fetch[Item], take func(*Item) error) error {
	return chain(ctx, p, op, next, func(items []Item, _ bool) error {
		for i := range items {
			if err := take(&items[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// describeEach describes everything that a list names. What was deleted since it was listed is left out.
//
// All names are listed first: a pool has a thousand app clients and as many identity providers at most, and at a few
// descriptions a second a page token of the list would not outlive a larger one.
func (p *Pool) describeEach(ctx context.Context, op operation, list func(context.Context, func(string) error) error, describe func(context.Context, string) error) error {
	var names []string
	err := list(ctx, func(name string) error {
		if name == "" {
			return &dataflow.Error{Code: dataflow.CodeGuard, Op: op.name, Object: p.target.object(), Cause: errors.New("an item came without its name"),
				Hint: "Check that the endpoint is Cognito's."}
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return err
	}
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(maxDescribed)
	for _, name := range names {
		readers.Go(func() error {
			return dataflow.Guard(func() error { return p.unlessDeleted(ctx, describe(ctx, name)) })
		})
	}
	return readers.Wait()
}

// unlessDeleted drops the error that says that something is not there any more. The code is the same when the whole pool is gone,
// and that must not look like a pool without it.
func (p *Pool) unlessDeleted(ctx context.Context, err error) error {
	if hasCode(err, "ResourceNotFoundException") {
		_, err = p.describe(ctx)
	}
	return err
}

// unlessAbsent drops the error that says that something is not there: AWS looks at the permission first, so a probe may
// ask for what no pool needs to have.
func unlessAbsent(err error) error {
	if hasCode(err, "ResourceNotFoundException", "UserNotFoundException") {
		return nil
	}
	return err
}

// noAnswer is the error for an answer without what was asked for.
func (p *Pool) noAnswer(op operation) error {
	return p.target.classify(op, fmt.Errorf("the answer to %s has nothing in it", op.name)).err
}
