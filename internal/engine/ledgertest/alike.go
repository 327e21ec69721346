package ledgertest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// call is one call of a ledger: what it is, in words, and what it gives.
type call struct {
	words string
	name  string
	of    int64 // writes a record of this run, which must have been started; 0: any call
	do    func(ctx context.Context, l dataflow.Ledger) (any, error)
}

// given makes a call's result one that can be compared whatever its type.
func given[T any](record T, err error) (any, error) { return record, err }

// Alike plays random sequences of calls on two kinds of ledgers and says where they differ: in what a call gives, or in the code of its error.
// As the protocol has it, a run gets its other records after the one that starts it.
func Alike(t *testing.T, open, openOther func(t testing.TB) Workspace) {
	rapid.Check(t, func(rt *rapid.T) {
		one, other := open(t)(), openOther(t)()
		var played []string
		for range rapid.IntRange(1, 30).Draw(rt, "calls") {
			c := drawCall(rt)
			if c.of > 0 {
				if _, err := one.Started(t.Context(), c.name, c.of); dataflow.IsCode(err, dataflow.CodeNotFound) {
					continue
				}
			}
			played = append(played, c.words)
			got, err := c.do(t.Context(), one)
			want, otherErr := c.do(t.Context(), other)
			if dataflow.CodeOf(err) != dataflow.CodeOf(otherErr) || (err == nil) != (otherErr == nil) {
				rt.Fatalf("after %q: one gives %v, the other %v", played, err, otherErr)
			}
			if diff := cmp.Diff(want, got); err == nil && diff != "" {
				rt.Fatalf("after %q they give something else:\n%s", played, diff)
			}
		}
	})
}

// drawCall draws what comes next. Most calls are about one dataflow and its first runs, so that they meet.
func drawCall(rt *rapid.T) call {
	name := rapid.SampledFrom([]string{"Customers", "Customers", "Customers", "Customers", "customers", "Orders", "a/b"}).Draw(rt, "name")
	run := rapid.Int64Range(0, 3).Draw(rt, "run")
	who := rapid.SampledFrom([]string{"me", "me", "you", ""}).Draw(rt, "who")
	bad := rapid.IntRange(0, 9).Draw(rt, "bad") == 0
	c := call{name: name}
	c.words = rapid.SampledFrom([]string{"put", "start", "beat", "decide", "finish", "finish", "dataflow", "latest", "started", "heartbeat", "decision", "finished"}).Draw(rt, "op")
	switch c.words {
	case "put":
		r := record(name, run)
		if bad {
			r.Phase = "later"
		}
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return nil, l.PutDataflow(ctx, r) }
	case "start":
		s := started(name, run, who)
		if bad {
			s.Kind = "later"
		}
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return nil, l.Start(ctx, s) }
	case "beat":
		c.of, c.do = run, func(ctx context.Context, l dataflow.Ledger) (any, error) {
			return nil, l.Beat(ctx, name, run, beat(who, run))
		}
	case "decide":
		d := decision(name, run, who)
		if bad {
			d.Outcome = "later"
		}
		c.of, c.do = run, func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Decide(ctx, d)) }
	case "finish":
		f := finished(name, run, who)
		if bad {
			f.Status = dataflow.StatusProcessing
		}
		c.of, c.do = run, func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Finish(ctx, f)) }
	case "dataflow":
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Dataflow(ctx, name)) }
	case "latest":
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Latest(ctx, name)) }
	case "started":
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Started(ctx, name, run)) }
	case "heartbeat":
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Heartbeat(ctx, name, run)) }
	case "decision":
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Decision(ctx, name, run)) }
	default:
		c.do = func(ctx context.Context, l dataflow.Ledger) (any, error) { return given(l.Finished(ctx, name, run)) }
	}
	return c
}
