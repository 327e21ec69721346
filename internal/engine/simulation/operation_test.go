package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

// The operations that a process performs. What the source has changes just before.
// With the suffix -keep-N the definition says retain_runs = N.
var operations = map[string]func(p *process, retain int64) error{
	// Imports: of changed rows, of the same rows, with a new column, without one of the tables, with a table under another name.
	"import": func(p *process, retain int64) error {
		p.w.grow("users")
		p.w.grow("groups")
		return p.imports(definition("users", "groups"), retain)
	},
	"same": func(p *process, retain int64) error { return p.imports(definition("users", "groups"), retain) },
	"wider": func(p *process, retain int64) error {
		p.w.widen("users")
		return p.imports(definition("users", "groups"), retain)
	},
	"without": func(p *process, retain int64) error {
		p.w.grow("users")
		return p.imports(definition("users"), retain)
	},
	"renamed": func(p *process, retain int64) error {
		p.w.grow("users")
		d := definition("users", "groups")
		groups := d.Tables["groups"]
		groups.TableName = "teams"
		d.Tables["groups"] = groups
		return p.imports(d, retain)
	},
	// An import that its guard refuses.
	"guarded": func(p *process, retain int64) error {
		if users := slices.Sorted(maps.Keys(p.w.source.Rows("users"))); len(users) > 0 {
			p.w.source.Delete("users", users[0])
		}
		d := definition("users", "groups")
		d.MaxRemovedPercent = 0
		return p.imports(d, retain)
	},
	// Rollbacks: to the import before the current one, to run 1, to the newest one, and one that pins the dataflow to run 1.
	"back":  func(p *process, retain int64) error { return p.rollsBack(nil, nil, retain) },
	"to-1":  func(p *process, retain int64) error { return p.rollsBack(new(int64(1)), nil, retain) },
	"pin-1": func(p *process, retain int64) error { return p.rollsBack(new(int64(1)), new(int64(1)), retain) },
	"forward": func(p *process, retain int64) error {
		newest, err := p.Newest(p.ctx, flow)
		if err != nil {
			return err
		}
		return p.rollsBack(&newest.Run, nil, retain)
	},
	"remove": func(p *process, _ int64) error {
		_, err := p.Remove(p.ctx, p.order())
		return err
	},
	// A removal, and the dataflow made again.
	"again": func(p *process, retain int64) error {
		if _, err := p.Remove(p.ctx, p.order()); err != nil {
			return err
		}
		return p.makes(retain)
	},
	// What a person does to have the dataflow there, whatever was before.
	"make": func(p *process, retain int64) error {
		if _, err := p.Settle(p.ctx, flow); err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return err
		}
		return p.makes(retain)
	},
}

// perform does one operation.
func (p *process) perform(op string) error {
	name, suffix, _ := strings.Cut(op, "-keep-")
	retain := int64(dataflow.DefaultRetainRuns)
	if suffix != "" {
		n, err := strconv.ParseInt(suffix, 10, 64)
		if err != nil {
			return err
		}
		retain = n
	}
	operation, ok := operations[name]
	if !ok {
		return fmt.Errorf("there is no operation %q", op)
	}
	return operation(p, retain)
}

// order asks for a run of the dataflow as the ledger has it now: that is what it is planned for.
func (p *process) order() engine.Order {
	record, err := p.w.ledger().Dataflow(p.ctx, flow)
	if err != nil { // there is none: the engine will say so
		record.Definition.Name = flow
	}
	return engine.Order{UID: record.UID, Definition: record.Definition, Trigger: dataflow.TriggerDefinition}
}

func (p *process) imports(d dataflow.Definition, retain int64) error {
	order := p.order()
	d.RetainRuns = retain
	order.Definition = d
	_, err := p.Import(p.ctx, order)
	return err
}

func (p *process) rollsBack(to, pinned *int64, retain int64) error {
	order := p.order()
	order.Target, order.Definition.PinnedRun, order.Definition.RetainRuns = to, pinned, retain
	_, err := p.Rollback(p.ctx, order)
	return err
}

// makes imports both tables, and declares the dataflow before if there is none.
func (p *process) makes(retain int64) error {
	d := definition("users", "groups")
	d.RetainRuns = retain
	record, err := p.w.ledger().Dataflow(p.ctx, flow)
	if dataflow.IsCode(err, dataflow.CodeNotFound) || err == nil && record.Phase == dataflow.PhaseRemoved {
		p.making = true
		record, err = p.Declare(p.ctx, d)
		p.making = false
	}
	if err != nil {
		return err
	}
	p.w.grow("users")
	p.w.grow("groups")
	_, err = p.Import(p.ctx, engine.Order{UID: record.UID, Definition: d, Trigger: dataflow.TriggerCreate})
	return err
}
