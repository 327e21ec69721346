package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var dropBehaviours = behaviours{
	"TheEntryTheFilesAndTheDatabaseGo": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.load(2, row("b", "y", 1))
		drop := w.ticket(3, dataflow.ChangeDrop)
		for range 2 { // done twice it is done once
			w.want("result", dataflow.TableResult{TableChange: drop}, w.publish(3, drop))
			w.wantGone()
			w.want("data files", []string{}, w.dataFiles())
			databases, err := w.subject.Databases()
			w.must(err)
			w.want("databases", []string{}, databases)
		}
	},
	"NothingOfAnotherTableGoes": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.of(groups).load(1, row("g", "x", 1))
		drop := w.ticket(2, dataflow.ChangeDrop)
		other := w.of(groups).look()
		for range 2 {
			w.publish(2, drop)
			w.wantGone()
			w.want("the other table", other, w.of(groups).look())
			w.wantNoOrphans(groups)
		}
	},
	"ATableOfTheSameNameThatWasMadeMeanwhileIsLeftAlone": func(w *world) {
		old := w.load(1, row("a", "x", 1))
		drop := w.ticket(2, dataflow.ChangeDrop)
		w.publish(2, drop)
		anew := w.load(3, row("b", "y", 1))
		if anew.UUID == old.UUID {
			w.Error("the new table has the old one's uuid")
		}
		w.unchanged("a late drop", func() { w.publish(2, drop) })
		w.wantRows("main", map[string]string{"b": "y"})
	},
	"AHiddenTableGoes": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.publish(2, w.ticket(2, dataflow.ChangeHide))
		w.publish(3, w.ticket(3, dataflow.ChangeDrop))
		w.wantGone()
	},
	"WhatAnAbandonedRunLeftGoesWithIt": func(w *world) {
		w.load(1, row("a", "x", 1))
		w.stage(2, row("b", "y", 1))
		w.publish(3, w.ticket(3, dataflow.ChangeDrop))
		w.wantGone()
		w.want("data files", []string{}, w.dataFiles())
	},
	"ATableThatWasNeverPublishedGoesWithoutATicket": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		w.must(staging.Close())
		drop := w.ticket(2, dataflow.ChangeDrop)
		w.publish(2, drop)
		w.wantGone()
		w.load(3, row("a", "x", 1))
		w.unchanged("a late drop", func() { w.publish(2, drop) })
	},
	"WithoutATicketATableGoesOnWhichAnEarlierRunHasStagedSince": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		drop := w.ticket(2, dataflow.ChangeDrop)
		w.must(staging.Put(w.Context(), row("a", "x", 1)))
		_, err = staging.Commit(w.Context())
		w.must(err)
		w.must(staging.Close())
		w.publish(2, drop)
		w.wantGone()
		w.want("data files", []string{}, w.dataFiles())
	},
	"WithoutATicketATableThatHasRowsByNowIsLeftAlone": func(w *world) {
		staging, err := w.tables.Stage(w.Context(), request(1, users, narrow()))
		w.must(err)
		w.must(staging.Close())
		drop := w.ticket(2, dataflow.ChangeDrop)
		staged := w.stage(3, row("a", "x", 1))
		w.unchanged("the drop of a table that has something staged", func() { w.publish(2, drop) })
		w.publish(3, staged)
		w.unchanged("the drop of a table that was published", func() { w.publish(2, drop) })
	},
	"WithoutItsTicketItChangesNothing": func(w *world) {
		w.load(1, row("a", "x", 1))
		drop := w.ticket(2, dataflow.ChangeDrop)
		w.sweep(2)
		w.unchanged("a drop that was swept", func() { w.publish(2, drop) })
		w.publish(3, w.ticket(3, dataflow.ChangeHide))
		w.unchanged("a drop that was swept, of a table that another run has hidden", func() { w.publish(2, drop) })
	},
	"WhatBelongsToAnotherIsForeign": func(w *world) {
		w.load(1, row("a", "x", 1))
		drop := w.ticket(2, dataflow.ChangeDrop)
		w.unchanged("another's drop", func() {
			_, err := w.tables.Publish(w.Context(), "Other", 2, drop)
			w.wantCode(err, dataflow.CodeForeign)
		})
	},
}
