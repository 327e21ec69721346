package ledger

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// listReads is how many records a listing reads at a time: a folder gains nothing by it, a store far away does.
const listReads = 16

// CreateDataflow creates a dataflow's record. When one of this name exists, in whatever case, the error has
// dataflow.CodeExists and the standing record stays; Dataflow reads it.
func (l *Ledger) CreateDataflow(ctx context.Context, record dataflow.Record) error {
	name := record.Definition.Name
	p, err := dataflowPlace(name)
	if err != nil {
		return err
	}
	err = create(ctx, l, p, record, checkDataflow(name))
	if !dataflow.IsCode(err, dataflow.CodeExists) {
		return err
	}
	// A standing record that cannot be read is not this call's error: that the name is taken is.
	if standing, readErr := get(ctx, l, p, anyDataflow); readErr == nil && standing.Definition.Name != name {
		return errCase(dataflow.CodeExists, dataflowObject, name, standing.Definition.Name)
	}
	return err
}

// Dataflow reads a dataflow's record.
func (l *Ledger) Dataflow(ctx context.Context, name string) (dataflow.Record, error) {
	p, err := dataflowPlace(name)
	if err != nil {
		return dataflow.Record{}, err
	}
	return get(ctx, l, p, checkDataflow(name))
}

// PutDataflow replaces a dataflow's record, or creates it. A standing record that cannot be understood,
// or whose name differs in case, is not replaced.
func (l *Ledger) PutDataflow(ctx context.Context, record dataflow.Record) error {
	name := record.Definition.Name
	p, err := dataflowPlace(name)
	if err != nil {
		return err
	}
	if _, err := l.Dataflow(ctx, name); err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return err
	}
	return replace(ctx, l, p, record, checkDataflow(name))
}

// Dataflows gives the names of all dataflows, removed ones too, in the order of their names without regard to case.
// It reads every record, because only the record knows how its name is written.
func (l *Ledger) Dataflows(ctx context.Context) ([]string, error) {
	return list(ctx, l, dataflowsFolder, "/", func(ctx context.Context, folded string) (string, error) {
		p, err := dataflowPlace(folded)
		if err != nil {
			return "", err
		}
		record, err := get(ctx, l, p, func(r dataflow.Record) error {
			return firstOf(ignoreCase(checkIdentity(dataflowObject, folded, r.Definition.Name)), anyDataflow(r))
		})
		return record.Definition.Name, err
	})
}

func checkDataflow(name string) func(dataflow.Record) error {
	return func(record dataflow.Record) error {
		if err := checkIdentity(dataflowObject, name, record.Definition.Name); err != nil {
			return err
		}
		return anyDataflow(record)
	}
}

func anyDataflow(record dataflow.Record) error {
	return checkOneOf("phase", record.Phase, dataflow.PhaseCreating, dataflow.PhaseCreated, dataflow.PhaseRemoved)
}

// ignoreCase lets a record pass that was asked for by its folded name.
func ignoreCase(err error) error {
	if dataflow.IsCode(err, dataflow.CodeInvalid) {
		return nil
	}
	return err
}

// list reads a record for each name in a folder that ends with suffix, in the order of the names.
// It skips what is no name (somebody's notes), and a name without a record (a folder whose first record was never written).
func list[T any](ctx context.Context, l *Ledger, folder, suffix string, read func(ctx context.Context, folded string) (T, error)) ([]T, error) {
	listed, err := l.store.List(ctx, folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range listed {
		name, ok := strings.CutSuffix(entry, suffix)
		if ok && dataflow.CheckName(name) == nil {
			names = append(names, dataflow.FoldName(name))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)

	found := make([]*T, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listReads)
	for i, name := range names {
		group.Go(func() error {
			record, err := read(ctx, name)
			if dataflow.IsCode(err, dataflow.CodeNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			found[i] = &record
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	records := make([]T, 0, len(found))
	for _, record := range found {
		if record != nil {
			records = append(records, *record)
		}
	}
	return records, nil
}
