package provider_test

import (
	"strings"
	"testing"
)

// What BENCHMARKS.md says of the calls of a plan and of a run. Fewer are welcome.
func TestTeam_APlanAndAnUnchangedRunMakeNoMoreCallsThanBefore(t *testing.T) {
	w := newTeamWorld(t, 200)
	c := newCore(t, w, build(1))
	c.succeeds("the first apply", c.apply(), connectorType, dataflowType)
	for _, command := range []struct {
		name             string
		do               func() reported
		bucket, database int
	}{
		{"a plan in which nothing is planned", c.plan, 10, 7},
		{"an apply in which nothing is planned", c.apply, 10, 7},
		{"an apply that imports two tables in which nothing has changed", func() reported {
			c.declare(build(2))
			return c.apply()
		}, 92, 107},
	} {
		w.team.count(nil)
		if r := command.do(); len(r.errors) > 0 {
			t.Fatal(r.errors)
		}
		bucket, database := w.team.counted()
		t.Logf("%s: %d calls to the bucket, %d to the database", command.name, len(bucket), len(database))
		if len(bucket) > command.bucket || len(database) > command.database {
			t.Errorf("%s: %d calls to the bucket and %d to the database, want %d and %d at most:\n%s\n\n%s", command.name, len(bucket), len(database),
				command.bucket, command.database, strings.Join(bucket, "\n"), strings.Join(database, "\n"))
		}
	}
}
