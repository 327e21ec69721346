// Package dataflow is the domain: what a dataflow, its runs and its tables are, and the rules they keep.
//
// It does no I/O and knows no SDK. Every other package speaks in its words:
//
//   - a connector is a source and the way to sign in to it;
//   - a dataflow is a named import of chosen tables through one connector into one database;
//   - a run is one execution of a dataflow, numbered 1, 2, 3, … per dataflow and never reused;
//   - a table is staged on a branch nobody reads, and published when the run has decided to.
package dataflow
