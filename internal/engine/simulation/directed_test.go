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
	// A run goes back to a schema with fewer columns.
	"one import; A wider; B back; C forward",
}

func TestSimulation_HoldsWhereItOnceDidNot(t *testing.T) {
	for _, text := range directed {
		e := &explorer{t: t}
		s := parsed(t, text)
		e.play(s.Setup, s.Actions...)
	}
}
