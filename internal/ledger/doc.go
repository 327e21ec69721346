// Package ledger keeps the records of connectors, dataflows and runs in a workspace, and the connectors' secrets sealed.
//
// A workspace is a folder (a Store can be anything that keeps the Store contract). What lies in it:
//
//	workspace.json                                the workspace's id
//	connectors/<name>.json                        a connector, its secret sealed
//	dataflows/<name>/definitions/00000002.json    write-once; a dataflow's definition as it last ran to completion is the newest
//	dataflows/<name>/runs/latest.json             a hint at the newest run; it may lag
//	dataflows/<name>/runs/00000013/started.json   write-once; creating it is taking the dataflow's lock
//	dataflows/<name>/runs/00000013/heartbeat.json overwritten by the run's owner
//	dataflows/<name>/runs/00000013/decision.json  write-once
//	dataflows/<name>/runs/00000013/finished.json  write-once; the whole record of the run
//	key                                           the secrets key, unless another one is configured
//
// <name> is the name in lower case, so that names which differ only in case meet at the same object,
// on every file system; the record in it holds the name as it was given.
//
// Reading never writes and needs no secrets key. A workspace that is not there reads as an empty one;
// the first write makes it.
package ledger
