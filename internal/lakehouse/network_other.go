//go:build !linux

package lakehouse

// isOnNetwork says whether other hosts may share the file system of a folder. It is told on Linux alone: elsewhere the documentation says what to mind.
func isOnNetwork(string) bool { return false }
