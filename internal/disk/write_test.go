package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

// failing is a file system on which one operation fails.
type failing struct {
	disk.OS
	sync, folder error
}

type failingFile struct {
	disk.File
	err error
}

func (f failingFile) Sync() error { return errors.Join(f.err, f.File.Sync()) }

func (f failing) Create(path string, mode fs.FileMode) (disk.File, error) {
	out, err := f.OS.Create(path, mode)
	return failingFile{out, f.sync}, err
}

func (f failing) CreateTemp(folder, pattern string) (disk.File, error) {
	out, err := f.OS.CreateTemp(folder, pattern)
	return failingFile{out, f.sync}, err
}

func (f failing) SyncFolder(string) error { return f.folder }

func TestCreate_TellsWhenTheFileIsNotOnTheDisk(t *testing.T) {
	fault := errors.New("input/output error")
	for name, files := range map[string]failing{"file": {sync: fault}, "folder": {folder: fault}} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			t.Cleanup(disk.Replace(files))
			out, err := disk.Create(filepath.Join(folder, "a"), 0o600, 0o700)
			if err != nil {
				t.Fatal(err)
			}
			if err := out.Close(); !errors.Is(err, fault) {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

func TestWriteTemporary_LeavesNothingThatIsNotOnTheDisk(t *testing.T) {
	fault := errors.New("input/output error")
	t.Cleanup(disk.Replace(failing{sync: fault}))
	folder := t.TempDir()
	if _, err := disk.WriteTemporary(folder, "x-*", []byte("content")); !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestMkdirAll_TellsWhenAFolderIsNotOnTheDisk(t *testing.T) {
	fault := errors.New("input/output error")
	t.Cleanup(disk.Replace(failing{folder: fault}))
	if err := disk.MkdirAll(filepath.Join(t.TempDir(), "a", "b"), 0o700); !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
}
