package tablestest

import (
	"maps"
	"slices"
	"testing"
)

// behaviours is rules of the contract, each under a sentence that states it.
type behaviours map[string]func(*world)

// Suite tells whether a subject keeps to the contract of dataflow.Tables. open gives a new, empty one, and cleans up after it.
func Suite(t *testing.T, open func(t testing.TB) Subject) {
	for name, all := range map[string]behaviours{
		"Stage": stageBehaviours, "Profile": profileBehaviours, "Publish": publishBehaviours, "Together": togetherBehaviours, "Late": lateBehaviours, "Ticket": ticketBehaviours, "Rollback": rollbackBehaviours,
		"Hide": hideBehaviours, "Drop": dropBehaviours, "Sweep": sweepBehaviours, "Retain": retainBehaviours,
		"Owned": ownedBehaviours, "Forget": forgetBehaviours, "Contend": contendBehaviours,
	} {
		t.Run(name, func(t *testing.T) {
			for _, rule := range slices.Sorted(maps.Keys(all)) {
				t.Run(rule, func(t *testing.T) { all[rule](newWorld(t, open(t))) })
			}
		})
	}
}
