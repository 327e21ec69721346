package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// listReads is how many records a listing reads at a time: a folder gains nothing by it, a store far away does.
const listReads = 16

// Dataflow reads the newest version of a dataflow's record.
func (l *Ledger) Dataflow(ctx context.Context, name string) (dataflow.Record, error) {
	version, err := l.newestVersion(ctx, name)
	if err != nil {
		return dataflow.Record{}, err
	}
	return l.version(ctx, name, version, checkDataflow(name, version))
}

// PutDataflow creates the version of a dataflow's record that record.Version names: 1 for a new dataflow, else the one after the
// version that the caller has read. When there is such a version the error has dataflow.CodeExists and the standing one stays;
// a version that leaves one out has dataflow.CodeInvalid. A standing record that cannot be understood, or whose name differs in case,
// gets no new version.
func (l *Ledger) PutDataflow(ctx context.Context, record dataflow.Record) error {
	name := record.Definition.Name
	p, err := dataflowPlace(name, record.Version)
	if err != nil {
		return err
	}
	standing, err := l.Dataflow(ctx, name)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return err
	}
	if record.Version < 1 || record.Version > standing.Version+1 {
		return &dataflow.Error{
			Code: dataflow.CodeInvalid, Op: "write record", Object: p.object,
			Cause: fmt.Errorf("version %d does not follow version %d", record.Version, standing.Version),
		}
	}
	return create(ctx, l, p, record, checkDataflow(name, record.Version))
}

// newestVersion is CodeNotFound for a dataflow without a record.
func (l *Ledger) newestVersion(ctx context.Context, name string) (int64, error) {
	folder, err := definitionsFolder(name)
	if err != nil {
		return 0, err
	}
	listed, err := l.store.List(ctx, folder)
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, entry := range listed {
		if version, ok := parseNumbered(entry, recordSuffix); ok {
			newest = max(newest, version)
		}
	}
	if newest == 0 {
		return 0, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "read", Object: dataflowObject(name), Cause: errors.New("there is no such record")}
	}
	return newest, nil
}

func (l *Ledger) version(ctx context.Context, name string, version int64, check func(dataflow.Record) error) (dataflow.Record, error) {
	p, err := dataflowPlace(name, version)
	if err != nil {
		return dataflow.Record{}, err
	}
	return get(ctx, l, p, check)
}

// Dataflows gives the names of all dataflows, removed ones too, in the order of their names without regard to case.
// It reads a record of each, the first one, because only the record knows how its name is written.
func (l *Ledger) Dataflows(ctx context.Context) ([]string, error) {
	return list(ctx, l, dataflowsFolder, "/", func(ctx context.Context, folded string) (string, error) {
		record, err := l.version(ctx, folded, 1, func(r dataflow.Record) error {
			return firstOf(ignoreCase(checkIdentity(dataflowObject, folded, r.Definition.Name)), checkVersion(r, 1))
		})
		return record.Definition.Name, err
	})
}

func checkDataflow(name string, version int64) func(dataflow.Record) error {
	return func(r dataflow.Record) error {
		return firstOf(checkIdentity(dataflowObject, name, r.Definition.Name), checkVersion(r, version))
	}
}

func checkVersion(r dataflow.Record, version int64) error {
	if r.Version != version {
		return fmt.Errorf("it is version %d of the record, which belongs elsewhere", r.Version)
	}
	return checkOneOf("phase", r.Phase, dataflow.PhaseCreating, dataflow.PhaseCreated, dataflow.PhaseRemoved)
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
