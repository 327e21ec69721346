package engine_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

var errOutage = errors.New("the source is down")

// longImport is a world whose users are read in three parts, a minute a row, and whose source fails where it is told to.
type longImport struct {
	*world
	now    atomic.Int64 // minutes
	failAt atomic.Int64 // the row before which a scan of users fails; negative: none
	read   atomic.Int64 // rows of users that the source gave
}

func newLongImport(t *testing.T) *longImport {
	t.Helper()
	l := &longImport{world: newWorld(t)}
	l.users("a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2")
	l.source.Before(func(_ context.Context, p enginetest.Point) error {
		if p.Call != "Scan" || p.Key != "users" || p.Row == 0 {
			return nil
		}
		l.now.Add(1)
		l.read.Add(1)
		if int64(p.Row) == l.failAt.Load() {
			return errOutage
		}
		return nil
	})
	return l
}

// users gives the source these users and no others.
func (l *longImport) users(ids ...string) {
	l.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Origin: "pool 1", Schema: columns("name")})
	for _, id := range ids {
		l.source.Put("users", row(id, "user "+id))
	}
	l.source.ReadInParts("users")
}

func (l *longImport) clock() time.Time {
	return time.Date(2026, 1, 2, 0, int(l.now.Load()), 0, 0, time.UTC)
}

// run imports, and says how many users were read and what the table has then.
func (l *longImport) run(p *process, order engine.Order, failAt int64) (run dataflow.Run, read int64) {
	l.t.Helper()
	l.failAt.Store(failAt)
	before := l.read.Load()
	run, err := p.Import(l.t.Context(), order)
	if failAt >= 0 != (err != nil) {
		l.t.Fatalf("run %d: %v", run.Run, err)
	}
	return run, l.read.Load() - before
}

func (l *longImport) has(ids ...string) {
	l.t.Helper()
	want(l.t, "users", ids, slices.Sorted(maps.Keys(l.rows(usersID))))
}

func TestImport_GoesOnWhereAFailedOneEnded(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	order := p.declare(definition("users"))

	failed, read := l.run(p, order, 8) // in the last part
	want(t, "users read by run 1", 8, read)
	want(t, "kept", []dataflow.Resumable{{Key: "users", Parts: 2, Rows: 7, Until: l.clock().Add(-time.Minute)}}, failed.Resumable)
	if !strings.Contains(failed.Description, "2 parts of table users (7 rows) stay on this machine for 24 hours: the next import goes on from there.") {
		t.Errorf("run 1: %s", failed.Description)
	}

	resumed, read := l.run(p, order, -1)
	want(t, "users read by run 2", 2, read)
	l.has("a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2")
	want(t, "counts", dataflow.Counts{Read: 9, Added: 9}, resumed.Tables[0].Counts)
	want(t, "resumed", []dataflow.Resumed{{Run: 1, Parts: 2, Rows: 7, Since: time.Date(2026, 1, 2, 0, 3, 0, 0, time.UTC), Began: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}}, resumed.Tables[0].Resumed)
	if !strings.Contains(resumed.Description, "users 9 rows (9 added, 7 read by run 1 at 2026-01-02T00:03:00Z)") {
		t.Errorf("run 2: %s", resumed.Description)
	}
	began := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) // run 1
	want(t, "data of users as of", &began, resumed.Tables[0].DataAsOf)
	want(t, "data as of", &began, resumed.Standing.DataAsOf)
	again, _ := l.run(p, order, -1)
	want(t, "data as of, when all was read again", &again.StartedAt, again.Standing.DataAsOf)
}

func TestImport_ThatResumesNothingKeepsNothing(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	d := definition("users")
	d.ResumeWithin = "0s"
	order := p.declare(d)
	failed, _ := l.run(p, order, 8)
	want(t, "kept", nil, failed.Resumable)
	run, read := l.run(p, order, -1)
	want(t, "users read by run 2", 9, read)
	want(t, "data as of", &run.StartedAt, run.Standing.DataAsOf)
}

func TestImport_ReadsAgainWhatIsOlderThanItMayBe(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	d := definition("users")
	d.ResumeWithin = "3m" // a row takes a minute, and what takes less than five is not kept
	order := p.declare(d)
	failed, _ := l.run(p, order, 8)
	if !strings.Contains(failed.Description, "stay on this machine for 3m0s: the next import goes on from there.") {
		t.Errorf("run 1: %s", failed.Description)
	}
	run, read := l.run(p, order, -1)
	want(t, "users read by run 2", 5, read) // part a, of three, is too old; part b is not
	want(t, "resumed", []dataflow.Resumed{{Run: 1, Parts: 1, Rows: 4, Since: time.Date(2026, 1, 2, 0, 7, 0, 0, time.UTC), Began: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}}, run.Tables[0].Resumed)
}

func TestImport_OfATableWithoutDataKeepsNoRowForTheNext(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	d := definition("users")
	d.Tables["users"] = dataflow.TableDefinition{Purpose: dataflow.PurposePrivacyMetadata, Metadata: true, TableName: "users"}
	order := p.declare(d)

	failed, read := l.run(p, order, 8)
	want(t, "users read by run 1", 8, read)
	want(t, "kept", nil, failed.Resumable)
	run, read := l.run(p, order, -1)
	want(t, "users read by run 2", 9, read)
	want(t, "counts", dataflow.Counts{Read: 9}, run.Tables[0].Counts)
	want(t, "resumed", nil, run.Tables[0].Resumed)
}

func TestImport_GoesOnWhereSeveralFailedOnesEnded(t *testing.T) {
	l := newLongImport(t)
	l.users("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5", "b6", "c1")
	p := l.processWithClock("p1", l.clock)
	order := p.declare(definition("users"))
	_, read := l.run(p, order, 6)
	want(t, "users read by run 1", 6, read)
	_, read = l.run(p, order, 7) // the six of b, and one of c
	want(t, "users read by run 2", 7, read)
	run, read := l.run(p, order, -1)
	want(t, "users read by run 3", 1, read)
	want(t, "resumed", []dataflow.Resumed{
		{Run: 2, Parts: 1, Rows: 6, Since: time.Date(2026, 1, 2, 0, 12, 0, 0, time.UTC), Began: time.Date(2026, 1, 2, 0, 6, 0, 0, time.UTC)},
		{Run: 1, Parts: 1, Rows: 5, Since: time.Date(2026, 1, 2, 0, 5, 0, 0, time.UTC), Began: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
	}, run.Tables[0].Resumed)
	l.has("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5", "b6", "c1")
}

func TestImport_BeginsAnewWhereWhatAFailedOneReadIsOfNoUse(t *testing.T) {
	for name, c := range map[string]struct {
		failAt    int64 // of run 1
		meanwhile func(l *longImport, p *process, order *engine.Order)
	}{
		"it had read for less than five minutes": {failAt: 4},
		"it is a day old":                        {8, func(l *longImport, _ *process, _ *engine.Order) { l.now.Add(24 * 60) }},
		"another import was completed since": {8, func(l *longImport, p *process, order *engine.Order) {
			l.run(p, *order, -1)
		}},
		"the source is another one": {8, func(l *longImport, _ *process, _ *engine.Order) {
			l.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Origin: "pool 2", Schema: columns("name")})
			for _, id := range []string{"a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2"} {
				l.source.Put("users", row(id, "user "+id))
			}
			l.source.ReadInParts("users")
		}},
		"the source has another column": {8, func(l *longImport, _ *process, _ *engine.Order) {
			l.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Origin: "pool 1", Schema: columns("name", "email")})
			for _, id := range []string{"a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2"} {
				l.source.Put("users", row(id, "user "+id, nil))
			}
			l.source.ReadInParts("users")
		}},
		"it is on another machine": {8, func(l *longImport, _ *process, order *engine.Order) {
			if err := l.checkpoints.Forget(l.t.Context(), order.Definition.Name, 1, ""); err != nil {
				l.t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLongImport(t)
			p := l.processWithClock("p1", l.clock)
			order := p.declare(definition("users"))
			l.run(p, order, c.failAt)
			if c.meanwhile != nil {
				c.meanwhile(l, p, &order)
			}
			run, read := l.run(p, order, -1)
			want(t, "users read", 9, read)
			want(t, "resumed", 0, len(run.Tables[0].Resumed))
			l.has("a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2")
		})
	}
}

func TestImport_ThatTheGuardRefusedIsBegunAnew(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	order := p.declare(definition("users"))
	l.run(p, order, -1)
	l.users("a1", "a2", "a3", "b4") // somebody deletes most users, and it was a mistake
	l.now.Add(60)
	run, err := p.Import(t.Context(), order)
	want(t, "code", dataflow.CodeGuard, dataflow.CodeOf(err))
	want(t, "kept", 0, len(run.Resumable))
	l.users("a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2")
	_, read := l.run(p, order, -1)
	want(t, "users read", 9, read)
	l.has("a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2")
}

func TestImport_GoesOnWhereOneEndedWhoseProcessWasKilled(t *testing.T) {
	l := newLongImport(t)
	killed := l.processWithClock("p1", l.clock)
	order := killed.declare(definition("users"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reached, gone := make(chan struct{}), make(chan struct{})
	l.source.Before(func(ctx context.Context, p enginetest.Point) error {
		if p.Call == "Scan" && p.Row > 0 {
			l.read.Add(1)
			if l.now.Add(1) == 8 {
				close(reached)
				<-gone // it never comes back before the test is over
				return ctx.Err()
			}
		}
		return nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = killed.Import(ctx, order)
	}()
	<-reached
	l.looks("p1", dataflow.LivenessDead)
	last := l.processWithClock("p2", l.clock)
	run, read := l.run(last, order, -1)
	want(t, "users read", 2, read)
	want(t, "resumed", []dataflow.Resumed{{Run: 1, Parts: 2, Rows: 7, Since: time.Date(2026, 1, 2, 0, 3, 0, 0, time.UTC), Began: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}}, run.Tables[0].Resumed)
	l.has("a1", "a2", "a3", "b1", "b2", "b3", "b4", "c1", "c2")
	failed, err := l.ledger().Finished(t.Context(), order.Definition.Name, 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "kept", []dataflow.Resumable{{Key: "users", Parts: 2, Rows: 7, Until: time.Date(2026, 1, 2, 0, 7, 0, 0, time.UTC)}}, failed.Resumable)
	close(gone)
	cancel()
	<-done
}

func TestImport_ThatIsCompletedKeepsNothing(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	order := p.declare(definition("users"))
	l.run(p, order, -1)
	kept, err := l.checkpoints.Resumable(t.Context(), order.Definition.Name, 1)
	want(t, "kept", 0, len(kept))
	if err != nil {
		t.Error(err)
	}
}

func TestForget_LeavesNothingOfWhatAFailedImportHasRead(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	order := p.declare(definition("users"))
	l.run(p, order, 8)
	if err := p.Forget(t.Context(), order.UID, order.Definition.Name); err != nil {
		t.Fatal(err)
	}
	kept, err := l.checkpoints.Resumable(t.Context(), order.Definition.Name, 1)
	want(t, "kept", 0, len(kept))
	if err != nil {
		t.Error(err)
	}
}

func TestImport_InterruptedWhileItResumesLosesNothingOfWhatWasRead(t *testing.T) {
	l := newLongImport(t)
	p := l.processWithClock("p1", l.clock)
	order := p.declare(definition("users"))
	l.run(p, order, 8)
	ctx, cancel := context.WithCancel(t.Context())
	l.onRead = cancel
	if _, err := l.processWithClock("p2", l.clock).Import(ctx, order); err == nil {
		t.Fatal("the run was not interrupted")
	}
	run, _ := l.run(p, order, -1)
	want(t, "resumed", []dataflow.Resumed{{Run: 1, Parts: 2, Rows: 7, Since: time.Date(2026, 1, 2, 0, 3, 0, 0, time.UTC), Began: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}}, run.Tables[0].Resumed)
}
