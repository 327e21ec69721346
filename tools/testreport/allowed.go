package main

import "strings"

// allowed is how the reason of a skip begins that is not a hole in the tests: another run of the same CI has the test.
var allowed = []string{
	"Terraform CLI version ",  // plugin-testing's version checks: the newer CLI's run has it
	"OpenTofu has no ",        // a feature of Terraform alone: Terraform's run has it
	"Windows has no ",         // a feature of Unix: Linux's run has it
	"PostgreSQL is not ",      // installed: the hosted Linux runs have it
	"This user may not ",      // do what root may: CI's own machines run as root
	"A folder has files ",     // that the test speaks of: the other runs have it
	"A SQL catalog has rows ", // that the test speaks of: the other runs have it
	"moto's Glue does not ",   // look at versions: the catalogs that do are held to the same rule
	"The matrix has ",         // a target of its own, which the guide names
}

// Skip is a test that did not run.
type Skip struct {
	Run    string `json:"run"`
	Test   string `json:"test"`
	Reason string `json:"reason"`
}

// Allowed says whether CI accepts the skip.
func (s Skip) Allowed() bool {
	for _, beginning := range allowed {
		if strings.HasPrefix(s.Reason, beginning) {
			return true
		}
	}
	return false
}
