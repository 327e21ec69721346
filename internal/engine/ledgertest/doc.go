// Package ledgertest tells whether a ledger keeps to the contract of dataflow.Ledger. internal/ledger is held to it and so is the one in memory
// that the engine is simulated on: a protocol that is safe on the fake is safe on the records that people have.
//
// Suite states each rule of the contract by itself. Alike plays one random sequence of calls on two ledgers and compares what they give.
package ledgertest
