//go:build torture && linux

package torture

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/postgrestest"
)

// Two jobs of one CI system check the configuration out into folders of their own, on two hosts, and apply a change at the same time.
func TestTwoHosts_ThatApplyAtOnceBothEndWellOrTheSecondSaysWhoRuns(t *testing.T) {
	if _, err := databases(); err != nil && err.Error() == postgrestest.Missing {
		t.Skip(postgrestest.Missing)
	}
	if err := exec.CommandContext(t.Context(), "unshare", append(namespace(), "true")...).Run(); err != nil {
		t.Skip("This user may not give a process another host name")
	}
	t.Setenv("OVER", "team")
	w := newWorld(t, 1, manyUsers, providerCopy(t), startReader(t), newTally())
	defer w.remove(t)
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatalf("%v\n%s", err, w.root.log.Bytes())
		}
	}
	c := config{tables: map[string]string{"users": "users", "groups": "groups", "group_memberships": "members"}, build: 1, retain: 5}
	must(w.change(rand.New(rand.NewPCG(1, 1))))
	must(w.root.write(c, w.pool.endpoint))
	if code, err := w.root.run(apply...); err != nil || code != 0 {
		t.Fatalf("apply ended with %d, %v\n%s", code, err, w.root.log.Bytes())
	}
	for round := 2; round <= 6; round++ {
		must(w.change(rand.New(rand.NewPCG(uint64(round), 1))))
		c.build = round
		must(w.root.write(c, w.pool.endpoint))
		other := &root{dir: t.TempDir(), cli: w.root.cli, rc: w.root.rc, team: w.root.team}
		must(other.write(c, w.pool.endpoint))
		state, err := os.ReadFile(w.root.dir + "/terraform.tfstate")
		must(err)
		must(os.WriteFile(other.dir+"/terraform.tfstate", state, 0o600))

		var both []*process
		for n, r := range []*root{w.root, other} {
			p, err := r.startOn(hosts[n], apply...)
			must(err)
			both = append(both, p)
		}
		well := 0
		for _, p := range both {
			code, err := p.end()
			must(err)
			switch {
			case code == 0:
				well++
			case !strings.Contains(p.said.String(), "host-a") && !strings.Contains(p.said.String(), "host-b"):
				t.Errorf("round %d: an apply ended with %d and does not say who runs:\n%s", round, code, p.said.String())
			}
		}
		t.Logf("round %d: %d of 2 applies ended well", round, well)
		if well == 0 {
			t.Errorf("round %d: neither apply ended well", round)
		}
	}
	must(w.history.read(true))
	for _, r := range w.history.runs {
		w.versions[r.number] = w.pool.version // the older ones are not asked for
	}
	q := w.root.look("check")
	s := w.history.standing()
	q.Tables = w.history.tables(s, func(int64) string { return w.pool.versionFolder(w.pool.version) })
	for name, table := range q.Tables {
		for ref := range table.Refs {
			if ref != "main" && ref != table.Current {
				delete(table.Refs, ref)
			}
		}
		q.Tables[name] = table
	}
	found, err := w.reader.ask(q)
	must(err)
	if len(found.Lost)+len(found.Half) > 0 || found.Values < 5000 {
		t.Errorf("pyiceberg finds %+v", found)
	}
	t.Logf("%d runs; pyiceberg compared %d values", len(w.history.runs), found.Values)
}
