// Package enginetest holds the parts of an engine in memory, with the rules of the real ones:
// a Catalog with Iceberg's refs and commits and the Tables on it, a Source, and a Ledger of write-once records.
//
// What processes share (Catalog, Records, Source) is apart from what one process has (Tables, Ledger):
// a test that plays several processes gives each its own Tables and Ledger over one Catalog and one Records.
// A Hook sees every step of a process, and can make it fail, sleep or die there.
package enginetest
