package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// blockScan makes the scan of users wait, from its second row on, until its context ends.
func blockScan(w *world) (reached <-chan struct{}) {
	at2 := make(chan struct{})
	w.source.Before(func(ctx context.Context, at enginetest.Point) error {
		if at.Call == "Scan" && at.Key == "users" && at.Row == 2 {
			close(at2)
			<-ctx.Done()
		}
		return nil
	})
	return at2
}

func TestImport_ACancelledRunFailsInterruptedAndLeavesTheTablesAsTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users", "groups")
		w.source.Put("users", row("u4", "Dan"))
		w.source.Put("groups", row("g2", "Guests"))
		files, groups := w.catalog.Files(""), w.rows(groupsID)
		reached := blockScan(w)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-reached
			cancel()
		}()
		began := time.Now()
		_, err := p.Import(ctx, order)

		failed(t, err, "interrupted: the run was cancelled. Nothing was published; the tables are at run 1.")
		want(t, "time it took", 0, time.Since(began))
		want(t, "rows of groups", groups, w.rows(groupsID))
		want(t, "refs of groups", "main run_1", w.refs(groupsID))
		want(t, "data files", files, w.catalog.Files(""))
		want(t, "open sessions of the source", 0, w.source.Open())

		w.source.Before(nil)
		p.completes(order)
		want(t, "history", "1 Completed, 2 Failed, 3 Completed", w.history())
		w.holds(usersID, "users")
	})
}

func TestImport_ACancelledRunIsFinishedWithinItsBoundThoughTheSweepHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, order := imported(t, "users", "groups")
		w.source.Put("groups", row("g2", "Guests"))
		reached := blockScan(w)
		p := w.process("second", func(ctx context.Context, step enginetest.Step) error {
			if step.Op == "sweep" {
				<-ctx.Done()
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-reached
			cancel()
		}()
		began := time.Now()
		_, err := p.Import(ctx, order)
		failed(t, err, "interrupted: the run was cancelled. Nothing was published; the tables are at run 1.")
		if took := time.Since(began); took > engine.LastWords {
			t.Errorf("the cancelled run took %s, more than %s", took, engine.LastWords)
		}
		want(t, "refs of the table that was not swept", "main run_1 run_2_staging", w.refs(groupsID))

		w.source.Before(nil)
		w.process("third").completes(order)
		want(t, "refs after the next run", "main run_1 run_3", w.refs(groupsID))
	})
}

func TestImport_ARunThatOutlivesItsTimeoutFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users")
		blockScan(w)
		ctx, cancel := dataflow.WithTimeout(t.Context(), "timeouts.update", time.Hour)
		defer cancel()
		began := time.Now()
		_, err := p.Import(ctx, order)
		failed(t, err, `timed out: timeouts.update = "1h" is over. It was at table users and had read 2 rows of it; of 1 table 0 had been read. `+
			"Nothing was published; the tables are at run 1. Give timeouts.update more time.")
		want(t, "time it took", time.Hour, time.Since(began))
		want(t, "refs", "main run_1", w.refs(usersID))
	})
}

func TestImport_WhatIsDecidedIsPublishedThoughTheCallerHasGone(t *testing.T) {
	w, _, order := imported(t, "users", "groups")
	w.source.Put("users", row("u4", "Dan"))
	w.source.Put("groups", row("g2", "Guests"))
	ctx, cancel := context.WithCancel(t.Context())
	p := w.process("second", func(_ context.Context, step enginetest.Step) error {
		if step.Op == "decision" && step.When == enginetest.Written {
			cancel()
		}
		return nil
	})
	run, err := p.Import(ctx, order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "status", dataflow.StatusCompleted, run.Status)
	w.holds(usersID, "users")
	w.holds(groupsID, "groups")
}

func TestImport_AnInterruptedPublishThatHangsIsLeftToTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, order := imported(t, "users", "groups")
		w.source.Put("users", row("u4", "Dan"))
		ctx, cancel := context.WithCancel(t.Context())
		p := w.process("second", func(ctx context.Context, step enginetest.Step) error {
			if step.Op != "publish" || step.When != enginetest.Writing {
				return nil
			}
			cancel()
			<-ctx.Done()
			return ctx.Err()
		})
		began := time.Now()
		_, err := p.Import(ctx, order)
		want(t, "time it took", engine.LastWords, time.Since(began))
		if err == nil || !strings.HasPrefix(err.Error(), `run 2 of dataflow "Customers" is decided (publish) and not finished; the next apply finishes it: `) {
			t.Errorf("the interrupted run ended with %v", err)
		}
		w.process("third").completes(order)
		want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
		w.holds(usersID, "users")
	})
}

func TestImport_ACancelBeforeTheDecisionAbandonsARunThatHasStagedEverything(t *testing.T) {
	w, _, order := imported(t, "users")
	w.source.Put("users", row("u4", "Dan"))
	ctx, cancel := context.WithCancel(t.Context())
	p := w.process("second", func(_ context.Context, step enginetest.Step) error {
		if step.Op == "stage" && step.When == enginetest.Written {
			cancel()
		}
		return nil
	})
	_, err := p.Import(ctx, order)
	failed(t, err, "interrupted: the run was cancelled. Nothing was published; the tables are at run 1.")
	want(t, "refs", "main run_1", w.refs(usersID))
	want(t, "rows", 3, len(w.rows(usersID)))
}

func TestImport_APanicOfTheSourceIsAFailedRun(t *testing.T) {
	for _, call := range []string{"Open", "CheckTables", "Table", "Scan"} {
		t.Run(call, func(t *testing.T) {
			w, p, order := imported(t, "users")
			w.source.Before(func(_ context.Context, at enginetest.Point) error {
				if at.Call == call {
					panic("jane.doe@example.com") // a value of a customer's
				}
				return nil
			})
			run, err := p.Import(t.Context(), order)
			failed(t, err, run.Description)
			if !strings.HasPrefix(run.Description, "panic: in engine_test.TestImport_APanicOfTheSourceIsAFailedRun.func") {
				t.Errorf("the description does not say where the panic was: %s", run.Description)
			}
			if strings.Contains(run.Description, "jane.doe") {
				t.Errorf("the description gives away what was panicked with: %s", run.Description)
			}
			if end := "This is a fault of the provider: please report it. Nothing was published; the tables are at run 1."; !strings.HasSuffix(run.Description, end) {
				t.Errorf("the description does not end with %q: %s", end, run.Description)
			}
			want(t, "open sessions of the source", 0, w.source.Open())
			w.source.Before(nil)
			p.completes(order)
			want(t, "history", "1 Completed, 2 Failed, 3 Completed", w.history())
		})
	}
}

func TestImport_SaysWhyItFailedAlsoWhenItsDecisionCannotBeWritten(t *testing.T) {
	w, _, order := imported(t, "users")
	w.source.Put("users", row("u4", "Dan"))
	full := errors.New("no space left on device")
	run, err := w.process("second",
		enginetest.FailOnce("write file", enginetest.Writing, fmt.Errorf("write a data file: %w", full)),
		enginetest.FailOnce("decision", enginetest.Writing, fmt.Errorf("write the record: %w", full)),
	).Import(t.Context(), order)
	want(t, "status", dataflow.StatusProcessing, run.Status)
	want(t, "message", `decide run 2 of dataflow "Customers": write the record: no space left on device; `+
		`the run had failed: table users: stage: write a data file: no space left on device`, err.Error())
}

func TestImport_NeverEndsBeforeItBegan(t *testing.T) {
	w, _, order := imported(t, "users")
	began := time.Now().UTC().Truncate(time.Millisecond)
	var back atomic.Bool
	w.source.Before(func(context.Context, enginetest.Point) error {
		back.Store(true)
		return nil
	})
	run := w.processWithClock("second", func() time.Time {
		if back.Load() {
			return began.Add(-24 * time.Hour)
		}
		return began
	}).completes(order)
	want(t, "end", &began, run.EndedAt)
}

// The heart beats in a goroutine of its own.
func TestImport_APanicOfTheHeartbeatIsAMissingBeat(t *testing.T) {
	w, _, order := imported(t, "users")
	beat := func(_ context.Context, step enginetest.Step) error {
		if step.Op == "heartbeat" {
			panic("jane.doe@example.com")
		}
		return nil
	}
	w.process("second", beat).completes(order)
	want(t, "history", "1 Completed, 2 Completed", w.history())
}

func TestImport_BeatsWhileItStagesAndStopsWithTheDecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users")
		w.source.Before(func(ctx context.Context, at enginetest.Point) error {
			if at == (enginetest.Point{Call: "Scan", Key: "users", Row: 1}) {
				timer := time.NewTimer(10*engine.HeartbeatEvery + time.Second)
				defer timer.Stop()
				select {
				case <-timer.C:
				case <-ctx.Done():
				}
			}
			return nil
		})
		p.completes(order)
		beat, err := w.ledger().Heartbeat(t.Context(), "Customers", 2)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "beats", 11, beat.Beat)
		want(t, "owner", "first", beat.Owner)
	})
}
