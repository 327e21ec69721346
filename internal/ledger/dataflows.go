package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

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
	there, err := l.Dataflow(ctx, name)
	if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return err
	}
	if record.Version < 1 || record.Version > there.Version+1 {
		return &dataflow.Error{
			Code: dataflow.CodeInvalid, Op: "write record", Object: p.object,
			Cause: fmt.Errorf("version %d does not follow version %d", record.Version, there.Version),
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
		return 0, &dataflow.Error{
			Code: dataflow.CodeNotFound, Object: dataflowObject(name), Cause: errors.New("it is not in the workspace"), Hint: "Create it, or give the id of one that exists.",
		}
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
	return collect(l.EachDataflow(ctx))
}

// EachDataflow is Dataflows for whoever may stop early: it reads few records more than are taken. After an error there is no other name.
func (l *Ledger) EachDataflow(ctx context.Context) iter.Seq2[string, error] {
	return each(ctx, l, dataflowsFolder, "/", l.nameOf)
}

// FoundDataflow is a dataflow that the workspace has. Err: its record can't be read, and Name is that of its folder, in lower case.
type FoundDataflow struct {
	Name string
	Err  error
}

// FindDataflows is EachDataflow for whoever goes on after a record that can't be read: the error is that dataflow's, not the listing's.
func (l *Ledger) FindDataflows(ctx context.Context) iter.Seq2[FoundDataflow, error] {
	return each(ctx, l, dataflowsFolder, "/", func(ctx context.Context, folded string) (FoundDataflow, error) {
		found := FoundDataflow{Name: folded}
		name, err := l.nameOf(ctx, folded)
		switch {
		case err == nil:
			found.Name = name
		case ctx.Err() != nil, dataflow.IsCode(err, dataflow.CodeNotFound):
			return found, err
		default:
			found.Err = err
		}
		return found, nil
	})
}

// nameOf reads how the name of a dataflow is written.
func (l *Ledger) nameOf(ctx context.Context, folded string) (string, error) {
	record, err := l.version(ctx, folded, 1, func(r dataflow.Record) error {
		return firstOf(ignoreCase(checkIdentity(dataflowObject, folded, r.Definition.Name)), checkVersion(r, 1))
	})
	return record.Definition.Name, err
}

// DataflowsOf names the dataflows that import through a connector, in the order of their names without regard to case. Left out are removed ones, those
// whose create has failed (no state has them, so nobody could destroy them first), and those whose record can't be read (a damaged record must not hold a
// connector for ever).
func (l *Ledger) DataflowsOf(ctx context.Context, connector string) ([]string, error) {
	names, err := collect(each(ctx, l, dataflowsFolder, "/", func(ctx context.Context, folded string) (string, error) {
		version, err := l.newestVersion(ctx, folded)
		if err != nil {
			return "", err
		}
		record, err := l.version(ctx, folded, version, func(r dataflow.Record) error {
			return firstOf(ignoreCase(checkIdentity(dataflowObject, folded, r.Definition.Name)), checkVersion(r, version))
		})
		if dataflow.IsCode(err, dataflow.CodeCorrupt) || dataflow.IsCode(err, dataflow.CodeNewerFormat) {
			return "", nil
		}
		if err != nil || record.Phase != dataflow.PhaseCreated || dataflow.FoldName(record.Definition.Connector) != dataflow.FoldName(connector) {
			return "", err
		}
		return record.Definition.Name, nil
	}))
	return slices.DeleteFunc(names, func(name string) bool { return name == "" }), err
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
