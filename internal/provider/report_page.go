package provider

import (
	"context"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/reportpage"
)

// noteRun brings a run that is about to be finished to the workspace's page.
func (s *services) noteRun(ctx context.Context, run dataflow.Run) error {
	l, err := s.ledger(ctx)
	if err != nil {
		return err
	}
	record, err := l.Dataflow(ctx, run.Dataflow)
	if err != nil {
		return err
	}
	keeper := reportpage.NewKeeper(l.Store())
	if record.Phase == dataflow.PhaseRemoved {
		return keeper.Forget(ctx, run.Dataflow)
	}
	lake, err := s.lakehouse(ctx)
	if err != nil {
		return err
	}
	var tables []reportpage.Described
	for _, table := range run.Standing.Tables {
		described := reportpage.Described{Table: table}
		if t, err := lake.Describe(ctx, table.TableID); err == nil { // else it is gone, or can't be read: the run and the next refresh say so
			described.Profile = t.Profile
			for _, c := range t.Columns {
				described.Columns = append(described.Columns, reportpage.DescribedColumn{Name: c.Name, Type: string(c.Type), Source: c.Source})
			}
		}
		tables = append(tables, described)
	}
	return keeper.Note(ctx, record, run, tables)
}

// forgetDataflow takes a dataflow off the page that was removed without a run.
func (s *services) forgetDataflow(ctx context.Context, name string) error {
	if s.noReport {
		return nil
	}
	l, err := s.ledger(ctx)
	if err != nil {
		return err
	}
	return reportpage.NewKeeper(l.Store()).Forget(ctx, name)
}
