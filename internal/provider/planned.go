package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// The kinds of names.
const (
	kindConnector = "connector"
	kindDataflow  = "dataflow"
)

// planned collects names, databases and pins over all objects of a plan. Terraform plans each object alone; with this, two objects of one
// configuration that contradict each other are found before the apply. Its methods may be called concurrently.
type planned struct {
	mu        sync.Mutex
	names     map[objectName]string        // that it gives
	created   map[objectName]tftypes.Value // the configuration of what it makes
	recased   map[objectName]bool          // connectors that it replaces by one of another case
	databases map[string]string            // that it gives: the dataflow
	released  map[string]bool              // databases of dataflows that it destroys
	pins      map[string]bool              // by folded name, of dataflows that it changes: whether it leaves them pinned
}

// objectName is a name that is unique in a workspace.
type objectName struct{ kind, folded string }

func newPlanned() *planned {
	return &planned{
		names: map[objectName]string{}, created: map[objectName]tftypes.Value{}, recased: map[objectName]bool{},
		databases: map[string]string{}, released: map[string]bool{}, pins: map[string]bool{},
	}
}

// claimName notes the name that the plan gives to an object, and refuses a name that the configuration gives twice, or in another case too. before is the
// object's name until now; null: it is new. It gives false when the name changes in its case alone: then a record of that name in the workspace is the
// object's own.
//
// A connector may change the case of its own name: Terraform plans that twice, the second time as if there were
// no connector yet, so the first time is remembered. A dataflow may not: its history stays under the name it has.
func (p *planned) claimName(kind, name string, before types.String, config tftypes.Value) (another bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := objectName{kind, dataflow.FoldName(name)}
	other, taken := p.names[key]
	p.names[key] = name
	var twice bool
	if before.IsNull() {
		var made tftypes.Value
		made, twice = p.created[key]
		twice = twice && !mayBeOne(made, config) // `terraform test` plans a block a second time to apply it, with the same provider
		p.created[key] = config
	}
	if kind == kindConnector && dataflow.FoldName(before.ValueString()) == key.folded {
		p.recased[key] = true
	}
	if taken && other != name {
		return false, &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("%s %q", kind, name),
			Cause: fmt.Errorf("the name differs only in case from %q, which this configuration has too", other),
			Hint:  "Names are unique without regard to case: choose another one.",
		}
	}
	if twice {
		return false, &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("%s %q", kind, name), Cause: errors.New("two blocks of this configuration make it"),
			Hint: "Give each a name of its own: names are unique in the workspace.",
		}
	}
	return !p.recased[key], nil
}

// isClaimed says whether the plan makes an object of the name.
func (p *planned) isClaimed(kind, name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, claimed := p.names[objectName{kind, dataflow.FoldName(name)}]
	return claimed
}

// claimDatabase notes the database that a dataflow is given, and refuses one that another dataflow of the plan is given too.
func (p *planned) claimDatabase(dataflowName, database string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	owner, taken := p.databases[database]
	if !taken {
		p.databases[database] = dataflowName
	}
	if taken && owner != dataflowName {
		return &dataflow.Error{
			Code: dataflow.CodeForeign, Cause: fmt.Errorf("this configuration gives database %s to dataflow %q too", database, owner),
			Hint: "A database belongs to one dataflow: choose another one.",
		}
	}
	return nil
}

// releaseDatabase notes that the plan destroys the dataflow whose database it is.
func (p *planned) releaseDatabase(database string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.released[database] = true
}

func (p *planned) isReleased(database string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.released[database]
}

// setPin notes whether the plan leaves a dataflow pinned.
func (p *planned) setPin(dataflowName string, pinned bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pins[dataflow.FoldName(dataflowName)] = pinned
}

// pin says what setPin was told of a dataflow, and whether the plan has it.
func (p *planned) pin(dataflowName string) (pinned, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pinned, known = p.pins[dataflow.FoldName(dataflowName)]
	return pinned, known
}

// claimName finds a name that two blocks of one configuration give, or that differs only in case from another one: from a record of the workspace,
// or from another resource of the same plan.
func (s *services) claimName(ctx context.Context, kind string, name, before types.String, config tftypes.Value) error {
	if name.IsUnknown() || s.unknown || name.Equal(before) {
		return nil
	}
	another, err := s.planned.claimName(kind, name.ValueString(), before, config)
	if err != nil || !another {
		return err
	}
	l, err := s.ledger(ctx)
	if err != nil {
		return err
	}
	if kind == kindConnector {
		_, err = l.Connector(ctx, name.ValueString())
	} else {
		_, err = l.Dataflow(ctx, name.ValueString())
	}
	if dataflow.IsCode(err, dataflow.CodeInvalid) {
		return err
	}
	return nil // whatever else is wrong with the record, apply says so
}
