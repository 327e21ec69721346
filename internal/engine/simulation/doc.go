// Package simulation plays the run protocol: the real engine over a ledger and tables in memory, with a scheduler that
// stops any process before and after every single write, lets it crash or sleep there, and lets others go on.
//
// A Schedule says who does what, and where it stops. Playing one gives the same steps every time. After each step an oracle,
// which knows the records and the catalog and nothing of the engine's code, holds every property of the protocol.
// The README says how to play one again.
package simulation
