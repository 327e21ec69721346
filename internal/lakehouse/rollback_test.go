package lakehouse

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// back makes the ticket of a rollback.
func (p *place) back(run, target int64) (dataflow.TableChange, error) {
	return p.Ticket(p.t.Context(), dataflow.TicketRequest{
		Dataflow: "Customers", Run: run, Key: "users", FileName: "Users", ID: usersID, Change: dataflow.ChangePublish, Target: target,
	})
}

func TestRollback_ToARunThatTheTableHasNotKeptIsNotFound(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	refs := p.refs()
	_, err := p.back(2, 7)
	if !dataflow.IsCode(err, dataflow.CodeNotFound) || err.Error() != "table customers.users: roll back: run 7 is not kept" {
		t.Errorf("error is %v", err)
	}
	if diff := cmp.Diff(refs, p.refs()); diff != "" {
		t.Errorf("refs changed (-before +after):\n%s", diff)
	}
}
