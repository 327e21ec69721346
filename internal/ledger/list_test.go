package ledger

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestEachConnector_ReadsLittleMoreThanIsTaken(t *testing.T) {
	l, _ := inMemory()
	for i := range 3 * listReads {
		must(t, l.CreateConnector(t.Context(), connectorOf(fmt.Sprintf("App%02d", i)), nil))
	}
	store := &countingStore{Store: l.store}
	l = New(store, Config{})
	for taken, calls := range map[int]int64{1: 1 + listReads, listReads: 1 + listReads, listReads + 1: 1 + 2*listReads, 3 * listReads: 1 + 3*listReads} {
		store.calls.Store(0)
		var names []string
		for c, err := range l.EachConnector(t.Context()) {
			must(t, err)
			if names = append(names, c.Name); len(names) == taken {
				break
			}
		}
		if got := store.calls.Load(); names[taken-1] != fmt.Sprintf("App%02d", taken-1) || got != calls {
			t.Errorf("%d connectors up to %s took %d calls, want %d", taken, names[taken-1], got, calls)
		}
	}
}

func TestReadAhead_GivesWhatComesBeforeAnErrorAndLeavesOutWhatIsNotThere(t *testing.T) {
	broken := &dataflow.Error{Code: dataflow.CodeCorrupt}
	read := func(_ context.Context, n int) (string, error) {
		switch {
		case n == 30:
			return "", broken
		case n%2 == 1:
			return "", &dataflow.Error{Code: dataflow.CodeNotFound}
		}
		return fmt.Sprint(n), nil
	}
	numbers := func(yield func(int, error) bool) {
		for n := range 40 {
			if !yield(n, nil) {
				return
			}
		}
	}
	var got []string
	for s, err := range ReadAhead(t.Context(), numbers, read) {
		if err != nil {
			s = string(dataflow.CodeOf(err))
		}
		got = append(got, s)
	}
	want := []string{"0", "2", "4", "6", "8", "10", "12", "14", "16", "18", "20", "22", "24", "26", "28", string(dataflow.CodeCorrupt)}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
