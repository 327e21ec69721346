package checkpoint_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/checkpoint"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// What the engine is simulated on gives what the files give: random checkpoints, each played on both.
func TestStore_IsAsTheOneThatTheEngineIsSimulatedOn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sides := [2]dataflow.Checkpoints{checkpoint.New(t.TempDir()), enginetest.NewCheckpoints(enginetest.NewCheckpointFolder(), nil)}
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			call := drawCall(rt)
			if diff := cmp.Diff(call(rt, sides[0]), call(rt, sides[1])); diff != "" {
				rt.Fatalf("they give something else (-files +memory):\n%s", diff)
			}
		}
	})
}

// drawCall draws what is done next with checkpoints; the call gives what came of it.
func drawCall(rt *rapid.T) func(*rapid.T, dataflow.Checkpoints) any {
	what := dataflow.Checkpoint{
		Dataflow: "Customers", UID: rapid.SampledFrom([]string{"one", "one", "one", "two"}).Draw(rt, "uid"),
		Run: rapid.Int64Range(1, 3).Draw(rt, "run"), Key: rapid.SampledFrom([]string{"users", "groups"}).Draw(rt, "key"),
		Schema: dataflow.Schema{Key: []string{"id"}, Columns: []dataflow.Column{{Name: "id", Type: dataflow.String, Required: true}, {Name: "n", Type: dataflow.Long}}},
	}
	ctx := rt.Context()
	switch rapid.SampledFrom([]string{"record", "record", "read", "read", "kept", "forget"}).Draw(rt, "call") {
	case "record":
		rows := rapid.IntRange(0, 3).Draw(rt, "rows")
		unfinished := rapid.Bool().Draw(rt, "killed before the second part is read to its end")
		return func(rt *rapid.T, p dataflow.Checkpoints) any {
			if kept, err := p.Resumable(ctx, what.Dataflow, what.Run); err != nil || len(kept) > 0 {
				return err // a run reads a table once
			}
			recorder, err := p.Write(what)
			if err != nil {
				rt.Fatal(err)
			}
			for i, name := range []string{"a", "b"} {
				part := recorder.Part(name)
				for n := range rows {
					part.Put(dataflow.Row{fmt.Sprint(name, n), int64(n)})
				}
				if i == 0 || !unfinished {
					part.Done(int64(rows), time.Date(2026, 1, 1, 12, int(what.Run), i, 0, time.UTC))
				}
			}
			return recorder.Close()
		}
	case "read":
		return func(rt *rapid.T, p dataflow.Checkpoints) any {
			kept, err := p.DoneParts(ctx, what)
			if err != nil {
				rt.Fatal(err)
			}
			var names []string
			for _, part := range kept {
				names = append(names, part.Name)
			}
			var rows []dataflow.Row
			if err := p.ReadRows(ctx, what, names, func(row dataflow.Row) error { rows = append(rows, row); return nil }); err != nil {
				rt.Fatal(err)
			}
			return []any{kept, rows}
		}
	case "kept":
		return func(rt *rapid.T, p dataflow.Checkpoints) any {
			kept, err := p.Resumable(ctx, what.Dataflow, what.Run)
			if err != nil {
				rt.Fatal(err)
			}
			return kept
		}
	default:
		key := rapid.SampledFrom([]string{"", "users", "groups"}).Draw(rt, "of")
		return func(_ *rapid.T, p dataflow.Checkpoints) any { return p.Forget(ctx, what.Dataflow, what.Run, key) }
	}
}
