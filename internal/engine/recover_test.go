package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

// killedAt makes a hook that kills its process at the first step with this operation and place.
func killedAt(op string, when enginetest.When) enginetest.Hook {
	kill, dead := enginetest.KillAt(1)
	return func(ctx context.Context, step enginetest.Step) error {
		if dead() || step.Op == op && step.When == when {
			return kill(ctx, step)
		}
		return nil
	}
}

// killed runs an import in a process of its own, the victim, that is killed there; everybody sees that it is dead.
func (w *world) killed(order engine.Order, hook enginetest.Hook) {
	w.t.Helper()
	_, err := w.process("victim", hook).Import(w.t.Context(), order)
	if !errors.Is(err, enginetest.ErrKilled) {
		w.t.Fatalf("the import ended with %v; want that its process was killed", err)
	}
	w.looks("victim", dataflow.LivenessDead)
}

func TestRecover_ADeadOwnersRunWithoutADecisionIsAbandoned(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	files := w.catalog.Files("")
	w.source.Put("users", row("u4", "Dan"))
	w.source.Put("groups", row("g2", "Guests"))
	w.killed(order, killedAt("decision", enginetest.Writing))
	want(t, "refs that the dead process left", "main run_1 run_2_staging", w.refs(usersID))
	w.source.Delete("users", "u4")
	w.source.Delete("groups", "g2")

	p.completes(order)
	run, err := p.Run(t.Context(), "Customers", 2)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "status of the dead run", dataflow.StatusFailed, run.Status)
	want(t, "description of the dead run", engine.Interrupted, run.Description)
	want(t, "owner of the dead run", "victim", run.Owner.ID)
	want(t, "last import after it", dataflow.StatusFailed, run.Standing.LastImport)
	want(t, "data files", files, w.catalog.Files(""))
	want(t, "refs", "main run_1 run_3", w.refs(usersID))
	want(t, "refs", "main run_1 run_3", w.refs(groupsID))
}

func TestRecover_ARunThatDecidedToPublishIsRolledForward(t *testing.T) {
	for name, life := range map[string]dataflow.Liveness{
		"of a dead owner": dataflow.LivenessDead, "of a living owner": dataflow.LivenessAlive, "of an owner elsewhere": dataflow.LivenessUnknown,
	} {
		t.Run(name, func(t *testing.T) {
			w, p, order := imported(t, "users", "groups")
			w.source.Put("users", row("u4", "Dan"))
			w.source.Put("groups", row("g2", "Guests"))
			changed := order
			changed.Definition.RetainRuns = 7
			w.killed(changed, killedAt("publish", enginetest.Written)) // groups is published, users is not
			w.looks("victim", life)
			want(t, "rows of groups", 2, len(w.rows(groupsID)))
			want(t, "rows of users", 3, len(w.rows(usersID)))

			p.completes(order)
			run, err := p.Run(t.Context(), "Customers", 2)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "description", "Imported 2 tables: groups 2 rows (1 added); users 4 rows (1 added).", run.Description)
			want(t, "refs", "main run_1 run_2 run_3", w.refs(usersID))
			want(t, "refs", "main run_1 run_2 run_3", w.refs(groupsID))
			want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
		})
	}
}

func TestRecover_ALiveOwnerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users")
		w.source.Put("users", row("u4", "Dan"))
		hook, asleep, wake := enginetest.SleepAt("stage", enginetest.Writing)
		slow := make(chan error)
		go func() {
			_, err := w.process("slow", hook).Import(t.Context(), order)
			slow <- err
		}()
		<-asleep
		began := time.Now()
		time.AfterFunc(10*time.Minute, wake)
		run := p.completes(order)
		if err := <-slow; err != nil {
			t.Error(err)
		}
		want(t, "run", 3, run.Run)
		want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
		if waited := time.Since(began); waited < 10*time.Minute {
			t.Errorf("it waited %s for a process that slept 10 minutes", waited)
		}
	})
}

func TestRecover_WhoWaitsInVainSaysWhoRunsTheDataflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users")
		w.source.Put("users", row("u4", "Dan"))
		hook, asleep, wake := enginetest.SleepAt("stage", enginetest.Writing)
		slow := make(chan error)
		since := time.Now().UTC().Format(time.RFC3339)
		go func() {
			_, err := w.process("slow", hook).Import(t.Context(), order)
			slow <- err
		}()
		<-asleep
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+time.Millisecond)
		defer cancel()
		_, err := p.Import(ctx, order)
		want(t, "code", dataflow.CodeBusy, dataflow.CodeOf(err))
		want(t, "message", `dataflow "Customers": run 2 is under way on host host-of-slow, process 104, since `+
			since+". Wait for it to end and apply again.", err.Error())
		wake()
		if err := <-slow; err != nil {
			t.Error(err)
		}
		want(t, "history", "1 Completed, 2 Completed", w.history())
	})
}

func TestRecover_AnOwnerElsewhereIsDeadWhenItsHeartHasNotBeatenForTheLease(t *testing.T) {
	for name, ahead := range map[string]time.Duration{
		"with the same clock": 0, "with a clock that is ahead": 48 * time.Hour, "with a clock that is behind": -48 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _, order := imported(t, "users")
				w.source.Put("users", row("u4", "Dan"))
				w.killed(order, killedAt("decision", enginetest.Writing))
				w.looks("victim", dataflow.LivenessUnknown)
				began := time.Now()
				w.processWithClock("observer", func() time.Time { return time.Now().Add(ahead) }).completes(order)
				want(t, "time it was observed", engine.Lease, time.Since(began))
				want(t, "history", "1 Completed, 2 Failed, 3 Completed", w.history())
			})
		})
	}
}

// Nobody but the dead owner would ever mend its heartbeat.
func TestRecover_ADamagedHeartbeatIsOneThatDoesNotBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, order := imported(t, "users")
		w.source.Put("users", row("u4", "Dan"))
		w.killed(order, killedAt("decision", enginetest.Writing))
		w.looks("victim", dataflow.LivenessUnknown)
		damaged := func(_ context.Context, step enginetest.Step) error {
			if step.Op == "heartbeat" && step.When == enginetest.Reading {
				return &dataflow.Error{Code: dataflow.CodeCorrupt, Op: "read record", Object: step.Object}
			}
			return nil
		}
		p := w.process("observer", damaged)
		if s, err := p.State(t.Context(), "Customers"); err != nil || s.Status() != dataflow.StatusProcessing {
			t.Errorf("status %s, %v; want a run that may yet be alive", s.Status(), err)
		}
		began := time.Now()
		p.completes(order)
		want(t, "time it was observed", engine.Lease, time.Since(began))
		want(t, "history", "1 Completed, 2 Failed, 3 Completed", w.history())
	})
}

func TestRecover_AnOwnerElsewhereWhoseHeartBeatsIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users")
		w.source.Put("users", row("u4", "Dan"))
		hook, asleep, wake := enginetest.SleepAt("stage", enginetest.Writing)
		w.looks("slow", dataflow.LivenessUnknown)
		slow := make(chan error)
		go func() {
			_, err := w.process("slow", hook).Import(t.Context(), order)
			slow <- err
		}()
		<-asleep
		time.AfterFunc(20*engine.Lease, wake)
		p.completes(order)
		if err := <-slow; err != nil {
			t.Error(err)
		}
		want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
	})
}

// An owner sleeps as a whole: its heart stops, and whatever it was about to write it writes when it wakes.
func TestRecover_AnOwnerThatWasTakenForDeadChangesNothing(t *testing.T) {
	for _, at := range []struct {
		op   string
		when enginetest.When
	}{
		{"create table", enginetest.Writing}, {"create table", enginetest.Written},
		{"write file", enginetest.Writing}, {"write file", enginetest.Written},
		{"stage", enginetest.Writing}, {"stage", enginetest.Written},
		{"ticket", enginetest.Writing}, {"ticket", enginetest.Written},
		{"decision", enginetest.Writing},
	} {
		t.Run(fmt.Sprintf("asleep at %s (%d)", at.op, at.when), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p, order := imported(t, "users")
				w.source.Put("users", row("u4", "Dan"))
				slept := order
				slept.Definition = definition("groups") // makes groups and hides users
				hook, asleep, wake := enginetest.SleepAt(at.op, at.when)
				heart := func(ctx context.Context, step enginetest.Step) error {
					if step.Op == "heartbeat" && step.When == enginetest.Writing {
						<-ctx.Done() // the whole process sleeps
					}
					return nil
				}
				slow := make(chan error)
				go func() {
					_, err := w.process("slow", heart, hook).Import(t.Context(), slept)
					slow <- err
				}()
				<-asleep
				w.looks("slow", dataflow.LivenessDead)
				p.completes(order)
				rows, refs, files := w.rows(usersID), w.refs(usersID), w.catalog.Files("")

				wake()
				err := <-slow
				failed(t, err, engine.Interrupted)
				want(t, "code", dataflow.CodeAbandoned, dataflow.CodeOf(err))
				want(t, "rows", rows, w.rows(usersID))
				want(t, "refs", refs, w.refs(usersID))
				want(t, "data files", files, w.catalog.Files(""))
				want(t, "definition", order.Definition, w.record().Definition)
				want(t, "history", "1 Completed, 2 Failed, 3 Completed", w.history())
				w.holds(usersID, "users")
				if m, err := w.catalog.Load(groupsID); err == nil {
					want(t, "refs of the table that only the sleeper made", 0, len(m.Refs))
				}
			})
		})
	}
}

func TestRecover_AnOwnerThatIsTakenForDeadWhileItScansStopsAtItsNextBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, order := imported(t, "users")
		reached := blockScan(w)
		slow := make(chan error)
		go func() {
			_, err := w.process("slow").Import(t.Context(), order)
			slow <- err
		}()
		<-reached
		w.source.Before(nil)
		w.looks("slow", dataflow.LivenessDead)
		p.completes(order)
		began := time.Now()
		err := <-slow
		failed(t, err, engine.Interrupted)
		want(t, "code", dataflow.CodeAbandoned, dataflow.CodeOf(err))
		if took := time.Since(began); took > engine.HeartbeatEvery {
			t.Errorf("it went on for %s", took)
		}
	})
}

// A process that published late, after others had finished its run and more had run, is refused by the tickets.
func TestRecover_AnOwnerThatSleepsThroughItsPublishUndoesNothing(t *testing.T) {
	for _, op := range []string{"publish", "hide", "keep", "dataflow", "finished"} {
		t.Run("asleep at "+op, func(t *testing.T) {
			w, p, order := imported(t, "users", "groups")
			w.source.SetTable(dataflow.SourceTable{Key: "devices", FileName: "Devices", Schema: columns("name")})
			slept := order
			slept.Definition = definition("users", "devices") // keeps users, makes devices, hides groups
			hook, asleep, wake := enginetest.SleepAt(op, enginetest.Writing)
			slow := make(chan error)
			go func() {
				_, err := w.process("slow", hook).Import(t.Context(), slept)
				slow <- err
			}()
			<-asleep
			w.source.Put("users", row("u5", "Eve"))
			w.source.Put("devices", row("d1", "Phone"))
			later := slept
			later.Definition = definition("users", "groups", "devices")
			p.completes(later)
			devices := dataflow.TableID{Database: "customers", Name: "devices"}

			wake()
			if err := <-slow; err != nil {
				t.Errorf("its run is finished and completed, and it says %v", err)
			}
			w.holds(usersID, "users")
			w.holds(groupsID, "groups")
			w.holds(devices, "devices")
			want(t, "refs of users", "main run_1 run_2 run_3", w.refs(usersID))
			want(t, "refs of groups", "main run_1 run_3", w.refs(groupsID))
			want(t, "refs of devices", "main run_2 run_3", w.refs(devices))
			want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
		})
	}
}

// What was decided is carried out as far as it can be: a run that waits for a table that is gone would never end.
func TestRecover_ATableThatSomebodyDroppedAfterTheDecisionHoldsUpNothing(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	w.source.Put("users", row("u4", "Dan"))
	w.source.Put("groups", row("g2", "Guests"))
	w.killed(order, killedAt("decision", enginetest.Written))
	m, err := w.catalog.Load(groupsID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.catalog.Drop(groupsID, m.MetadataLocation); err != nil {
		t.Fatal(err)
	}
	s, err := p.Settle(t.Context(), "Customers")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "description", "Imported 2 tables: groups not published: somebody dropped it meanwhile; users 4 rows (1 added).", s.LastRun.Description)
	w.holds(usersID, "users")
	p.completes(order)
	w.holds(groupsID, "groups")
	want(t, "history", "1 Completed, 2 Completed, 3 Completed", w.history())
}

// A late publish finds its table dropped by a later run. Its own run was finished long ago: that is what it gives.
func TestRecover_AnOwnerThatSleepsThroughARemovalGivesTheRunThatOthersFinished(t *testing.T) {
	w, p, order := imported(t, "users")
	w.source.Put("users", row("u4", "Dan"))
	hook, asleep, wake := enginetest.SleepAt("publish", enginetest.Writing)
	type outcome struct {
		run dataflow.Run
		err error
	}
	slow := make(chan outcome)
	go func() {
		run, err := w.process("slow", hook).Import(t.Context(), order)
		slow <- outcome{run, err}
	}()
	<-asleep
	if _, err := p.Remove(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	wake()
	end := <-slow
	if end.err != nil {
		t.Errorf("its run is finished and completed, and it says %v", end.err)
	}
	want(t, "description", "Imported 1 table: users 4 rows (1 added).", end.run.Description)
	want(t, "tables", nil, w.catalog.Tables("customers"))
	want(t, "data files", nil, w.catalog.Files(""))
	want(t, "phase", dataflow.PhaseRemoved, w.record().Phase)
}

// Whatever write a process dies before or after: once the next run is through, every table is at it, nothing is half
// published, no run is missing in the history and nothing that was staged is left.
func TestRecover_AProcessMayDieAtAnyWrite(t *testing.T) {
	type scene struct {
		first, second dataflow.Definition
		act           func(context.Context, *process, engine.Order) error
	}
	importing := func(ctx context.Context, p *process, order engine.Order) error {
		_, err := p.Import(ctx, order)
		return err
	}
	removing := func(ctx context.Context, p *process, order engine.Order) error {
		_, err := p.Remove(ctx, order)
		return err
	}
	for name, s := range map[string]scene{
		"in a first import":                {definition(), definition("users", "groups"), importing},
		"in an import that changes a lot":  {definition("users", "groups"), definition("users", "devices"), importing},
		"in an import that changes little": {definition("users", "groups"), definition("users", "groups"), importing},
		"in a removal":                     {definition("users", "groups"), definition("users", "groups"), removing},
	} {
		t.Run(name, func(t *testing.T) {
			var steps int
			for n := 1; ; n++ {
				w := newWorld(t)
				w.source.SetTable(dataflow.SourceTable{Key: "devices", FileName: "Devices", Schema: columns("name")})
				p := w.process("first")
				order := p.declare(s.first)
				p.completes(order)
				w.source.Put("users", row("u4", "Dan"))
				order.Definition = s.second
				hook, killed := enginetest.KillAt(n)
				err := s.act(t.Context(), w.process("victim", hook), order)
				if !killed() {
					if err != nil {
						t.Fatalf("nobody killed it, and it ended with %v", err)
					}
					steps = n - 1
					break
				}
				w.looks("victim", dataflow.LivenessDead)

				// What comes next depends on what the dead process had reached: a removal may be through.
				next := w.process("next")
				state, err := next.State(t.Context(), "Customers")
				if err != nil {
					t.Fatal(err)
				}
				if state.Record.Phase == dataflow.PhaseRemoved {
					order = next.declare(s.second)
				}
				_, err = next.Import(t.Context(), order)
				if dataflow.IsCode(err, dataflow.CodeNotFound) { // the removal was rolled forward: the dataflow is gone
					order = next.declare(s.second)
					_, err = next.Import(t.Context(), order)
				}
				if err != nil {
					t.Fatalf("killed at step %d: the next import failed: %v", n, err)
				}
				for key := range s.second.Tables {
					w.holds(s.second.TableID(key), key)
				}
				w.isClean(n)
				if t.Failed() {
					t.Fatalf("killed at step %d; history: %s", n, w.history())
				}
			}
			if steps < 12 {
				t.Errorf("the process was killed at %d steps only: the test has lost its subject", steps)
			}
		})
	}
}

// Whatever write a process sleeps before or after, and however much is run meanwhile: when it wakes it changes nothing
// that others have done. One that slept before it had started its run runs afterwards, as if it had come late.
func TestRecover_AProcessMaySleepAtAnyWrite(t *testing.T) {
	for name, act := range map[string]func(context.Context, *process, engine.Order) (dataflow.Run, error){
		"of an import": func(ctx context.Context, p *process, order engine.Order) (dataflow.Run, error) {
			return p.Import(ctx, order)
		},
		"of a removal": func(ctx context.Context, p *process, order engine.Order) (dataflow.Run, error) {
			return p.Remove(ctx, order)
		},
	} {
		t.Run(name, func(t *testing.T) {
			late, through := 0, false
			for n := 1; !through; n++ {
				w, p, order := imported(t, "users", "groups")
				w.source.SetTable(dataflow.SourceTable{Key: "devices", FileName: "Devices", Schema: columns("name")})
				w.source.Put("users", row("u4", "Dan"))
				slept := order
				slept.Definition = definition("users", "devices")
				hook, asleep, wake := enginetest.SleepAtStep(n)
				type outcome struct {
					run dataflow.Run
					err error
				}
				ended := make(chan outcome, 1)
				go func() {
					run, err := act(context.Background(), w.process("sleeper", hook), slept)
					ended <- outcome{run, err}
				}()
				select {
				case <-asleep:
				case <-ended:
					through = true
					continue
				}
				w.looks("sleeper", dataflow.LivenessDead)
				all := definition("users", "groups", "devices")
				for range 2 {
					w.source.Put("users", row(fmt.Sprintf("u%d", 5+len(w.source.Rows("users"))), "Eve"))
					order.Definition = all
					_, err := p.Import(t.Context(), order)
					if dataflow.IsCode(err, dataflow.CodeNotFound) { // the removal was rolled forward
						order = p.declare(all)
						_, err = p.Import(t.Context(), order)
					}
					if err != nil {
						t.Fatalf("asleep at step %d: %v", n, err)
					}
				}
				wake()
				end := <-ended
				var failure *engine.RunError
				if end.err != nil && !errors.As(end.err, &failure) {
					t.Fatalf("asleep at step %d: it ended with %v", n, end.err)
				}
				if end.run.Run == 2 {
					late++
					for key := range all.Tables {
						w.holds(all.TableID(key), key)
					}
				}
				w.isClean(n)
				if t.Failed() {
					t.Fatalf("asleep at step %d; history: %s", n, w.history())
				}
			}
			if late < 8 {
				t.Errorf("it came late %d times only: the test has lost its subject", late)
			}
		})
	}
}

// A process that mends what another one left may die as well, wherever it is.
func TestRecover_TheProcessThatRecoversMayDieAtAnyWriteToo(t *testing.T) {
	deaths := 0
	for n := 1; ; n++ {
		var reached bool
		for m := 1; ; m++ {
			w, p, order := imported(t, "users", "groups")
			w.source.SetTable(dataflow.SourceTable{Key: "devices", FileName: "Devices", Schema: columns("name")})
			w.source.Put("users", row("u4", "Dan"))
			order.Definition = definition("users", "devices")
			first, firstKilled := enginetest.KillAt(n)
			_, _ = w.process("victim", first).Import(t.Context(), order) // how it ends is the next process's matter
			if reached = firstKilled(); !reached {
				break
			}
			w.looks("victim", dataflow.LivenessDead)
			second, secondKilled := enginetest.KillAt(m)
			_, err := w.process("rescuer", second).Import(t.Context(), order)
			if !secondKilled() {
				if err != nil {
					t.Fatalf("killed at step %d, then nobody: %v", n, err)
				}
				break
			}
			deaths++
			w.looks("rescuer", dataflow.LivenessDead)
			p.completes(order)
			for key := range order.Definition.Tables {
				w.holds(order.Definition.TableID(key), key)
			}
			w.isClean(n)
			if t.Failed() {
				t.Fatalf("killed at step %d, then at step %d; history: %s", n, m, w.history())
			}
		}
		if !reached {
			break
		}
	}
	if deaths < 200 {
		t.Errorf("%d pairs of deaths only: the test has lost its subject", deaths)
	}
}

// isClean checks that no run is unfinished, no branch but main is left, and every data file belongs to a snapshot with a ref.
func (w *world) isClean(step int) {
	w.t.Helper()
	if strings.Contains(w.history(), string(dataflow.StatusProcessing)) {
		w.t.Errorf("killed at step %d: a run is not finished: %s", step, w.history())
	}
	held := map[string]bool{}
	for _, id := range w.catalog.Tables("customers") {
		m, err := w.catalog.Load(id)
		if err != nil {
			w.t.Fatal(err)
		}
		for name, ref := range m.Refs {
			if name != enginetest.MainBranch && !ref.Tag {
				w.t.Errorf("killed at step %d: branch %s of %s is left", step, name, id)
			}
			for _, file := range m.Snapshots[ref.Snapshot].Files {
				held[file] = true
			}
		}
	}
	for _, file := range w.catalog.Files("") {
		if !held[file] {
			w.t.Errorf("killed at step %d: data file %s is nobody's", step, file)
		}
	}
}

func TestSettle_TellsWhatADeadProcessHasPublished(t *testing.T) {
	cases := map[string]struct {
		hook      enginetest.Hook
		published bool
		status    dataflow.Status
	}{
		"died before its decision":   {killedAt("decision", enginetest.Writing), false, dataflow.StatusFailed},
		"died after its decision":    {killedAt("decision", enginetest.Written), true, dataflow.StatusCompleted},
		"died while it published":    {killedAt("publish", enginetest.Written), true, dataflow.StatusCompleted},
		"died before it had an end":  {killedAt("finished", enginetest.Writing), true, dataflow.StatusCompleted},
		"died once it was at an end": {killedAt("finished", enginetest.Written), true, dataflow.StatusCompleted},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.process("second")
			w.killed(p.declare(definition("users", "groups")), c.hook)
			s, err := p.Settle(t.Context(), "Customers")
			if err != nil {
				t.Fatal(err)
			}
			want(t, "published", c.published, s.Published())
			want(t, "status", c.status, s.Status())
			if s.LastRun == nil || s.LastRun.EndedAt == nil {
				t.Errorf("the newest run is %+v; want one that has ended", s.LastRun)
			}
		})
	}
}

func TestRecover_OfARunWhoseProcessIsThereAndWhoseHeartStoppedWaitsForTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		order := w.process("first").declare(definition("users"))
		w.killed(order, killedAt("stage", enginetest.Written)) // it writes no more, as one whose CLI is gone
		w.looks("victim", dataflow.LivenessAlive)
		began := time.Now()
		run := w.process("next").completes(order)
		want(t, "run", int64(2), run.Run)
		if waited := time.Since(began); waited < engine.Lease || waited > engine.Lease+time.Minute {
			t.Errorf("it waited %s", waited)
		}
		want(t, "history", "1 Failed, 2 Completed", w.history())
	})
}
