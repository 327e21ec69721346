package simulation

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is a mistake made on purpose, which the simulation must catch.
type mutant struct {
	mistake    string
	edits      []edit
	properties []string // one of which must catch it
}

// edit replaces text in a file of the engine's folder; the text must be there exactly once.
type edit struct{ file, old, new string }

const (
	tablesFile  = "enginetest/tables.go"
	catalogFile = "enginetest/catalog.go"
	ledgerFile  = "enginetest/ledger.go"
	stagingFile = "enginetest/staging.go"
)

var mutants = []mutant{
	{"a decision is overwritten", []edit{{ledgerFile,
		"return once(ctx, l, decisionAt(decision.Dataflow, decision.Run), decision)",
		"return decision, put(ctx, l, decisionAt(decision.Dataflow, decision.Run), decision, false)",
	}}, []string{"records stand"}},
	{"a dead owner's run is abandoned in spite of its publish decision", []edit{{"recover.go",
		"	if dead {\n		decision, err = e.ledger.Decide(",
		`	if err == nil && e.liveness(started.Owner) == dataflow.LivenessDead {
		decision = dataflow.Decision{Dataflow: name, Run: run, Outcome: dataflow.OutcomeAbandon, By: e.self.ID, Reason: interrupted}
		_, err = e.ledger.Decide(ctx, decision)
	} else if dead {
		decision, err = e.ledger.Decide(`,
	}}, []string{"tickets stand", "history complete"}},
	{"an owner ignores that its run was abandoned", []edit{{"run.go",
		"decided, err := e.ledger.Decide(last, decision)",
		"_, err = e.ledger.Decide(last, decision)\n	decided := decision",
	}}, []string{"abandoned does nothing", "late changes nothing"}},
	{"a refused commit is taken for a failure", []edit{{tablesFile,
		"		result, err := t.publish(ctx, name, run, change)\n		if errors.Is(err, ErrRefused) {\n			continue // the table moved meanwhile: read again\n		}\n",
		"		result, err := t.publish(ctx, name, run, change)\n",
	}}, []string{"goes on"}},
	{"the lock is taken without a look at the run before", []edit{{"start.go",
		"if previous, err = e.settle(ctx, name, latest); err != nil {",
		"if previous, err = e.ledger.Finished(ctx, name, latest); err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {",
	}}, []string{"goes on"}},
	{"a run's started record is not write-once", []edit{{ledgerFile,
		"started.Run), started, true)", "started.Run), started, false)",
	}}, []string{"records stand"}},
	{"the tag is forgotten", []edit{{tablesFile,
		"SetRef(MainBranch, Ref{Snapshot: *change.After}), SetRef(tag, Ref{Snapshot: *change.After, Tag: true}),",
		"SetRef(MainBranch, Ref{Snapshot: *change.After}),",
	}}, []string{"history complete"}},
	{"retention keeps one run too few", []edit{{"retain.go",
		"older := max(0, len(imports)-int(max(started.Definition.RetainRuns, 1)))",
		"older := max(0, len(imports)-int(max(started.Definition.RetainRuns-1, 0)))",
	}}, []string{"kept readable"}},
	{"retention counts rollbacks", []edit{{"retain.go",
		"older := max(0, len(imports)-int(max(started.Definition.RetainRuns, 1)))",
		"older := min(len(imports), max(0, len(imports)+len(before.Rollbacks)-int(max(started.Definition.RetainRuns, 1))))",
	}}, []string{"kept readable"}},
	{"retention follows the definition instead of the decision", []edit{{"retain.go",
		"	if len(decision.LetGo) == 0 {\n",
		`	record, err := e.ledger.Dataflow(ctx, started.Dataflow)
	if err != nil {
		return err
	}
	started.Definition = record.Definition
	decision.LetGo = letGo(started, before)
	if len(decision.LetGo) == 0 {
`,
	}}, []string{"retention follows the decision"}},
	{"the decision is made before the last table is staged", []edit{{"import.go",
		"for _, key := range slices.Sorted(maps.Keys(started.Definition.Tables)) {",
		"keys := slices.Sorted(maps.Keys(started.Definition.Tables))\n	for _, key := range keys[:max(1, len(keys)-1)] {",
	}}, []string{"one run"}},
	{"a run is finished before it is published", []edit{{"run.go",
		"	for _, change := range decision.Tables {\n		result, err := e.tables.Publish(",
		`	run.Status = dataflow.StatusCompleted
	if _, err := e.finish(ctx, run, e.standingAfter(before, run, started, decision, started.Definition.Digest())); err != nil {
		return dataflow.Run{}, err
	}
	for _, change := range decision.Tables {
		result, err := e.tables.Publish(`,
	}}, []string{"history complete"}},
	{"tables are published one by one where the catalog has transactions", []edit{{"run.go",
		"if err := e.tables.PublishTogether(ctx, started.Dataflow, started.Run, decision.Tables); err != nil {",
		"if err := ctx.Err(); err != nil {",
	}}, []string{"together"}},
	{"a rollback makes no tickets", []edit{
		{tablesFile,
			"	if wanted == nil || change.Ticket != nil {",
			"	if wanted == nil || change.Ticket != nil || req.Change == dataflow.ChangePublish {"},
		{tablesFile, "if change.After == nil || change.Ticket == nil {", "if change.After == nil {"},
	}, []string{"late changes nothing"}},
	{"a ticket is made again when a run is rolled forward", []edit{{tablesFile,
		"			return result, ticketGone(run, change)\n",
		`			m, err = t.commit(ctx, "ticket", change.TableID, []Requirement{AssertUUID(m.UUID)},
				[]Update{SetRef(branchOf(run), Ref{Snapshot: *change.Ticket})})
			if err != nil {
				return result, err
			}
`,
	}}, []string{"tickets stand"}},
	{"the publish leaves the ticket", []edit{{tablesFile,
		"return requirements, append(updates, RemoveRef(branch))", "return requirements, updates",
	}}, []string{"recovers alone", "decision is followed", "history complete"}},
	{"a sweep removes every branch", []edit{{tablesFile,
		"		updates := []Update{RemoveRef(branch)}\n		if m.Snapshots",
		`		var updates []Update
		for other, ref := range m.Refs {
			if !ref.Tag && other != MainBranch {
				updates = append(updates, RemoveRef(other))
			}
		}
		if m.Snapshots`,
	}}, []string{"tickets stand"}},
	{"a table is hidden by another name", []edit{
		{tablesFile,
			"	case dataflow.ChangeHide, dataflow.ChangeDrop:\n		updates = append(updates, RemoveRef(MainBranch),",
			`	case dataflow.ChangeHide, dataflow.ChangeDrop:
		if change.Change == dataflow.ChangeHide {
			updates = append(updates, func(m *Metadata) error {
				m.ID.Name += "_hidden"
				return nil
			})
		}
		updates = append(updates, RemoveRef(MainBranch),`},
		{catalogFile, "	return c.put(next), nil\n", "	if next.ID != id {\n		delete(c.tables, id)\n	}\n	return c.put(next), nil\n"},
	}, []string{"decision is followed", "kept readable"}},
	{"a table is dropped by its name alone", []edit{{catalogFile,
		"	case now.MetadataLocation != metadataLocation:\n", "	case now.MetadataLocation == \"\":\n",
	}}, []string{"late changes nothing"}},
	{"orphan files are found by their age", []edit{{tablesFile,
		"t.catalog.Files(dataPrefix(m.Location, run))", `t.catalog.Files(m.Location + "/data/")`,
	}}, []string{"live files stay"}},
	{"a publish does not assert where main is", []edit{{tablesFile,
		"AssertRef(tag, nil), AssertRef(MainBranch, m.Ref(MainBranch))}", "AssertRef(tag, nil)}",
	}}, []string{"no foreign commit overwritten unseen"}},
	{"a stale definition is written back", []edit{{ledgerFile,
		"	return put(ctx, l, versionAt(name, record.Version), record, true)",
		`	if err := put(ctx, l, versionAt(name, record.Version), record, true); !dataflow.IsCode(err, dataflow.CodeExists) {
		return err
	}
	record.Version++
	return l.PutDataflow(ctx, record)`,
	}}, []string{"late changes nothing"}},

	// More than a list of known mistakes asks for.
	{"an unchanged table gets no ticket", []edit{
		{stagingFile,
			`		m, err = s.tables.commit(ctx, "ticket", s.req.ID,
			[]Requirement{AssertUUID(m.UUID), AssertRef(branch, nil), AssertRef(MainBranch, main)}, []Update{SetRef(branch, Ref{Snapshot: *main})})
		change.Change, change.After, change.Ticket, change.MetadataLocation = dataflow.ChangeKeep, main,` + ` main, m.MetadataLocation
`,
			"		change.Change, change.After = dataflow.ChangeKeep, main\n"},
		{tablesFile, "if change.After == nil || change.Ticket == nil {", "if change.After == nil {"},
	}, []string{"late changes nothing"}},
	{"a sweep looks at the definition's tables alone", []edit{{"sweep.go",
		"	for _, t := range owned {\n		ids = append(ids, t.ID)\n	}\n", "	_ = owned\n",
	}}, []string{"recovers alone"}},
	{"a start does not sweep what earlier runs left", []edit{{"sweep.go",
		"	for _, run := range before.Failed {\n", "	for _, run := range before.Failed[:0] {\n",
	}}, []string{"recovers alone"}},
	{"a run's finished record is not write-once", []edit{{ledgerFile,
		"return once(ctx, l, finishedAt(run.Dataflow, run.Run), run)", "return run, put(ctx, l, finishedAt(run.Dataflow, run.Run), run, false)",
	}}, []string{"records stand"}},
	{"a rollback leaves the schema", []edit{{tablesFile,
		"		if change.SchemaID != nil {\n			updates", "		if change.SchemaID != nil && change.Counts.Added > 0 {\n			updates",
	}}, []string{"one run"}},
	{"an abandoned run is not swept", []edit{{"sweep.go",
		"	slices.SortFunc(ids, compareIDs)\n", "	ids = nil\n	slices.SortFunc(ids, compareIDs)\n",
	}}, []string{"recovers alone"}},
	{"an import goes on from a failed one after which another was completed", []edit{{"resume.go",
		"if len(before.Retained) == 0 || run > slices.Max(before.Retained) {", "if run > 0 {",
	}}, []string{"resumes from failed runs"}},
	{"the rows of a part that is taken over are left out", []edit{{"resume.go",
		"full = r.toTable(row)", "full = r.ctx.Err()",
	}}, []string{"one run", "history complete"}},
	{"a rollback hides nothing that its target did not have", []edit{{"rollback.go",
		"	hidden, err := e.stageHidden(ctx, started, before, has, result.letGo)\n	result.tables = append(result.tables, hidden...)\n	return result, err",
		"	return result, nil",
	}}, []string{"one run"}},
}

// The part of the README that the mutants write.
const (
	readmeFile  = "README.md"
	tableBegins = "<!-- mutants -->\n"
	tableEnds   = "<!-- /mutants -->\n"
)

// applied gives the files that the mutant changes, as they are with its mistake, by their path in the engine's folder.
func (m mutant) applied(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, e := range m.edits {
		text, known := files[e.file]
		if !known {
			read, err := os.ReadFile(filepath.Join("..", e.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(read)
		}
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("the text to replace is %d times in %s, not once: %s", n, e.file, e.old)
		}
		files[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return files
}

// tableOf gives the README's text before its table of mutants, the table and the text after it.
func tableOf(t *testing.T) (before, table, after string) {
	t.Helper()
	text, err := os.ReadFile(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), tableBegins)
	table, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table", readmeFile)
	}
	return before + tableBegins, table, tableEnds + after
}

func TestMutants_EachCanStillBeMadeAndIsInTheTable(t *testing.T) {
	_, table, _ := tableOf(t)
	rows := strings.Split(strings.TrimSpace(table), "\n")
	if len(rows) != len(mutants)+2 {
		t.Fatalf("the table has %d rows for %d mutants; make mutants UPDATE=1 writes it", len(rows)-2, len(mutants))
	}
	for i, m := range mutants {
		t.Run(m.mistake, func(t *testing.T) {
			m.applied(t)
			if cells := strings.Split(rows[i+2], " | "); len(cells) != 3 || cells[0] != "| "+m.mistake || !slices.Contains(m.properties, cells[1]) {
				t.Errorf("the table has another row here, make mutants UPDATE=1 writes it: %s", rows[i+2])
			}
		})
	}
}
