//go:build !linux

package process

// kernelIdentity has no boot: other processes are not judged on this system.
func kernelIdentity() (boot, start string) { return "", randomStart() }

func probe(int, string) Liveness { return Unknown }
