package simulation

import "testing"

// Schedules that each show a mistake that was made once, or on purpose, in the fewest steps.
var directed = []string{
	// Who wakes before its decision finds its run abandoned, by one who has not finished it.
	"one import; A import @before-decision sleeps; B import @after-decision sleeps; A wakes; B wakes",
	// It sweeps while a newer run is staged.
	"one import; A import @before-stage-users sleeps; B same @before-stage-users; A wakes; B",
	"one import; A import @before-stage-users sleeps; B same @before-decision; B @before-decision; A wakes; B",
	// A rollback that wakes late: its tag has gone with retention, its snapshot has not, main is where it left it.
	"one import; A to-1 @before-publish-groups sleeps; B to-1-keep-1; A wakes",
	// The same of an import, whose rows a later one kept.
	"one import; A import @before-publish-groups sleeps; B same-keep-1; A wakes",
	"one import; A same @before-keep-groups sleeps; B same-keep-1; A wakes",
	// A hidden table was shown again.
	"one import; A without @before-hide-groups sleeps; B import; A wakes",
	// A run is rolled forward that says another retain_runs than the record.
	"two imports; A import-keep-1 @before-publish-groups crashes; B import",
	// Somebody else writes between the look at a table and the publish, and between the publish and the end.
	"one import; A import @before-publish-groups; foreign groups; A",
	"one import; A import @before-publish-groups; foreign groups; A @after-publish-groups crashes; B import",
	"one import; A import @after-publish-groups; foreign groups; A @before-finished sleeps; B back; A wakes",
	// A definition is about to be recorded, and newer ones are.
	"one import; A renamed @before-dataflow sleeps; B import; A wakes",
	"one import; A remove @before-dataflow sleeps; B again; A wakes",
	// A drop wakes when another table has the name.
	"one import; A remove @before-drop-table-groups sleeps; B again; A wakes",
	// An import that was abandoned finds, late, a table that a newer run has made; and makes a ticket on it.
	"one import; A without @before-stage-users sleeps; B renamed; A wakes",
	// An owner that was abandoned writes more when it wakes, and dies; a run was completed in between.
	"one import; A import @before-write-file-groups sleeps; B to-1; A wakes @before-stage-groups crashes",
	"one import; A import @before-write-file-groups sleeps; B to-1; A wakes @after-stage-groups crashes",
	// Or to a table that was dropped meanwhile.
	"one import; A import @before-write-file-groups sleeps; B remove; A wakes",
	// Or stages one that a removal is about to drop.
	"one import; A renamed @before-write-file-teams sleeps; B same; C remove @after-drop-groups sleeps; A wakes @before-sweep-teams; C wakes",
	// Two processes carry out one drop, or one retention, side by side.
	"one import; A remove @before-drop-groups sleeps; B same @after-drop-table-groups; A wakes; B; C import",
	"two imports; A same-keep-1 @before-retain-users sleeps; B remove; A wakes",
	// The tag of an unchanged table has gone with retention when it is set late.
	"one import; A same @before-keep-users sleeps; B same-keep-1; A wakes",
	"one import; A same @before-keep-users sleeps; B pin-1-keep-1 @after-retain-users; A wakes; B; C import",
	// A removal wakes and drops the database that the next run has just made.
	"two imports; A remove @before-drop-namespace sleeps; B again @before-create-table-groups sleeps; A wakes; B wakes; C import",
	// Who finishes a run names what the one before him took from somebody else.
	"one import; A import @after-publish-users; foreign groups; A @before-finished crashes; B import",
	// A run goes back to a schema with fewer columns.
	"one import; A wider; B back; C forward",
	// Who wakes before it starts its run finds the number taken.
	"one import; A import @before-started sleeps; B to-1; A wakes",
	// A rollback hides the table that its target did not have.
	"one import; A renamed; B to-1",
	// An import takes over what one that was killed has read; also after the next one was killed too.
	"one import; A import @before-write-file-users crashes; B import",
	"one import; A import @before-write-file-users crashes; B import @before-stage-users crashes; C import",
	// An import was completed, and its process killed before it could forget what the one before it had read.
	"one import; A import @before-write-file-users crashes; B import @after-finished crashes; C import",
	// The source has other columns by then.
	"one import; A import @before-write-file-users crashes; B wider",
	// An owner whose heart nobody hears is taken for dead, and goes on.
	"one import; A import @before-decision mutes; B import; A",
	"one import; A import @before-stage-users mutes; B import @before-decision; A; B",
	"one import; A import @before-publish-groups mutes; B to-1-keep-1; A",
	// A rollback that was abandoned has a ticket on a table that was hidden.
	"a hidden table; A to-1-keep-1 @before-decision sleeps; B import-keep-2; C import; A wakes",
}

func TestResume_AnImportGoesOnWhereAKilledOneEnded(t *testing.T) {
	for text, tables := range map[string]int{
		"one import; A import; B import":                                                                         0,
		"one import; A import @before-write-file-users crashes; B import":                                        2,
		"one import; A import @before-write-file-users crashes; B import @after-finished crashes; C import":      2, // not once more by C
		"one import; A import @before-write-file-users crashes; B to-1; C import":                                2,
		"one import; A import reads @reading-checkpoints-users crashes; B import":                                1, // groups: no part of users was read to its end
		"one import; A import reads @reading-checkpoints-users; A @reading-checkpoints-users crashes; B import":  2,
		"one import; A import reads @reading-checkpoints-users; A @reading-checkpoints-users crashes; B wider":   1, // groups: users have other columns
		"one import; A import @before-write-file-users crashes; B remove; C make":                                0, // of another dataflow
		"one import; A import @before-write-file-groups crashes; B import @before-stage-users crashes; C import": 3, // A's groups by B; both tables by C
		"one import; A guarded; B import":                                                                        1, // groups: users would be refused again
	} {
		if p := play(t, parsed(t, text)); p.violation != nil || p.resumed != tables {
			t.Errorf("%s: %d tables were taken over, want %d; %v", text, p.resumed, tables, p.violation)
		}
	}
}

func TestSimulation_HoldsWhereItOnceDidNot(t *testing.T) {
	for _, text := range directed {
		s := parsed(t, text)
		if p := play(t, s); p.violation != nil {
			t.Errorf("%s=%q\n%s", scheduleEnv, s, p.violation)
		}
	}
}
