// Package tablestest is the conformance suite of dataflow.Tables: whatever keeps tables passes it, the lakehouse and the fake
// that the engine is simulated on alike. What holds for one holds for the other, so that a protocol that is safe on the fake is
// safe on the real tables.
//
// Suite states each rule of the contract by itself. Alike plays one random sequence of calls on two subjects and compares what
// can be seen of them after every call.
package tablestest
