package ledger

import (
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

func TestRun_RecordsComeBackAsTheyWereWritten(t *testing.T) {
	l, _ := openTemp(t)
	started := startedOf("Customers", 1)
	must(t, l.Start(t.Context(), started))
	gotStarted, err := l.Started(t.Context(), "Customers", 1)
	must(t, err)
	wantEqual(t, gotStarted, started)

	for beat := range int64(3) {
		want := dataflow.Heartbeat{Owner: "owner", Beat: beat, At: noon}
		must(t, l.Beat(t.Context(), "Customers", 1, want))
		got, err := l.Heartbeat(t.Context(), "Customers", 1)
		must(t, err)
		wantEqual(t, got, want)
	}

	decision := decisionOf("Customers", "owner")
	stands, err := l.Decide(t.Context(), decision)
	must(t, err)
	wantEqual(t, stands, decision)
	gotDecision, err := l.Decision(t.Context(), "Customers", 1)
	must(t, err)
	wantEqual(t, gotDecision, decision)

	finished := finishedOf("Customers", 1)
	gotFinish, err := l.Finish(t.Context(), finished)
	must(t, err)
	wantEqual(t, gotFinish, finished)
	gotFinished, err := l.Finished(t.Context(), "Customers", 1)
	must(t, err)
	wantEqual(t, gotFinished, finished)
}

func TestStart_TakesTheLockOnce(t *testing.T) {
	l, _ := openTemp(t)
	must(t, l.Start(t.Context(), startedOf("Customers", 1)))
	second := startedOf("Customers", 1)
	second.Owner.ID = "another"
	wantError(t, l.Start(t.Context(), second), dataflow.CodeExists, `started record of run 1 of dataflow "Customers": create: `)
	standing, err := l.Started(t.Context(), "Customers", 1)
	must(t, err)
	wantEqual(t, standing, startedOf("Customers", 1))
}

func TestStart_WaitsForTheRunBefore(t *testing.T) {
	l, _ := openTemp(t)
	wantError(t, l.Start(t.Context(), startedOf("Customers", 2)), dataflow.CodeInvalid, "run 2 can't start before run 1 is finished")
	must(t, l.Start(t.Context(), startedOf("Customers", 1)))
	wantError(t, l.Start(t.Context(), startedOf("Customers", 2)), dataflow.CodeInvalid, "run 2 can't start before run 1 is finished")
	_, err := l.Finish(t.Context(), finishedOf("Customers", 1))
	must(t, err)
	must(t, l.Start(t.Context(), startedOf("Customers", 2)))
}

func TestStart_RefusesARunOfADataflowWhoseNameDiffersInCase(t *testing.T) {
	l, _ := openTemp(t)
	play(t, l, 1)
	wantError(t, l.Start(t.Context(), startedOf("customers", 2)), dataflow.CodeInvalid, "differs only in case")
}

func TestDecide_AndFinishGiveEverybodyTheOneThatStands(t *testing.T) {
	l, workspace := openTemp(t)
	must(t, l.Start(t.Context(), startedOf("Customers", 1)))
	const contenders = 8
	var mu sync.Mutex
	decided, finished := map[string]int{}, map[string]int{}
	var group sync.WaitGroup
	for i := range contenders {
		group.Go(func() {
			mine, err := Open(t.Context(), Config{Workspace: workspace})
			if err != nil {
				t.Error(err)
				return
			}
			decision, err := mine.Decide(t.Context(), decisionOf("Customers", fmt.Sprint("process ", i)))
			if err != nil {
				t.Error(err)
			}
			run := finishedOf("Customers", 1)
			run.Description = fmt.Sprint("process ", i)
			run, err = mine.Finish(t.Context(), run)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			decided[decision.By]++
			finished[run.Description]++
		})
	}
	group.Wait()
	decision, err := l.Decision(t.Context(), "Customers", 1)
	must(t, err)
	wantEqual(t, decided, map[string]int{decision.By: contenders})
	run, err := l.Finished(t.Context(), "Customers", 1)
	must(t, err)
	wantEqual(t, finished, map[string]int{run.Description: contenders})
}

func TestDecide_DoesNotHideARecordThatItCannotRead(t *testing.T) {
	l, store := inMemory()
	must(t, store.Create(t.Context(), "dataflows/customers/runs/00000001/decision.json", []byte(`{"format":2}`)))
	_, err := l.Decide(t.Context(), decisionOf("Customers", "me"))
	wantCode(t, err, dataflow.CodeNewerFormat)
}

func TestRun_RecordsThatCouldNotBeReadBackAreNotWritten(t *testing.T) {
	l, store := inMemory()
	started := startedOf("Customers", 1)
	started.Kind = ""
	wantError(t, l.Start(t.Context(), started), dataflow.CodeInvalid, `its kind is ""`)
	_, err := l.Decide(t.Context(), dataflow.Decision{Dataflow: "Customers", Run: 1})
	wantError(t, err, dataflow.CodeInvalid, `its outcome is ""`)
	_, err = l.Finish(t.Context(), startedOf("Customers", 1).View())
	wantError(t, err, dataflow.CodeInvalid, `its status is "Processing"`)
	wantError(t, l.Beat(t.Context(), "Customers", 1, dataflow.Heartbeat{}), dataflow.CodeInvalid, "it has no owner")
	wantError(t, l.Start(t.Context(), startedOf("Customers", 0)), dataflow.CodeInvalid, "0 is not the number of a run")
	wantList(t, store, "")
}

func TestRuns_GivesTheHistoryNewestFirst(t *testing.T) {
	l, _ := openTemp(t)
	play(t, l, 4)
	must(t, l.Start(t.Context(), startedOf("Customers", 5)))
	tests := []struct {
		from  int64
		limit int
		want  []int64
	}{
		{0, 0, []int64{5, 4, 3, 2, 1}},
		{0, 2, []int64{5, 4}},
		{3, 2, []int64{3, 2}},
		{3, 0, []int64{3, 2, 1}},
		{1, 9, []int64{1}},
		{9, 1, []int64{5}}, // from beyond the newest is from the newest
		{-1, 1, []int64{5}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("from %d limit %d", test.from, test.limit), func(t *testing.T) {
			runs, err := l.Runs(t.Context(), "Customers", test.from, test.limit)
			must(t, err)
			var numbers []int64
			for _, run := range runs {
				numbers = append(numbers, run.Run)
				want := finishedOf("Customers", run.Run)
				if run.Run == 5 {
					want = startedOf("Customers", 5).View()
				}
				wantEqual(t, run, want)
			}
			wantEqual(t, numbers, test.want)
		})
	}
}

func TestRuns_AHistoryWithAGapIsCorrupt(t *testing.T) {
	for name, lost := range map[string][]string{
		"a run whose started record is lost": {"started.json"},
		"a run that is lost":                 {"started.json", "finished.json"},
	} {
		t.Run(name, func(t *testing.T) {
			l, store := inMemory()
			play(t, l, 3)
			for _, record := range lost {
				must(t, store.Delete(t.Context(), "dataflows/customers/runs/00000002/"+record))
			}
			_, err := l.Runs(t.Context(), "Customers", 0, 0)
			wantError(t, err, dataflow.CodeCorrupt, `memory:dataflows/customers/runs/00000002/started.json: read record: run 2 of dataflow "Customers" has no started record`)
			runs, err := l.Runs(t.Context(), "Customers", 0, 1) // what is asked for is there
			must(t, err)
			if len(runs) != 1 || runs[0].Run != 3 {
				t.Errorf("got %v", runs)
			}
		})
	}
}

func TestLatest_OfADataflowThatNeverRanIsZero(t *testing.T) {
	l, store := inMemory()
	must(t, l.PutDataflow(t.Context(), recordOf("Customers")))
	for name, leave := range map[string]func(){
		"nothing":                 func() {},
		"somebody's notes":        func() { must(t, store.Create(t.Context(), "dataflows/customers/runs/notes.txt", nil)) },
		"a folder of another run": func() { must(t, store.Create(t.Context(), "dataflows/customers/runs/1/started.json", nil)) },
	} {
		leave()
		latest, err := l.Latest(t.Context(), "Customers")
		must(t, err)
		if latest != 0 {
			t.Errorf("with %s: %d, want 0", name, latest)
		}
	}
}

// A hint that is lost, damaged, behind or ahead of the truth changes nothing but the cost.
func TestLatest_IsRightWhateverTheHintSays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l, store := inMemory()
		finished := rapid.Int64Range(0, 12).Draw(rt, "finished runs")
		play(t, l, finished)
		want := finished
		if rapid.Bool().Draw(rt, "one more is started") {
			want++
			must(t, l.Start(t.Context(), startedOf("Customers", want)))
		}
		const path = "dataflows/customers/runs/latest.json"
		switch rapid.SampledFrom([]string{"as it is", "missing", "damaged", "newer", "a number"}).Draw(rt, "hint") {
		case "missing":
			if finished > 0 {
				must(t, store.Delete(t.Context(), path))
			}
		case "damaged":
			must(t, store.Replace(t.Context(), path, rapid.SliceOf(rapid.Byte()).Draw(rt, "content")))
		case "newer":
			must(t, store.Replace(t.Context(), path, []byte(`{"format":2,"run":{}}`)))
		case "a number":
			number := rapid.Int64Range(-1, 20).Draw(rt, "number")
			must(t, store.Replace(t.Context(), path, fmt.Appendf(nil, `{"format":1,"dataflow":"Customers","run":%d}`, number)))
		}
		got, err := l.Latest(t.Context(), "Customers")
		must(t, err)
		if got != want {
			rt.Fatalf("Latest = %d, want %d", got, want)
		}
	})
}

// A folder that was made for a run whose started record was never written is no run.
func TestLatest_SkipsTheFolderOfARunThatWasKilledBeforeItStarted(t *testing.T) {
	l, workspace := openTemp(t)
	play(t, l, 2)
	store := openFolder(t, workspace)
	must(t, store.Delete(t.Context(), "dataflows/customers/runs/latest.json"))
	must(t, disk.MkdirAll(store.Location("dataflows/customers/runs/00000003"), 0o700))
	latest, err := l.Latest(t.Context(), "Customers")
	must(t, err)
	if latest != 2 {
		t.Errorf("%d, want 2", latest)
	}
	must(t, l.Start(t.Context(), startedOf("Customers", 3)))
}

func TestLatest_RecordsWithoutAStartedOneAreCorrupt(t *testing.T) {
	l, store := inMemory()
	play(t, l, 2)
	must(t, store.Delete(t.Context(), "dataflows/customers/runs/00000002/started.json"))
	_, err := l.Latest(t.Context(), "Customers")
	wantError(t, err, dataflow.CodeCorrupt, `run 2 of dataflow "Customers" has no started record`)
}

func TestLatest_CostsAFewReadsHoweverLongTheHistory(t *testing.T) {
	store := &countingStore{Store: NewMemoryStore()}
	l := New(store, Config{})
	play(t, l, 300)
	must(t, l.Start(t.Context(), startedOf("Customers", 301)))
	store.calls.Store(0)
	latest, err := l.Latest(t.Context(), "Customers")
	must(t, err)
	if latest != 301 || store.calls.Load() != 4 { // the hint, the run it names, the one after it, and the one that is not there
		t.Errorf("run %d with %d calls, want 301 with 4", latest, store.calls.Load())
	}
}

func TestFinish_MovesTheHintForwardOnly(t *testing.T) {
	l, store := inMemory()
	play(t, l, 3)
	_, err := l.Finish(t.Context(), finishedOf("Customers", 1)) // somebody who slept finishes an old run once more
	must(t, err)
	wantContent(t, store, "dataflows/customers/runs/latest.json", "{\n  \"format\": 1,\n  \"dataflow\": \"Customers\",\n  \"run\": 3\n}\n")
}
