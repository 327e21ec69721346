package enginetest

import (
	"maps"
	"slices"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Clone gives a catalog of its own that is what this one is now.
func (c *Catalog) Clone() *Catalog {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Catalog{
		namespaces: maps.Clone(c.namespaces), tables: maps.Clone(c.tables), files: maps.Clone(c.files), last: c.last, transactions: c.transactions,
	}
}

// All gives every table as its last commit left it, by its uuid.
func (c *Catalog) All() map[string]Metadata {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]Metadata, len(c.tables))
	for _, m := range c.tables {
		all[m.UUID] = m
	}
	return all
}

// Clone gives records of their own that are what these are now.
func (r *Records) Clone() *Records { return &Records{records: r.All()} }

// All gives the text of every record, by its path: `customers/3/decision`. Texts are never changed: a write makes another one.
func (r *Records) All() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.records)
}

// Clone gives a source of its own that has what this one has now, without what is called before its calls.
func (s *Source) Clone() *Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	clone := NewSource()
	for key, table := range s.tables {
		copied := *table
		copied.rows = maps.Clone(table.rows)
		copied.Schema.Columns = slices.Clone(table.Schema.Columns)
		clone.tables[key] = &copied
	}
	return clone
}

// SourceTable gives a table as the source describes it now.
func (s *Source) SourceTable(key string) (dataflow.SourceTable, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	table, ok := s.tables[key]
	if !ok {
		return dataflow.SourceTable{}, false
	}
	described := table.SourceTable
	described.Schema.Columns = slices.Clone(described.Schema.Columns)
	return described, true
}
