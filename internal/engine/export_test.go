package engine

// What the tests in engine_test need to know of the protocol's times and sentences.
const (
	Lease          = lease
	SurelyDead     = surelyDead * lease
	HeartbeatEvery = lease / beatsPerLease
	LastWords      = lastWords
	Interrupted    = interrupted
)

var Describe = describe
