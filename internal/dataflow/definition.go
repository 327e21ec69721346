package dataflow

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// The defaults of a definition.
const (
	DefaultMaxRemovedPercent = 50
	DefaultRetainRuns        = 30
	DefaultTimeout           = 24 * time.Hour
	MinMaxAge                = time.Minute
	DefaultResumeWithin      = "24h"
)

// OnDestroy says what becomes of the tables when the dataflow is destroyed.
type OnDestroy string

// The values of OnDestroy.
const (
	OnDestroyDelete OnDestroy = "delete"
	OnDestroyRetain OnDestroy = "retain"
)

// Definition is what a person declares: every argument of skypoint_dataflow except timeouts.
// A nil pointer or map is an argument that was left out; an empty one was given as empty. The two stay different.
type Definition struct {
	Name               string                     `json:"name"`
	DisplayName        *string                    `json:"display_name"`
	Description        *string                    `json:"description"`
	Connector          string                     `json:"connector"`
	Database           string                     `json:"database"`
	Tables             map[string]TableDefinition `json:"tables"`
	RunOnApply         bool                       `json:"run_on_apply"`
	RefreshTriggers    map[string]string          `json:"refresh_triggers"`
	MaxAge             *string                    `json:"max_age"`
	PinnedRun          *int64                     `json:"pinned_run"`
	MaxRemovedPercent  int64                      `json:"max_removed_percent"`
	RetainRuns         int64                      `json:"retain_runs"`
	ResumeWithin       string                     `json:"resume_within,omitempty"` // a duration; empty: DefaultResumeWithin
	OnDestroy          OnDestroy                  `json:"on_destroy"`
	DeletionProtection bool                       `json:"deletion_protection"`
	HashKey            string                     `json:"hash_key,omitempty"`            // HashKey.Fingerprint of the key that columns are hashed with; empty: the workspace's own
	HashKeyVersion     *int64                     `json:"hash_key_wo_version,omitempty"` // a change of it gives another key
}

// TableDefinition is how one table is imported. Its key in Definition.Tables is the source's key for it ("users").
type TableDefinition struct {
	Purpose   Purpose `json:"purpose"`
	Data      bool    `json:"data"`
	Metadata  bool    `json:"metadata"`
	TableName string  `json:"table_name"`
	// Columns are the policies of columns, by the column's name or, for what a column of JSON text or a map holds, by "column.member".
	Columns    map[string]ColumnPolicy `json:"columns,omitzero"`
	NewColumns NewColumns              `json:"new_columns,omitempty"` // empty: NewColumnsLoad
}

// HasPolicies says whether an import changes or leaves out anything that the source gives.
func (t TableDefinition) HasPolicies() bool {
	for _, policy := range t.Columns {
		if !policy.IsLoad() {
			return true
		}
	}
	return t.StopsNewColumns()
}

// StopsNewColumns says whether columns that the source has got since are not loaded just so.
func (t TableDefinition) StopsNewColumns() bool {
	return t.NewColumns != "" && t.NewColumns != NewColumnsLoad
}

// HasPolicies says whether any table has.
func (d Definition) HasPolicies() bool {
	for _, table := range d.Tables {
		if table.HasPolicies() {
			return true
		}
	}
	return false
}

// hashes says whether any column is hashed.
func (d Definition) hashes() bool {
	for _, table := range d.Tables {
		for _, policy := range table.Columns {
			if policy.Policy == PolicyHash {
				return true
			}
		}
	}
	return false
}

// ResumeFor is the greatest age of a part that an import takes over from a failed one; 0: it takes over none.
func (d Definition) ResumeFor() time.Duration {
	within, err := time.ParseDuration(cmp.Or(d.ResumeWithin, DefaultResumeWithin))
	if err != nil {
		return 0 // it was checked when it was declared: reading everything again is always right
	}
	return within
}

// TableID gives where the table of this key lives.
func (d Definition) TableID(key string) TableID {
	return TableID{Database: d.Database, Name: d.Tables[key].TableName}
}

// Digest identifies what an import of this definition would load: connector, database, tables and, where columns are hashed, the key.
// Arguments that change no row (names for people, triggers, retention) are not in it.
func (d Definition) Digest() string {
	what := struct {
		Connector string                     `json:"connector"`
		Database  string                     `json:"database"`
		Tables    map[string]TableDefinition `json:"tables"`
		HashKey   string                     `json:"hash_key,omitempty"`
	}{Connector: FoldName(d.Connector), Database: d.Database, Tables: d.Tables}
	if d.hashes() {
		what.HashKey = d.HashKey
	}
	text, err := json.Marshal(what) // map keys are sorted by encoding/json
	if err != nil {
		panic(err) // strings and booleans always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
