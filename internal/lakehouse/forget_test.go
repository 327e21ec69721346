package lakehouse

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestForgetRuns_LeavesTheRowsAndLetsTheirNumbersBeGivenAgain(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@y", 2))
	lost := func(context.Context) error { return nil }
	before := p.describe()

	if err := p.ForgetRuns(t.Context(), "Customers", usersID, func(context.Context) error { return errors.New("run 2 has begun") }); err == nil {
		t.Error("runs were forgotten that are not lost")
	}
	if err := p.ForgetRuns(t.Context(), "Orders", usersID, lost); !dataflow.IsCode(err, dataflow.CodeForeign) {
		t.Errorf("somebody else's runs were forgotten: %v", err)
	}
	if diff := cmp.Diff(before, p.describe()); diff != "" {
		t.Fatalf("the table changed (-before +after):\n%s", diff)
	}

	if err := p.ForgetRuns(t.Context(), "Customers", usersID, lost); err != nil {
		t.Fatal(err)
	}
	if runs := p.describe().Runs; len(runs) > 0 {
		t.Errorf("the table still has %v", runs)
	}
	p.wantRows(RowsRequest{}, user("a", "a@y", 2))
	if counts := p.load(1, user("a", "a@y", 2), user("b", "b@x", 1)).Counts; counts != (dataflow.Counts{Read: 2, Added: 1, Unchanged: 1}) {
		t.Errorf("the first run of a new history counted %+v", counts)
	}
	p.wantRows(RowsRequest{}, user("a", "a@y", 2), user("b", "b@x", 1))
}

func TestForgetRuns_ByAProcessThatSleptIsRefused(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	asked := 0
	publish := func() { p.load(2, user("a", "a@y", 2)) }
	err := p.ForgetRuns(t.Context(), "Customers", usersID, func(context.Context) error {
		if asked++; asked > 1 {
			return errors.New("run 2 has begun")
		}
		publish() // while it slept, after it was told that nobody runs the dataflow
		return nil
	})
	if err == nil || asked != 2 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
	if runs := p.describe().Runs; len(runs) != 2 {
		t.Errorf("the table has %v", runs)
	}
	p.wantRows(RowsRequest{}, user("a", "a@y", 2))
}
