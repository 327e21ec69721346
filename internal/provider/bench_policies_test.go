package provider_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// mixes are policies for six columns: none, two of each kind, and the most expensive ones.
func mixes() map[string]map[string]dataflow.ColumnPolicy {
	hash, drop := dataflow.ColumnPolicy{Policy: dataflow.PolicyHash}, dataflow.ColumnPolicy{Policy: dataflow.PolicyDrop}
	mask := dataflow.ColumnPolicy{Policy: dataflow.PolicyMask, KeepLast: new(int64(4))}
	return map[string]map[string]dataflow.ColumnPolicy{
		"without":    nil,
		"with":       {"username": hash, "email": hash, "phone_number": mask, "given_name": mask, "name": drop, "family_name": drop},
		"all-hashed": {"username": hash, "email": hash, "phone_number": hash, "given_name": hash, "name": hash, "family_name": hash},
	}
}

// BenchmarkPolicies imports a pool without policies and with six, twice each, in turns.
func BenchmarkPolicies(b *testing.B) {
	bin := buildPrograms(b)
	users := benchUsers(1_000_000)
	server := startServer(b, bin, users)
	names := []string{"without", "with", "all-hashed"}
	for b.Loop() {
		seconds, cpu := map[string]float64{}, map[string]float64{}
		for round := range 2 {
			for _, name := range names {
				workspace := filepath.Join(b.TempDir(), fmt.Sprint("skypoint-", name, round))
				declare(b, workspace, server, unlimited, []string{"users"}, "Customers")
				hide(b, workspace, mixes()[name])
				done := startImporter(b, workspace, fmt.Sprintf("%d-policies-%s", users, name))
				done.check(b, "first", users)
				seconds[name] += done.Seconds
				cpu[name] += done.cpuSeconds
			}
		}
		for _, name := range names {
			b.ReportMetric(2*float64(users)/seconds[name], name+"-users/s")
			b.ReportMetric(cpu[name]/2, name+"-cpu-s")
			b.ReportMetric(seconds["without"]/seconds[name], name+":without")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// hide gives the dataflow's users these policies.
func hide(b *testing.B, workspace string, policies map[string]dataflow.ColumnPolicy) {
	b.Helper()
	e, err := homeAt(workspace).Engine(b.Context(), dataflow.Process{})
	if err != nil {
		b.Fatal(err)
	}
	state, err := e.State(b.Context(), "Customers")
	if err != nil {
		b.Fatal(err)
	}
	definition := state.Record.Definition
	users := definition.Tables["users"]
	users.Columns = policies
	definition.Tables["users"] = users
	if err := e.Define(b.Context(), state.Record.UID, definition); err != nil {
		b.Fatal(err)
	}
}
