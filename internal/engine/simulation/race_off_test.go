//go:build !race

package simulation

// slower is how much the race detector slows a schedule down: so much fewer are played.
const slower = 1
