// Package torture kills the real provider at random moments of real applies, with SIGKILL, and looks at what is left:
// a plain apply must put it right, and pyiceberg must then read from the tables what the pool held. `make torture` runs it.
//
// A round changes the pool or the configuration, starts the CLI, kills the provider or the CLI's whole process group, now and then
// kills the next apply too, and applies once more. Then three things are compared that know nothing of each other: what was asked for
// (operation_test.go), what the ledger's records say, read here a second time (history_test.go), and what the tables hold (reader.py).
//
// It needs Linux, where /proc tells which processes a group has.
package torture
