package disktest_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk/disktest"
)

// must ends the test with the first error.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// write makes a file through a file system.
func write(t *testing.T, files disk.FS, path, content string, synced bool) {
	t.Helper()
	out, err := files.Create(path, 0o600)
	must(t, err)
	_, err = out.Write([]byte(content))
	must(t, err)
	if synced {
		must(t, out.Sync())
	}
	must(t, out.Close())
}

// The suite that the real file system and its fake both pass.
func TestFS_DoesWhatItIsTold(t *testing.T) {
	for name, open := range map[string]func(root string) disk.FS{
		"OS":    func(string) disk.FS { return disk.OS{} },
		"Lossy": func(root string) disk.FS { return disktest.New(t, root, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			files := open(root)
			in := func(name string) string { return filepath.Join(root, name) }
			holds := func(want map[string]string) {
				t.Helper()
				entries, err := os.ReadDir(root)
				must(t, err)
				got := map[string]string{}
				for _, e := range entries {
					content, err := os.ReadFile(in(e.Name()))
					if err != nil {
						content = []byte("a folder")
					}
					got[e.Name()] = string(content)
				}
				if len(got) != len(want) {
					t.Fatalf("%v, want %v", got, want)
				}
				for name, content := range want {
					if got[name] != content {
						t.Fatalf("%v, want %v", got, want)
					}
				}
			}
			write(t, files, in("a"), "first", true)
			must(t, files.Link(in("a"), in("b")))
			holds(map[string]string{"a": "first", "b": "first"})
			if err := files.Link(in("a"), in("b")); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second link: %v", err)
			}
			write(t, files, in("c"), "second", false)
			must(t, files.Rename(in("c"), in("a")))
			holds(map[string]string{"a": "second", "b": "first"})
			must(t, files.Remove(in("b")))
			if err := files.Remove(in("b")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a second removal: %v", err)
			}
			must(t, files.Mkdir(in("d"), 0o700))
			if err := files.Mkdir(in("d"), 0o700); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second folder: %v", err)
			}
			write(t, files, in("d/e"), "third", false)
			if err := files.Remove(in("d")); err == nil {
				t.Error("a folder with a file in it was removed")
			}
			must(t, files.RemoveAll(in("d")), files.SyncFolder(root))
			holds(map[string]string{"a": "second"})
			if err := files.SyncFolder(in("d")); !errors.Is(err, fs.ErrNotExist) && runtime.GOOS != "windows" { // which syncs no folder
				t.Errorf("a folder that is gone was synced: %v", err)
			}
		})
	}
}

// after gives every content that a file has after a power cut; "-" is none.
func after(t *testing.T, path string, do func(files disk.FS, root string)) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for n := range uint64(200) {
		root := t.TempDir()
		files := disktest.New(t, root, 0)
		do(files, root)
		must(t, files.Cut(rand.New(rand.NewPCG(n, n))))
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			content = []byte("-")
		}
		seen[string(bytes.ReplaceAll(content, []byte{0}, []byte("0")))] = true
	}
	return seen
}

func TestLossy_KeepsWhatWasSyncedAndNothingElseForSure(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(files disk.FS, root string)
		want []string
	}{
		"file and folder synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "xy", true)
			must(t, files.SyncFolder(root))
		}, []string{"xy"}},
		"folder not synced": {func(files disk.FS, root string) { write(t, files, root+"/a", "xy", true) }, []string{"xy", "-"}},
		"file not synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "xy", false)
			must(t, files.SyncFolder(root))
		}, []string{"", "x", "xy", "00"}},
		"removal not synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "xy", true)
			must(t, files.SyncFolder(root), files.Remove(root+"/a"))
		}, []string{"xy", "-"}},
		"removal synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "xy", true)
			must(t, files.SyncFolder(root), files.Remove(root+"/a"), files.SyncFolder(root))
		}, []string{"-"}},
		"replaced, not synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "old", true)
			must(t, files.SyncFolder(root))
			write(t, files, root+"/b", "new", true)
			must(t, files.Rename(root+"/b", root+"/a"))
		}, []string{"old", "new"}},
		"replaced before it was synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "o", false)
			must(t, files.SyncFolder(root))
			write(t, files, root+"/b", "n", true)
			must(t, files.Rename(root+"/b", root+"/a"))
		}, []string{"", "n"}},
		"written on after it was synced": {func(files disk.FS, root string) {
			out, err := files.Create(root+"/a", 0o600)
			must(t, err)
			_, err = out.Write([]byte("x"))
			must(t, err, out.Sync())
			_, err = out.Write([]byte("y"))
			must(t, err, out.Close(), files.SyncFolder(root))
		}, []string{"x", "xy", "", "00"}},
		"written again, not synced": {func(files disk.FS, root string) {
			write(t, files, root+"/a", "o", true)
			must(t, files.SyncFolder(root))
			write(t, files, root+"/a", "n", false)
		}, []string{"o", "n", "0", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			got := after(t, "a", c.do)
			if len(got) != len(c.want) {
				t.Errorf("%v, want %q", got, c.want)
			}
			for _, content := range c.want {
				if !got[content] {
					t.Errorf("%v, want %q", got, c.want)
				}
			}
		})
	}
}

func TestLossy_LosesAFolderWhoseNameWasNotSynced(t *testing.T) {
	got := after(t, "d/a", func(files disk.FS, root string) {
		must(t, files.Mkdir(root+"/d", 0o700))
		write(t, files, root+"/d/a", "xy", true)
		must(t, files.SyncFolder(root+"/d"))
	})
	if len(got) != 2 || !got["xy"] || !got["-"] {
		t.Errorf("%v", got)
	}
}

func TestLossy_DoesNothingWithoutPower(t *testing.T) {
	root := t.TempDir()
	files := disktest.New(t, root, 2)
	must(t, files.Mkdir(root+"/a", 0o700))
	if err := files.Mkdir(root+"/b", 0o700); !errors.Is(err, disktest.ErrNoPower) {
		t.Errorf("the second operation: %v", err)
	}
	if _, err := os.Stat(root + "/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was done: %v", err)
	}
}
