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

func TestRollback_TakesRowsAndSchemaBackAndForthAndWritesNoDataFile(t *testing.T) {
	p := newPlace(t)
	first := p.load(1, user("a", "a@x", 1), user("b", "b@x", 1))
	columns := p.columns()
	wider := usersSchema()
	wider.Columns = append(wider.Columns, dataflow.Column{Name: "plan", Type: dataflow.String})
	second := p.loadAs(2, wider, append(user("a", "a@x", 2), "pro"))
	files, widerColumns := p.dataFiles(), p.columns()

	change, err := p.back(3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !same(change.Before, second.After) || !same(change.After, first.After) || !same(change.Ticket, first.After) ||
		change.RowsBefore != 1 || change.Counts != (dataflow.Counts{Read: 2}) {
		t.Errorf("change is %+v", change)
	}
	p.wantRows(RowsRequest{Columns: []string{"sub"}}, dataflow.Row{"a"}) // not yet
	p.publishChange(3, change)
	p.wantRows(RowsRequest{}, user("a", "a@x", 1), user("b", "b@x", 1))
	if diff := cmp.Diff(columns, p.columns()); diff != "" {
		t.Errorf("columns differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"main": *first.After, "run_1": *first.After, "run_2": *second.After, "run_3": *first.After}, p.refs()); diff != "" {
		t.Errorf("refs differ (-want +got):\n%s", diff)
	}

	forward, err := p.back(4, 2)
	if err != nil {
		t.Fatal(err)
	}
	p.publishChange(4, forward)
	p.publishChange(3, change) // late
	p.wantRows(RowsRequest{}, append(user("a", "a@x", 2), "pro"))
	if diff := cmp.Diff(widerColumns, p.columns()); diff != "" {
		t.Errorf("columns differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(files, p.dataFiles()); diff != "" {
		t.Errorf("data files differ (-want +got):\n%s", diff)
	}
	third := p.loadAs(5, wider, append(user("a", "a@x", 2), "pro"))
	if third.Change != dataflow.ChangeKeep {
		t.Errorf("an import of what the rollback brought is %+v", third)
	}
}

func TestRollback_BringsAHiddenTableBack(t *testing.T) {
	p := newPlace(t)
	p.load(1, user("a", "a@x", 1))
	p.publishChange(2, p.ticket(2, dataflow.ChangeHide))
	change, err := p.back(3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if change.Before != nil || change.RowsBefore != 0 || change.Counts.Read != 1 {
		t.Errorf("change is %+v", change)
	}
	p.publishChange(3, change)
	p.wantRows(RowsRequest{}, user("a", "a@x", 1))
	if p.describe().Hidden {
		t.Error("the table is still hidden")
	}
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
