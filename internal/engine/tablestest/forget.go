package tablestest

import (
	"context"
	"errors"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func isLost(context.Context) error { return nil }

var forgetBehaviours = behaviours{
	"TheRowsStayAndTheNumbersAreGivenAgain": func(w *world) {
		w.load(1, row("a", "x", 1))
		second := w.load(2, row("a", "y", 2))
		w.stage(3, row("a", "z", 3))
		w.must(w.subject.Tag(users, "theirs", *second.After))
		w.must(w.tables.ForgetRuns(w.Context(), customers, users, isLost))
		w.want("refs", map[string]int64{"main": *second.After, "theirs": *second.After}, w.look().Refs)
		w.want("newest trace", int64(0), w.owned()[0].Trace)
		again := w.load(1, row("a", "y", 2), row("b", "x", 1))
		w.want("counts", dataflow.Counts{Read: 2, Added: 1, Unchanged: 1}, again.Counts)
	},
	"AHiddenTableIsNotHiddenByARunAnyMore": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		w.must(w.tables.ForgetRuns(w.Context(), customers, users, isLost))
		w.want("hidden by", "", w.look().HiddenBy)
		w.want("newest trace", int64(0), w.owned()[0].Trace)
	},
	"RunsThatAreNotLostStay": func(w *world) {
		w.load(1, row("a", "x", 1))
		before := w.look()
		begun := errors.New("run 2 has begun")
		if err := w.tables.ForgetRuns(w.Context(), customers, users, func(context.Context) error { return begun }); !errors.Is(err, begun) {
			w.Errorf("the error is %v, want the one that was given", err)
		}
		w.want("table", before, w.look())
	},
	"SomebodyElsesRunsStay": func(w *world) {
		w.load(1, row("a", "x", 1))
		before := w.look()
		w.wantCode(w.tables.ForgetRuns(w.Context(), "Other", users, isLost), dataflow.CodeForeign)
		w.want("table", before, w.look())
	},
	"WhoSleepsAfterHeWasToldThatTheyAreLostFindsTheNewOnes": func(w *world) {
		w.load(1, row("a", "x", 1))
		asked := 0
		err := w.tables.ForgetRuns(w.Context(), customers, users, func(context.Context) error {
			if asked++; asked > 1 {
				return errors.New("run 2 has begun")
			}
			w.load(2, row("a", "y", 2))
			return nil
		})
		if err == nil || asked != 2 {
			w.Errorf("asked %d times, then %v", asked, err)
		}
		w.want("runs", []int64{1, 2}, w.owned()[0].Runs)
	},
}
