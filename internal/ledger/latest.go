package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// hint says which run was the newest when somebody last finished one. It only saves a listing:
// nobody's decision rests on it, and one that lags, is wrong or cannot be read costs a few reads more.
type hint struct {
	Dataflow string `json:"dataflow"`
	Run      int64  `json:"run"`
}

func checkHint(h hint) error {
	if h.Run < 1 {
		return fmt.Errorf("%d is not the number of a run", h.Run)
	}
	return nil
}

// Latest gives the number of the newest run that was started, 0 when there is none.
func (l *Ledger) Latest(ctx context.Context, name string) (int64, error) {
	newest, err := l.hinted(ctx, name)
	if err != nil {
		return 0, err
	}
	if newest == 0 {
		if newest, err = l.listed(ctx, name); err != nil {
			return 0, err
		}
	}
	for {
		started, err := l.isStarted(ctx, name, newest+1)
		if err != nil {
			return 0, err
		}
		if !started {
			return newest, nil
		}
		newest++
	}
}

// hinted gives the run that the hint names, 0 when the hint is of no use.
func (l *Ledger) hinted(ctx context.Context, name string) (int64, error) {
	p, err := latestPlace(name)
	if err != nil {
		return 0, err
	}
	h, err := get(ctx, l, p, checkHint)
	switch dataflow.CodeOf(err) {
	case "":
	case dataflow.CodeNotFound, dataflow.CodeCorrupt, dataflow.CodeNewerFormat:
		return 0, nil
	default:
		return 0, err
	}
	started, err := l.isStarted(ctx, name, h.Run)
	if err != nil || !started {
		return 0, err
	}
	return h.Run, nil
}

// listed finds the newest run by listing them all.
func (l *Ledger) listed(ctx context.Context, name string) (int64, error) {
	folder, err := runsFolder(name)
	if err != nil {
		return 0, err
	}
	names, err := l.store.List(ctx, folder)
	if err != nil {
		return 0, err
	}
	var numbers []int64
	for _, listed := range names {
		if number, ok := parseNumbered(listed, "/"); ok {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	for _, number := range slices.Backward(numbers) {
		started, err := l.isStarted(ctx, name, number)
		if err != nil {
			return 0, err
		}
		if started {
			return number, nil
		}
		// A process that is killed while it starts a run leaves a folder with nothing in it. Records without the one
		// that comes before them all are something else.
		records, err := l.store.List(ctx, folder+"/"+numbered(number))
		if err != nil {
			return 0, err
		}
		if len(records) > 0 {
			return 0, l.errGap(name, number)
		}
	}
	return 0, nil
}

func (l *Ledger) isStarted(ctx context.Context, name string, run int64) (bool, error) {
	_, err := l.Started(ctx, name, run)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return false, nil
	}
	return err == nil, err
}

// moveHint never moves the hint back, except when two processes race, which is harmless.
func (l *Ledger) moveHint(ctx context.Context, name string, run int64) error {
	p, err := latestPlace(name)
	if err != nil {
		return err
	}
	if there, err := get(ctx, l, p, checkHint); err == nil && there.Run >= run {
		return nil
	}
	return replace(ctx, l, p, hint{Dataflow: name, Run: run}, checkHint)
}
