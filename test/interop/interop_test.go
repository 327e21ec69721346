//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestMoto_EveryValueIsReadBackByPyiceberg(t *testing.T) {
	t.Parallel()
	pool := startMoto(t, 1500, 20)
	w := newWorkspace(t)
	w.apply(t, pool, "1")
	w.compare(t, pool.dump(t), "")
}

func TestHostileUsers_EveryValueIsReadBackByPyiceberg(t *testing.T) {
	t.Parallel()
	pool := startCognitotest(t, 100_000, 20)
	w := newWorkspace(t)
	w.apply(t, pool, "1")
	before := pool.fetchAll(t)
	w.compare(t, before, "")

	pool.post(t, "/_test/evolve?changed=500&added=300&removed=200")
	w.apply(t, pool, "2")
	w.compare(t, pool.fetchAll(t), "")
	w.compare(t, before, "run_1") // the earlier run is still there, under its tag
}

// TestCompare_SeesADifference holds the comparison itself to account: one that finds nothing proves nothing.
func TestCompare_SeesADifference(t *testing.T) {
	t.Parallel()
	pool := startMoto(t, 100, 8)
	w := newWorkspace(t)
	w.apply(t, pool, "1")
	dump := pool.dump(t)
	w.compare(t, dump, "")
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			spoiled := t.TempDir()
			if err := os.CopyFS(spoiled, os.DirFS(dump)); err != nil {
				t.Fatal(err)
			}
			want := edit(t, filepath.Join(spoiled, spoil.file), spoil.edit)
			out, got := w.differences(t, spoiled, "")
			if len(got) != len(want) {
				t.Fatalf("%d differences, want %q:\n%s", len(got), want, out)
			}
			for i, pattern := range want {
				if !regexp.MustCompile("^" + pattern + "$").MatchString(got[i]) {
					t.Errorf("difference %d is %q, want %q", i+1, got[i], pattern)
				}
			}
		})
	}
}
