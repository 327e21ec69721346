package lakehouse

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestStage_RefusesARunThatTheTableHasSeen(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.load(2, user("a", "a@y", 2))
	before := p.describe()
	const hint = " Restore the dataflow's folder from a copy of the workspace. Without a copy give the dataflow another database: its tables are made anew there."

	for _, run := range []int64{1, 2} { // as after the loss of run 2's record, and of both
		_, err := p.tryStage(stageRequest(run, usersSchema()), user("a", "a@z", 3))
		want := "table customers.users: it has run 2 already, and the workspace has lost the record of that." + hint
		if err == nil || err.Error() != want || !dataflow.IsCode(err, dataflow.CodeCorrupt) {
			t.Errorf("stage run %d: %v, want %s", run, err, want)
		}
	}
	_, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, ID: usersID, Change: dataflow.ChangePublish, Target: 1})
	if !dataflow.IsCode(err, dataflow.CodeCorrupt) {
		t.Errorf("a rollback got a ticket: %v", err)
	}
	if diff := cmp.Diff(before, p.describe()); diff != "" {
		t.Errorf("the table changed (-before +after):\n%s", diff)
	}

	ticket, err := p.Ticket(t.Context(), dataflow.TicketRequest{Dataflow: "Customers", Run: 2, ID: usersID, Change: dataflow.ChangeDrop})
	if err != nil {
		t.Fatal(err)
	}
	p.publishChange(2, ticket)
	if databases, err := p.Databases(t.Context()); err != nil || len(databases) > 0 {
		t.Errorf("after the drop: %v, %v", databases, err)
	}
}
