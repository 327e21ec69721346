package dataflow

import "time"

// Phase is where a dataflow's record is in its life.
type Phase string

// The phases.
const (
	PhaseCreating Phase = "creating" // made by a Create whose first run has not completed
	PhaseCreated  Phase = "created"
	PhaseRemoved  Phase = "removed" // destroyed; the history stays and numbering goes on
)

// Record is a dataflow in the ledger: the definition as it last ran to completion. A change of it is a new version.
type Record struct {
	Version    int64      `json:"version"` // 1, 2, 3, …: nobody's write is lost, because each version is written once
	UID        string     `json:"uid"`     // new at each Create: whose record this is
	Phase      Phase      `json:"phase"`
	Type       string     `json:"type"`
	Definition Definition `json:"definition"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
}
