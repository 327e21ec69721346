//go:build !linux

package process

import "github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"

// kernelIdentity has no boot: other processes are not judged on this system.
func kernelIdentity() (boot, start string) { return "", randomStart() }

func probe(int, string) dataflow.Liveness { return dataflow.LivenessUnknown }
