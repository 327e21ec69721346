package ledgertest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Workspace gives the ledger as one more process of the same workspace has it.
type Workspace func() dataflow.Ledger

// world is one workspace, seen by one process.
type world struct {
	testing.TB
	dataflow.Ledger
	another Workspace
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// want expects an error with this code; "" is no error.
func (w *world) want(code dataflow.Code, err error) {
	w.Helper()
	if (err == nil) != (code == "") || dataflow.CodeOf(err) != code {
		w.Errorf("error is %v (%s), want %q", err, dataflow.CodeOf(err), code)
	}
}

// play starts and finishes the runs up to n.
func (w *world) play(n int64) {
	w.Helper()
	for run := int64(1); run <= n; run++ {
		w.must(w.Start(w.Context(), started("Customers", run, "me")))
		_, err := w.Finish(w.Context(), finished("Customers", run, "me"))
		w.must(err)
	}
}

func same[T any](w *world, want, got T) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("record differs (-want +got):\n%s", diff)
	}
}

// gives expects that a call gives this.
func gives[T any](w *world, want T) func(got T, err error) {
	w.Helper()
	return func(got T, err error) {
		w.Helper()
		w.must(err)
		same(w, want, got)
	}
}

// reads are the reading of each record of a dataflow and its first run.
func (w *world) reads(name string) map[string]func() error {
	ctx := w.Context()
	return map[string]func() error{
		"dataflow":  func() error { _, err := w.Dataflow(ctx, name); return err },
		"started":   func() error { _, err := w.Started(ctx, name, 1); return err },
		"heartbeat": func() error { _, err := w.Heartbeat(ctx, name, 1); return err },
		"decision":  func() error { _, err := w.Decision(ctx, name, 1); return err },
		"finished":  func() error { _, err := w.Finished(ctx, name, 1); return err },
	}
}

var rules = map[string]func(*world){
	"EveryRecordComesBackAsItWasWritten": func(w *world) {
		ctx := w.Context()
		w.must(w.PutDataflow(ctx, record("Customers", 1)))
		gives(w, record("Customers", 1))(w.Dataflow(ctx, "Customers"))

		w.must(w.Start(ctx, started("Customers", 1, "me")))
		gives(w, started("Customers", 1, "me"))(w.Started(ctx, "Customers", 1))

		gives(w, decision("Customers", 1, "me"))(w.Decide(ctx, decision("Customers", 1, "me")))
		gives(w, decision("Customers", 1, "me"))(w.Decision(ctx, "Customers", 1))

		gives(w, finished("Customers", 1, "me"))(w.Finish(ctx, finished("Customers", 1, "me")))
		gives(w, finished("Customers", 1, "me"))(w.Finished(ctx, "Customers", 1))
	},
	"AnotherProcessSeesARecordAtOnce": func(w *world) {
		w.must(w.Start(w.Context(), started("Customers", 1, "me")))
		gives(w, started("Customers", 1, "me"))(w.another().Started(w.Context(), "Customers", 1))
	},
	"WhatIsReadIsTheCallersOwn": func(w *world) {
		w.must(w.PutDataflow(w.Context(), record("Customers", 1)))
		got, err := w.Dataflow(w.Context(), "Customers")
		w.must(err)
		got.Definition.Tables["users"] = dataflow.TableDefinition{}
		gives(w, record("Customers", 1))(w.Dataflow(w.Context(), "Customers"))
	},
	"WhatWasNeverWrittenIsNotFound": func(w *world) {
		for what, read := range w.reads("Customers") {
			if err := read(); !dataflow.IsCode(err, dataflow.CodeNotFound) {
				w.Errorf("%s: %v", what, err)
			}
		}
		gives[int64](w, 0)(w.Latest(w.Context(), "Customers"))
	},
	"TheNewestVersionOfADataflowIsRead": func(w *world) {
		for version := range int64(3) {
			w.must(w.PutDataflow(w.Context(), record("Customers", version+1)))
			gives(w, record("Customers", version+1))(w.Dataflow(w.Context(), "Customers"))
		}
	},
	"AVersionThatIsThereStays": func(w *world) {
		w.must(w.PutDataflow(w.Context(), record("Customers", 1)))
		other := record("Customers", 1)
		other.UID = "another"
		w.want(dataflow.CodeExists, w.PutDataflow(w.Context(), other))
		gives(w, record("Customers", 1))(w.Dataflow(w.Context(), "Customers"))
	},
	"AVersionThatLeavesOneOutIsInvalid": func(w *world) {
		w.want(dataflow.CodeInvalid, w.PutDataflow(w.Context(), record("Customers", 2)))
		w.want(dataflow.CodeInvalid, w.PutDataflow(w.Context(), record("Customers", 0)))
		w.must(w.PutDataflow(w.Context(), record("Customers", 1)))
		w.want(dataflow.CodeInvalid, w.PutDataflow(w.Context(), record("Customers", 3)))
	},
	"ARunIsStartedOnce": func(w *world) {
		w.must(w.Start(w.Context(), started("Customers", 1, "me")))
		w.want(dataflow.CodeExists, w.Start(w.Context(), started("Customers", 1, "somebody else")))
		gives(w, started("Customers", 1, "me"))(w.Started(w.Context(), "Customers", 1))
	},
	"ARunStartsWhenTheOneBeforeItIsFinished": func(w *world) {
		w.want(dataflow.CodeInvalid, w.Start(w.Context(), started("Customers", 2, "me")))
		w.must(w.Start(w.Context(), started("Customers", 1, "me")))
		w.want(dataflow.CodeInvalid, w.Start(w.Context(), started("Customers", 2, "me")))
		_, err := w.Decide(w.Context(), decision("Customers", 1, "me"))
		w.must(err)
		w.want(dataflow.CodeInvalid, w.Start(w.Context(), started("Customers", 2, "me")))
		_, err = w.Finish(w.Context(), finished("Customers", 1, "me"))
		w.must(err)
		w.must(w.Start(w.Context(), started("Customers", 2, "me")))
	},
	"TheLatestRunIsTheNewestThatWasStarted": func(w *world) {
		w.play(3)
		w.must(w.Start(w.Context(), started("Customers", 4, "me")))
		gives[int64](w, 4)(w.Latest(w.Context(), "Customers"))
		gives[int64](w, 0)(w.Latest(w.Context(), "Orders"))
	},
	"AHeartbeatReplacesTheOneBefore": func(w *world) {
		for n := range int64(3) {
			w.must(w.Beat(w.Context(), "Customers", 1, beat("me", n)))
			gives(w, beat("me", n))(w.Heartbeat(w.Context(), "Customers", 1))
		}
	},
	"OfContendersEachIsGivenTheDecisionAndTheEndThatStand": func(w *world) {
		ctx := w.Context()
		w.must(w.Start(ctx, started("Customers", 1, "me")))
		const contenders = 8
		var decisions, ends [contenders]string
		var group sync.WaitGroup
		for i := range contenders {
			group.Go(func() {
				mine, by := w.another(), fmt.Sprint("process ", i)
				stands, err := mine.Decide(ctx, decision("Customers", 1, by))
				if err != nil {
					w.Error(err)
				}
				run, err := mine.Finish(ctx, finished("Customers", 1, by))
				if err != nil {
					w.Error(err)
				}
				decisions[i], ends[i] = stands.By, run.Description
			})
		}
		group.Wait()
		stands, err := w.Decision(ctx, "Customers", 1)
		w.must(err)
		run, err := w.Finished(ctx, "Customers", 1)
		w.must(err)
		for i := range contenders {
			if decisions[i] != stands.By || ends[i] != run.Description {
				w.Errorf("process %d was given the decision of %s and the end of %s; %s and %s stand", i, decisions[i], ends[i], stands.By, run.Description)
			}
		}
	},
	"OfContendersOneStartsARun": func(w *world) {
		ctx := w.Context()
		const contenders = 8
		var errs [contenders]error
		var group sync.WaitGroup
		for i := range contenders {
			group.Go(func() { errs[i] = w.another().Start(ctx, started("Customers", 1, fmt.Sprint("process ", i))) })
		}
		group.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				gives(w, started("Customers", 1, fmt.Sprint("process ", i)))(w.Started(ctx, "Customers", 1))
			} else {
				w.want(dataflow.CodeExists, err)
			}
		}
		same(w, 1, won)
	},
	"ARecordThatCouldNotBeReadBackIsNotWritten": func(w *world) {
		ctx := w.Context()
		kindless := started("Customers", 1, "me")
		kindless.Kind = ""
		w.want(dataflow.CodeInvalid, w.Start(ctx, kindless))
		w.want(dataflow.CodeInvalid, w.Start(ctx, started("Customers", 0, "me")))
		open := decision("Customers", 1, "me")
		open.Outcome = ""
		_, err := w.Decide(ctx, open)
		w.want(dataflow.CodeInvalid, err)
		_, err = w.Finish(ctx, started("Customers", 1, "me").View()) // it is still processing
		w.want(dataflow.CodeInvalid, err)
		w.want(dataflow.CodeInvalid, w.Beat(ctx, "Customers", 1, beat("", 1)))
		phaseless := record("Customers", 1)
		phaseless.Phase = ""
		w.want(dataflow.CodeInvalid, w.PutDataflow(ctx, phaseless))
		for what, read := range w.reads("Customers") {
			if err := read(); !dataflow.IsCode(err, dataflow.CodeNotFound) {
				w.Errorf("%s: %v", what, err)
			}
		}
	},
	"ANameThatDiffersInCaseIsInvalid": func(w *world) {
		ctx := w.Context()
		w.must(w.PutDataflow(ctx, record("Customers", 1)))
		w.play(1)
		_, err := w.Decide(ctx, decision("Customers", 1, "me"))
		w.must(err)
		w.want(dataflow.CodeInvalid, w.PutDataflow(ctx, record("customers", 2)))
		w.want(dataflow.CodeInvalid, w.Start(ctx, started("customers", 2, "me")))
		_, err = w.Decide(ctx, decision("customers", 1, "me"))
		w.want(dataflow.CodeInvalid, err)
		_, err = w.Finish(ctx, finished("customers", 1, "me"))
		w.want(dataflow.CodeInvalid, err)
		_, err = w.Latest(ctx, "customers")
		w.want(dataflow.CodeInvalid, err)
		for what, read := range w.reads("customers") {
			if err := read(); what != "heartbeat" && !dataflow.IsCode(err, dataflow.CodeInvalid) { // a heartbeat has no name in it
				w.Errorf("%s: %v", what, err)
			}
		}
	},
	"ANameThatNoDataflowCanHaveIsInvalid": func(w *world) {
		for _, name := range []string{"", "a/b", "..", "a b"} {
			for what, read := range w.reads(name) {
				if err := read(); !dataflow.IsCode(err, dataflow.CodeInvalid) {
					w.Errorf("%s of %q: %v", what, name, err)
				}
			}
			w.want(dataflow.CodeInvalid, w.PutDataflow(w.Context(), record(name, 1)))
			w.want(dataflow.CodeInvalid, w.Start(w.Context(), started(name, 1, "me")))
		}
	},
	"ACallWhoseContextIsDoneDoesNothing": func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if err := w.Start(ctx, started("Customers", 1, "me")); err == nil {
			w.Error("it started a run")
		}
		if _, err := w.Started(w.Context(), "Customers", 1); !dataflow.IsCode(err, dataflow.CodeNotFound) {
			w.Errorf("the record: %v", err)
		}
	},
}

// Suite tells whether a ledger keeps to the contract of dataflow.Ledger. open makes a new, empty workspace, and cleans up after it.
func Suite(t *testing.T, open func(t testing.TB) Workspace) {
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		t.Run(rule, func(t *testing.T) {
			another := open(t)
			rules[rule](&world{TB: t, Ledger: another(), another: another})
		})
	}
}
