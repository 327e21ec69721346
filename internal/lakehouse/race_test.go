//go:build race

package lakehouse

// raceDetector says whether the race detector makes everything many times slower.
const raceDetector = true
