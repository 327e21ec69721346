package tablestest

import (
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var groupsID = dataflow.TableID{Database: "customers", Name: "groups"}

// stageGroups stages a second table.
func (w *world) stageGroups(run int64, rows ...dataflow.Row) dataflow.TableChange {
	w.Helper()
	change, err := w.tryStage(w.tables, request(run, groupsID, w.schema), rows...)
	w.must(err)
	return change
}

// publishAll publishes changes together, and then each by itself, as a run does.
func (w *world) publishAll(run int64, changes ...dataflow.TableChange) {
	w.Helper()
	w.must(w.tables.PublishTogether(w.Context(), customers, run, changes))
	for _, change := range changes {
		w.publish(run, change)
	}
}

// tagged says which of the tables have a run's tag.
func (w *world) tagged(run string) (users, groups bool) {
	w.Helper()
	other, err := w.subject.Look(groupsID)
	w.must(err)
	_, users = w.look().Refs[run]
	_, groups = other.Refs[run]
	return users, groups
}

// togetherBehaviours hold for catalogs with transactions and for those without: there the calls of Publish do it all.
var togetherBehaviours = behaviours{
	"AllTablesMoveOrNone": func(w *world) {
		changes := []dataflow.TableChange{w.stage(1, row("a", "x", 1)), w.stageGroups(1, row("g", "x", 1))}
		w.must(w.tables.PublishTogether(w.Context(), customers, 1, changes))
		if users, groups := w.tagged("run_1"); users != groups {
			w.Errorf("one table is at the run and the other is not: %t, %t", users, groups)
		}
	},
	"WhatItHasDonePublishFindsDone": func(w *world) {
		w.publishAll(1, w.stage(1, row("a", "x", 1)), w.stageGroups(1, row("g", "x", 1)))
		users, groups := w.stage(2, row("b", "y", 1)), w.stageGroups(2, row("g", "x", 1)) // one changes, the other is kept
		w.publishAll(2, users, groups)
		w.wantRows("main", map[string]string{"b": "y"})
		other, err := w.subject.Look(groupsID)
		w.must(err)
		w.want("refs of the kept table", map[string]int64{"main": *groups.After, "run_1": *groups.After, "run_2": *groups.After}, other.Refs)
		w.unchanged("a second time", func() { w.publishAll(2, users, groups) })
	},
	"WhatSomebodyElsePutOnMainIsReplacedAndNamedByPublish": func(w *world) {
		w.publishAll(1, w.stage(1, row("a", "x", 1)), w.stageGroups(1, row("g", "x", 1)))
		users, groups := w.stage(2, row("b", "y", 1)), w.stageGroups(2, row("h", "x", 1))
		theirs := w.overwrite()
		w.must(w.tables.PublishTogether(w.Context(), customers, 2, []dataflow.TableChange{users, groups}))
		w.want("replaced", &theirs, w.publish(2, users).Replaced)
		w.want("replaced of the other table", (*int64)(nil), w.publish(2, groups).Replaced)
	},
	"ATableIsHiddenAndOneIsDroppedWithTheOthers": func(w *world) {
		w.publishAll(1, w.stage(1, row("a", "x", 1)), w.stageGroups(1, row("g", "x", 1)))
		users := w.ticket(2, dataflow.ChangeHide)
		groups, err := w.tables.Ticket(w.Context(), ticketRequest(2, groupsID, dataflow.ChangeDrop, 0))
		w.must(err)
		w.publishAll(2, users, groups)
		w.want("who hid it", "2", w.look().HiddenBy)
		_, err = w.subject.Look(groupsID)
		w.wantCode(err, dataflow.CodeNotFound)
	},
	"ATableThatIsGoneIsLeftToPublish": func(w *world) {
		w.publishAll(1, w.stage(1, row("a", "x", 1)), w.stageGroups(1, row("g", "x", 1)))
		users, groups := w.stage(2, row("b", "y", 1)), w.stageGroups(2, row("h", "x", 1))
		drop, err := w.tables.Ticket(w.Context(), ticketRequest(3, groupsID, dataflow.ChangeDrop, 0))
		w.must(err)
		w.publish(3, drop)
		w.must(w.tables.PublishTogether(w.Context(), customers, 2, []dataflow.TableChange{users, groups}))
		w.publish(2, users)
		_, err = w.tables.Publish(w.Context(), customers, 2, groups)
		w.wantCode(err, dataflow.CodeNotFound)
	},
	"LateItChangesNothing": func(w *world) {
		users, groups := w.stage(1, row("a", "x", 1)), w.stageGroups(1, row("g", "x", 1))
		w.publishAll(1, users, groups)
		w.publishAll(2, w.stage(2, row("b", "y", 1)), w.stageGroups(2, row("h", "x", 1)))
		w.unchanged("a late call", func() {
			w.must(w.tables.PublishTogether(w.Context(), customers, 1, []dataflow.TableChange{users, groups}))
		})
		w.retain(2, 1)
		w.unchanged("a late call after the run was let go", func() {
			err := w.tables.PublishTogether(w.Context(), customers, 1, []dataflow.TableChange{users, groups})
			if err != nil { // only where there are transactions
				w.wantCode(err, dataflow.CodeAbandoned)
			}
		})
	},
}
