package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine/enginetest"
)

func TestImport_TheFirstOnePublishesEveryTable(t *testing.T) {
	w := newWorld(t)
	p := w.process("first")
	order := p.declare(definition("users", "groups"))
	run := p.completes(order)

	want(t, "description", "Imported 2 tables: groups 1 row (1 added); users 3 rows (3 added).", run.Description)
	w.holds(usersID, "users")
	w.holds(groupsID, "groups")
	want(t, "refs of users", "main run_1", w.refs(usersID))
	want(t, "refs of groups", "main run_1", w.refs(groupsID))
	want(t, "history", "1 Completed", w.history())
	want(t, "phase", dataflow.PhaseCreated, w.record().Phase)
	want(t, "open sessions of the source", 0, w.source.Open())
	want(t, "calls", 5, run.Usage.Calls)
	want(t, "events", []string{
		"started", "staging groups", "staged groups", "staging users", "staged users",
		"decided", "published groups", "published users", "finished",
	}, p.seen())
}

func TestImport_TheFinishedRunSaysAllThereIsToKnow(t *testing.T) {
	now := time.Date(2025, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))
	w := newWorld(t)
	p := w.processWithClock("first", func() time.Time { return now })
	order := p.declare(definition("groups"))
	run := p.completes(order)

	m, err := w.catalog.Load(groupsID)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 3, 1, 11, 0, 0, 123000000, time.UTC) // UTC, whole milliseconds
	one := int64(1)
	table := dataflow.TableResult{
		TableChange: dataflow.TableChange{
			Key: "groups", FileName: "Groups", TableID: groupsID, Definition: order.Definition.Tables["groups"],
			UUID: m.UUID, Change: dataflow.ChangePublish, After: m.Ref("main"), Ticket: m.Ref("main"),
			MetadataLocation: m.Location + "/metadata/00002.json", Counts: dataflow.Counts{Read: 1, Added: 1}, DataAsOf: &at,
		},
		PublishedMetadataLocation: m.MetadataLocation,
	}
	want(t, "run", dataflow.Run{
		Dataflow: "Customers", UID: order.UID, Run: 1, Kind: dataflow.KindImport, Status: dataflow.StatusCompleted,
		Trigger: dataflow.TriggerCreate, Description: "Imported 1 table: groups 1 row (1 added).",
		StartedAt: at, EndedAt: &at, Owner: p.self, Digest: order.Definition.Digest(),
		Tables: []dataflow.TableResult{table}, Usage: dataflow.Usage{Calls: 3},
		Standing: dataflow.Standing{
			CurrentRun: &one, UID: order.UID, Digest: order.Definition.Digest(), LastRefreshAt: &at, DataAsOf: &at, LastImport: dataflow.StatusCompleted,
			Tables: []dataflow.TableResult{table}, Databases: []string{"customers"}, Retained: []int64{1},
		},
	}, run)
	record := w.record()
	want(t, "record", dataflow.Record{
		Version: 2, UID: order.UID, Phase: dataflow.PhaseCreated, Type: enginetest.Type, Definition: order.Definition, CreatedAt: at, UpdatedAt: at,
	}, record)
}

func TestImport_AnUnchangedTableGetsATagAndNoDataFile(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	files := w.catalog.Files("")
	run := p.completes(order)

	want(t, "description", "Imported 2 tables: groups 1 row (unchanged); users 3 rows (unchanged).", run.Description)
	want(t, "data files", files, w.catalog.Files(""))
	want(t, "refs", "main run_1 run_2", w.refs(usersID))
	want(t, "change", dataflow.ChangeKeep, run.Tables[1].Change)
	want(t, "current run", 2, *run.Standing.CurrentRun)
}

func TestImport_CountsWhatWasAddedChangedAndRemoved(t *testing.T) {
	w, p, order := imported(t, "users")
	w.source.Put("users", row("u2", "Bobby"), row("u4", "Dan"), row("u5", "Eve"))
	w.source.Delete("users", "u1")
	w.source.KeepAsText("users", 7)
	run := p.completes(order)

	want(t, "counts", dataflow.Counts{Read: 4, Added: 2, Changed: 1, Removed: 1, Unchanged: 1, KeptAsText: 7}, run.Tables[0].Counts)
	want(t, "description", "Imported 1 table: users 4 rows (2 added, 1 changed, 1 removed, 7 values kept as text).", run.Description)
	w.holds(usersID, "users")
	before, err := w.catalog.Rows(usersID, "run_1")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "rows at run 1", 3, len(before))
}

func TestImport_ANewColumnBecomesCurrentWithThePublish(t *testing.T) {
	w, _, order := imported(t, "users")
	w.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Schema: columns("name", "email")})
	w.source.Put("users", row("u1", "Ada", "ada@example.com"), row("u2", "Bob", ""), row("u3", "Cyd", nil))
	hook, asleep, wake := enginetest.SleepAt("publish", enginetest.Writing)
	done := make(chan dataflow.Run)
	go func() { done <- w.process("second", hook).completes(order) }()
	<-asleep
	staged, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "current schema while it is staged", 0, staged.CurrentSchema)
	want(t, "rows while it is staged", row("u1", "Ada"), w.rows(usersID)["u1"])
	wake()
	run := <-done
	want(t, "counts", dataflow.Counts{Read: 3, Changed: 2, Unchanged: 1}, run.Tables[0].Counts)
	published, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "current schema", 1, published.CurrentSchema)
	w.holds(usersID, "users")
}

func TestImport_WithoutDataLoadsTheProfileAndNoRow(t *testing.T) {
	w := newWorld(t)
	p := w.process("first")
	d := definition("users")
	d.Tables["users"] = dataflow.TableDefinition{Purpose: dataflow.PurposePrivacyMetadata, Metadata: true, TableName: "users"}
	run := p.completes(p.declare(d))
	want(t, "description", "Imported 1 table: users metadata of 3 rows.", run.Description)
	want(t, "counts", dataflow.Counts{Read: 3}, run.Tables[0].Counts)
	want(t, "rows", map[string]dataflow.Row{}, w.rows(usersID))
	want(t, "data files", nil, w.catalog.Files(""))
	published, err := w.catalog.Load(usersID)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "rows of the profile", 3, published.Snapshots[*run.Tables[0].After].Profile.Rows)
}

func TestImport_TurningDataOffEmptiesTheTableWhateverTheGuardSays(t *testing.T) {
	w, p, order := imported(t, "users")
	order.Definition = definition("users")
	order.Definition.MaxRemovedPercent = 0
	order.Definition.Tables["users"] = dataflow.TableDefinition{Purpose: dataflow.PurposePrivacyMetadata, Metadata: true, TableName: "users"}
	run := p.completes(order)
	want(t, "counts", dataflow.Counts{Read: 3, Removed: 3}, run.Tables[0].Counts)
	want(t, "rows", map[string]dataflow.Row{}, w.rows(usersID))
}

func TestImport_ATableTakenOutOfTheDefinitionIsHiddenAndComesBack(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	order.Definition = definition("users")
	run := p.completes(order)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged). Taken out: customers.groups hidden.", run.Description)
	want(t, "refs of the hidden table", "run_1", w.refs(groupsID))
	want(t, "tables as they stand", []string{"users"}, keysOf(run.Standing.Tables))

	run = p.completes(order)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged).", run.Description)

	order.Definition = definition("users", "groups")
	run = p.completes(order)
	want(t, "description", "Imported 2 tables: groups 1 row (1 added); users 3 rows (unchanged).", run.Description)
	want(t, "refs of the table", "main run_1 run_4", w.refs(groupsID))
	w.holds(groupsID, "groups")
}

func TestImport_ARenamedTableIsANewOneAndTheOldOneIsHidden(t *testing.T) {
	w, p, order := imported(t, "users")
	order.Definition = definition("users")
	order.Definition.Tables["users"] = dataflow.TableDefinition{Purpose: dataflow.PurposeAll, Data: true, Metadata: true, TableName: "people"}
	run := p.completes(order)
	want(t, "description", "Imported 1 table: people 3 rows (3 added). Taken out: customers.users hidden.", run.Description)
	w.holds(dataflow.TableID{Database: "customers", Name: "people"}, "users")
	want(t, "refs of the old table", "run_1", w.refs(usersID))
	want(t, "tables as they stand", []string{"users"}, keysOf(run.Standing.Tables))
}

func TestImport_ATableThatSomebodyDroppedIsNotHiddenButForgotten(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	m, err := w.catalog.Load(groupsID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.catalog.Drop(groupsID, m.MetadataLocation); err != nil {
		t.Fatal(err)
	}
	order.Definition = definition("users")
	run := p.completes(order)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged).", run.Description)
}

func TestImport_NamesTheSnapshotOfSomebodyElseThatItReplaced(t *testing.T) {
	w, _, order := imported(t, "users")
	w.source.Put("users", row("u4", "Dan"))
	var theirs int64
	meddle := func(_ context.Context, step enginetest.Step) (err error) {
		if step.Op == "decision" && step.When == enginetest.Written {
			theirs, err = w.catalog.Overwrite(usersID)
		}
		return err
	}
	run := w.process("second", meddle).completes(order)
	want(t, "replaced", &theirs, run.Tables[0].Replaced)
	want(t, "description", "Imported 1 table: users 4 rows (1 added). "+
		"Somebody else had written to table customers.users: its snapshot "+number(theirs)+" was replaced.", run.Description)
	w.holds(usersID, "users")
}

func TestImport_NamesTheSnapshotOfSomebodyElseThatItFound(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	theirs, err := w.catalog.Overwrite(usersID)
	if err != nil {
		t.Fatal(err)
	}
	run := p.completes(order)
	want(t, "description", "Imported 2 tables: groups 1 row (unchanged); users 3 rows (3 added). "+
		"Somebody else had written to table customers.users: its snapshot "+number(theirs)+" was replaced.", run.Description)
	w.holds(usersID, "users")

	w.source.Delete("users", "u3")
	run = p.completes(order)
	want(t, "description", "Imported 2 tables: groups 1 row (unchanged); users 2 rows (1 removed).", run.Description)
}

func TestImport_TakesAnUnchangedTableBackFromSomebodyElseWhoWroteToIt(t *testing.T) {
	w, _, order := imported(t, "users")
	var theirs int64
	meddle := func(_ context.Context, step enginetest.Step) (err error) {
		if step.Op == "decision" && step.When == enginetest.Written {
			theirs, err = w.catalog.Overwrite(usersID)
		}
		return err
	}
	run := w.process("second", meddle).completes(order)
	want(t, "description", "Imported 1 table: users 3 rows (unchanged). "+
		"Somebody else had written to table customers.users: its snapshot "+number(theirs)+" was replaced.", run.Description)
	w.holds(usersID, "users")
}

func TestImport_AFailureLeavesNothingPublished(t *testing.T) {
	denied := &dataflow.Error{
		Code: dataflow.CodeAccessDenied, Op: "ListUsers", Cause: errors.New("AccessDeniedException: not authorized"),
		Hint: "Allow cognito-idp:ListUsers.",
	}
	full := errors.New("no space left on device")
	fails := func(call, key string, rows int, err error) func(*world) enginetest.Hook {
		return func(w *world) enginetest.Hook {
			w.source.Before(func(_ context.Context, at enginetest.Point) error {
				if at == (enginetest.Point{Call: call, Key: key, Row: rows}) {
					return err
				}
				return nil
			})
			return func(context.Context, enginetest.Step) error { return nil }
		}
	}
	cases := map[string]struct {
		arrange     func(*world) enginetest.Hook
		code        dataflow.Code
		description string
	}{
		"to open the source": {
			fails("Open", "", 0, denied), dataflow.CodeAccessDenied,
			"ListUsers: AccessDeniedException: not authorized. Allow cognito-idp:ListUsers. Nothing was published; the tables are at run 1.",
		},
		"to be allowed to read": {
			fails("CheckTables", "", 0, denied), dataflow.CodeAccessDenied,
			"ListUsers: AccessDeniedException: not authorized. Allow cognito-idp:ListUsers. Nothing was published; the tables are at run 1.",
		},
		"to describe a table": {
			fails("Table", "users", 0, denied), dataflow.CodeAccessDenied,
			"table users: ListUsers: AccessDeniedException: not authorized. Allow cognito-idp:ListUsers. Nothing was published; the tables are at run 1.",
		},
		"to begin a scan": {
			fails("Scan", "users", 0, denied), dataflow.CodeAccessDenied,
			"table users: ListUsers: AccessDeniedException: not authorized. Allow cognito-idp:ListUsers. Nothing was published; the tables are at run 1.",
		},
		"in the middle of a scan": {
			fails("Scan", "users", 2, denied), dataflow.CodeAccessDenied,
			"table users: ListUsers: AccessDeniedException: not authorized. Allow cognito-idp:ListUsers. Nothing was published; the tables are at run 1.",
		},
		"to write a data file": {
			func(*world) enginetest.Hook { return enginetest.FailOnce("write file", enginetest.Writing, full) }, dataflow.CodeInternal,
			"table groups: stage: no space left on device. Nothing was published; the tables are at run 1.",
		},
		"to commit the staging": {
			func(*world) enginetest.Hook { return enginetest.FailOnce("stage", enginetest.Writing, full) }, dataflow.CodeInternal,
			"table groups: stage: no space left on device. Nothing was published; the tables are at run 1.",
		},
		"to learn that the staging was committed": {
			func(*world) enginetest.Hook { return enginetest.FailOnce("stage", enginetest.Written, full) }, dataflow.CodeInternal,
			"table groups: stage: no space left on device. Nothing was published; the tables are at run 1.",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, _, order := imported(t, "users", "groups")
			files, rows, groups := w.catalog.Files(""), w.rows(usersID), w.rows(groupsID)
			w.source.Put("users", row("u4", "Dan"))
			w.source.Put("groups", row("g2", "Guests"))
			p := w.process("second", c.arrange(w))
			_, err := p.Import(t.Context(), order)

			run := failed(t, err, c.description)
			want(t, "message", `Run 2 of dataflow "Customers" failed: `+c.description, err.Error())
			want(t, "code", c.code, dataflow.CodeOf(err))
			want(t, "rows of users", rows, w.rows(usersID))
			want(t, "rows of groups", groups, w.rows(groupsID))
			want(t, "refs of users", "main run_1", w.refs(usersID))
			want(t, "refs of groups", "main run_1", w.refs(groupsID))
			want(t, "data files", files, w.catalog.Files(""))
			want(t, "current run", 1, *run.Standing.CurrentRun)
			want(t, "last import", dataflow.StatusFailed, run.Standing.LastImport)
			want(t, "tables of the run", 0, len(run.Tables))
			want(t, "open sessions of the source", 0, w.source.Open())

			w.source.Before(nil)
			p.completes(order)
			w.holds(usersID, "users")
			w.holds(groupsID, "groups")
			want(t, "history", "1 Completed, 2 Failed, 3 Completed", w.history())
		})
	}
}

func TestImport_AFailureBeforeTheFirstPublishSaysThatThereAreNoTables(t *testing.T) {
	w := newWorld(t)
	p := w.process("first")
	order := p.declare(definition("users", "devices"))
	_, err := p.Import(t.Context(), order)
	failed(t, err, "table devices: the source has no such table. Nothing was published; there are no tables yet.")
	want(t, "phase", dataflow.PhaseCreating, w.record().Phase)
}

func TestImport_TheDefinitionIsRecordedOnlyWhenItsRunHasCompleted(t *testing.T) {
	w, p, order := imported(t, "users")
	first := order.Definition
	order.Definition = definition("users", "devices")
	_, err := p.Import(t.Context(), order)
	failed(t, err, "table devices: the source has no such table. Nothing was published; the tables are at run 1.")
	want(t, "definition", first, w.record().Definition)
	started, err := w.ledger().Started(t.Context(), "Customers", 2)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "definition that was tried", order.Definition, started.Definition)
}

func TestImport_ATableOfSomebodyElseIsRefusedAndTheOthersAreCleanedUp(t *testing.T) {
	w := newWorld(t)
	other := definition("users")
	other.Name, other.Database = "Other", "shared"
	if err := w.catalog.CreateNamespace("shared", nil); err != nil {
		t.Fatal(err)
	}
	o := w.process("other")
	o.completes(o.declare(other))

	p := w.process("first")
	d := definition("users", "groups")
	d.Database = "shared"
	order := p.declare(d)
	_, err := p.Import(t.Context(), order)
	failed(t, err, `table users: stage: table shared.users: it belongs to dataflow "Other". `+
		"Choose another table_name or database. Nothing was published; there are no tables yet.")
	want(t, "code", dataflow.CodeForeign, dataflow.CodeOf(err))
	want(t, "refs of groups", "", w.refs(dataflow.TableID{Database: "shared", Name: "groups"}))
	want(t, "refs of users", "main run_1", w.refs(dataflow.TableID{Database: "shared", Name: "users"}))
}

func TestImport_TheGuardHoldsAtItsEdge(t *testing.T) {
	cases := map[string]struct {
		had, removed int
		max          int64
		refused      string
	}{
		"nothing removed, nothing allowed":  {had: 4, removed: 0, max: 0},
		"one removed, nothing allowed":      {had: 4, removed: 1, max: 0, refused: "1 of 4 rows of table users, more than max_removed_percent = 0"},
		"half removed, half allowed":        {had: 4, removed: 2, max: 50},
		"more than half of few":             {had: 3, removed: 2, max: 50, refused: "2 of 3 rows of table users, more than max_removed_percent = 50"},
		"one row more than half of many":    {had: 200, removed: 101, max: 50, refused: "101 of 200 rows of table users, more than max_removed_percent = 50"},
		"all removed, all but one allowed":  {had: 200, removed: 200, max: 99, refused: "200 of 200 rows of table users, more than max_removed_percent = 99"},
		"all removed, all allowed":          {had: 200, removed: 200, max: 100},
		"there was nothing to be removed":   {had: 0, removed: 0, max: 0},
		"less than a percent, none allowed": {had: 200, removed: 1, max: 0, refused: "1 of 200 rows of table users, more than max_removed_percent = 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.source.Delete("users", "u1", "u2", "u3")
			users := manyUsers(c.had)
			w.source.Put("users", users...)
			p := w.process("first")
			order := p.declare(definition("users"))
			p.completes(order)
			for _, u := range users[:c.removed] {
				w.source.Delete("users", u[0].(string))
			}
			order.Definition.MaxRemovedPercent = c.max
			_, err := p.Import(t.Context(), order)
			if c.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				w.holds(usersID, "users")
				return
			}
			failed(t, err, "the run would remove "+c.refused+" allows. "+
				"If the source is right, raise max_removed_percent for one apply. Nothing was published; the tables are at run 1.")
			want(t, "code", dataflow.CodeGuard, dataflow.CodeOf(err))
			want(t, "rows", c.had, len(w.rows(usersID)))
			want(t, "refs", "main run_1", w.refs(usersID))
		})
	}
}

func TestImport_TheGuardNamesEveryTableAndWhereTheRowsComeFromNow(t *testing.T) {
	w, p, order := imported(t, "users", "groups")
	lead := func(source string) {
		w.source.SetTable(dataflow.SourceTable{Key: "users", FileName: "Users", Schema: columns("name"), Source: source})
		w.source.SetTable(dataflow.SourceTable{Key: "groups", FileName: "Groups", Schema: columns("name"), Source: source})
	}
	lead("pool A")
	w.source.Put("users", manyUsers(10)...)
	w.source.Put("groups", row("g1", "Admins"), row("g2", "Guests"))
	order.Definition.MaxRemovedPercent = 100
	p.completes(order)
	lead("pool B")
	w.source.Put("users", manyUsers(1)...)
	order.Definition.MaxRemovedPercent = 20
	_, err := p.Import(t.Context(), order)
	failed(t, err, "the run would remove 9 of 10 rows of table users, 2 of 2 rows of table groups, more than max_removed_percent = 20 allows. "+
		`The tables have the rows of pool A, and connector "App" leads to pool B. `+
		"If that is meant, set max_removed_percent = 100 for one apply, or keep both with a dataflow for each. Nothing was published; the tables are at run 2.")
	order.Definition.MaxRemovedPercent = 100
	want(t, "where the rows come from", "pool B", p.completes(order).Standing.Source())
	order.Target = new(int64(2))
	run, err := p.Rollback(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "where they come from after a rollback", "pool A", run.Standing.Source())
}

func TestImport_RefusesADataflowThatIsNotTheOneItWasPlannedFor(t *testing.T) {
	cases := map[string]struct {
		arrange func(*process, *engine.Order)
		code    dataflow.Code
	}{
		"made anew since": {func(p *process, order *engine.Order) {
			if err := p.Forget(p.w.t.Context(), order.UID, "Customers"); err != nil {
				p.w.t.Fatal(err)
			}
			p.declare(order.Definition)
		}, dataflow.CodeForeign},
		"removed since": {func(p *process, order *engine.Order) {
			if err := p.Forget(p.w.t.Context(), order.UID, "Customers"); err != nil {
				p.w.t.Fatal(err)
			}
		}, dataflow.CodeNotFound},
		"never declared": {func(_ *process, order *engine.Order) { order.Definition.Name = "Nobody" }, dataflow.CodeNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, p, order := imported(t, "users")
			c.arrange(p, &order)
			_, err := p.Import(t.Context(), order)
			want(t, "code", c.code, dataflow.CodeOf(err))
			want(t, "history", "1 Completed", w.history())
		})
	}
}

func keysOf(tables []dataflow.TableResult) []string {
	var keys []string
	for _, table := range tables {
		keys = append(keys, table.Key)
	}
	return keys
}
