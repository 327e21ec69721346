package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

func TestImport_TellsEveryFewSecondsHowFarAScanIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Schema: columns("name"), Estimate: 2_048})
		for _, user := range manyUsers(1_024) {
			w.source.Put("users", user)
		}
		w.source.Before(func(_ context.Context, at enginetest.Point) error {
			if at.Call == "Scan" && at.Row > 0 && at.Row%128 == 0 {
				<-time.After(2 * time.Second) // 64 rows a second
			}
			return nil
		})
		p := w.process("first")
		p.completes(p.declare(definition("users")))
		var told []dataflow.Event
		for _, e := range p.events {
			if e.RowsPerSecond > 0 {
				told = append(told, e)
			}
		}
		event := func(rows int64, rate float64, remaining time.Duration) dataflow.Event {
			return dataflow.Event{Dataflow: "Customers", Run: 1, Table: "users", Step: "staging", Rows: rows, RowsPerSecond: rate, Remaining: remaining}
		}
		want(t, "reports", []dataflow.Event{
			event(512, 512.0/6, 18*time.Second), event(896, 896.0/12, 15*time.Second),
		}, told)
	})
}
