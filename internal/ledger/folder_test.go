package ledger

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func openFolder(t *testing.T, path string) *Folder {
	t.Helper()
	folder, err := NewFolder(path)
	must(t, err)
	return folder
}

func TestFolder(t *testing.T) {
	testStore(t, func(t *testing.T) Store {
		t.Helper()
		return openFolder(t, filepath.Join(t.TempDir(), "not", "there", "yet"))
	})
}

func TestFolder_HoldsBetweenProcesses(t *testing.T) {
	testStoreProcesses(t, 50,
		func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "workspace") },
		func(place string) (Store, error) { return NewFolder(place) })
}

func TestFolder_LetsNobodyElseRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	root := filepath.Join(t.TempDir(), "workspace")
	folder := openFolder(t, root)
	must(t, folder.Create(t.Context(), "a/created.json", nil))
	must(t, folder.Replace(t.Context(), "a/replaced.json", nil))
	for path, want := range map[string]fs.FileMode{"": fs.ModeDir | 0o700, "a": fs.ModeDir | 0o700, "a/created.json": 0o600, "a/replaced.json": 0o600} {
		info, err := os.Stat(filepath.Join(root, path))
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%q has mode %v, want %v", path, info.Mode(), want)
		}
	}
}

func TestFolder_LeavesNoTemporaryFile(t *testing.T) {
	root := t.TempDir()
	folder := openFolder(t, root)
	must(t, folder.Create(t.Context(), "a.json", []byte("1")))
	must(t, folder.Replace(t.Context(), "a.json", []byte("2")))
	wantCode(t, folder.Create(t.Context(), "a.json", []byte("3")), dataflow.CodeExists)
	// A folder where the object should be: nothing can be renamed onto it.
	must(t, os.MkdirAll(filepath.Join(root, "b.json", "c"), 0o700))
	wantCode(t, folder.Replace(t.Context(), "b.json", []byte("4")), dataflow.CodeInternal)
	entries, err := os.ReadDir(root)
	must(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	wantEqual(t, names, []string{"a.json", "b.json"})
}

func TestFolder_IgnoresWhatAKilledProcessLeft(t *testing.T) {
	root := t.TempDir()
	must(t, os.WriteFile(filepath.Join(root, temporaryPrefix+"123"), []byte(`{"format`), 0o600))
	folder := openFolder(t, root)
	wantList(t, folder, "")
	must(t, folder.Create(t.Context(), "a.json", []byte("1")))
	wantList(t, folder, "", "a.json")
}

func TestNewFolder_RefusesWhatCannotBeAWorkspace(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	tests := map[string]struct{ path, says string }{
		"a relative path":   {"workspace", "it is not an absolute path. Set workspace"},
		"nothing":           {"", "it is not an absolute path. Set workspace"},
		"a bucket":          {"s3://records/skypoint", "it is not an absolute path. Set workspace"},
		"a file":            {file, "not a directory. Set workspace to the path of a folder"},
		"a path in a file":  {filepath.Join(file, "workspace"), "not a directory. Set workspace to the path of a folder"},
		"a path with a NUL": {root + "\x00", "invalid argument"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewFolder(test.path)
			code := dataflow.CodeWorkspace
			if name == "a path with a NUL" {
				code = dataflow.CodeInternal
			}
			wantError(t, err, code, test.says)
		})
	}
}

func TestFolder_SaysWhatToDoWhenItCannotBeWritten(t *testing.T) {
	tests := map[string]struct {
		op   string
		err  error
		code dataflow.Code
		hint string
	}{
		"no permission to write": {"create", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, dataflow.CodeWorkspace, "Let this user write to the workspace's folder"},
		"no permission to read":  {"read", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, dataflow.CodeWorkspace, "Let this user read the workspace's folder"},
		"no permission to look":  {"open", &fs.PathError{Op: "stat", Path: "x", Err: syscall.EACCES}, dataflow.CodeWorkspace, "Let this user read the workspace's folder"},
		"read-only file system":  {"replace", &os.LinkError{Op: "rename", Err: syscall.EROFS}, dataflow.CodeWorkspace, "Let this user write to the workspace's folder"},
		"no hard links":          {"create", &os.LinkError{Op: "link", Err: syscall.EOPNOTSUPP}, dataflow.CodeWorkspace, "on a file system that knows hard links"},
		"no hard links on FAT":   {"create", &os.LinkError{Op: "link", Err: syscall.EPERM}, dataflow.CodeWorkspace, "on a file system that knows hard links"},
		"full":                   {"create", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, dataflow.CodeInternal, "Free some space"},
		"a file for a folder":    {"create", &fs.PathError{Op: "mkdir", Path: "x", Err: syscall.ENOTDIR}, dataflow.CodeWorkspace, "Set workspace to the path of a folder"},
		"gone while reading":     {"read", fs.ErrNotExist, dataflow.CodeNotFound, ""},
		"gone while creating":    {"create", fs.ErrNotExist, dataflow.CodeInternal, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := folderError(test.op, "/workspace/a.json", test.err)
			wantError(t, err, test.code, test.hint)
			wantError(t, err, test.code, "/workspace/a.json: "+test.op+": ")
		})
	}
}

func TestFolder_CannotWriteWhereAFileLies(t *testing.T) {
	root := t.TempDir()
	folder := openFolder(t, root)
	must(t, os.WriteFile(filepath.Join(root, "connectors"), nil, 0o600))
	wantError(t, folder.Create(t.Context(), "connectors/app.json", nil), dataflow.CodeWorkspace, "not a directory")
}

// A link that NFS made, and then refused because it was asked for again, is this process's own.
func TestSameFile_KnowsALinkFromACopy(t *testing.T) {
	root := t.TempDir()
	a, link, other := filepath.Join(root, "a"), filepath.Join(root, "link"), filepath.Join(root, "other")
	must(t, os.WriteFile(a, []byte("x"), 0o600))
	must(t, os.Link(a, link))
	must(t, os.WriteFile(other, []byte("x"), 0o600))
	if !sameFile(a, link) {
		t.Error("a link is the same file")
	}
	if sameFile(a, other) || sameFile(a, filepath.Join(root, "missing")) {
		t.Error("another file is not")
	}
}

func TestFolder_IgnoresItselfInGit(t *testing.T) {
	tests := map[string]struct {
		present []string
		want    bool
	}{
		"a new workspace":                       {nil, true},
		"where the tables came first":           {[]string{"catalog.db", "catalog.db-wal", "warehouse/a/b.parquet"}, true},
		"somebody's project":                    {[]string{"main.tf"}, false},
		"somebody's project beside the records": {[]string{"connectors/app.json", "main.tf"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, path := range test.present {
				file := filepath.Join(root, path)
				must(t, os.MkdirAll(filepath.Dir(file), 0o700))
				must(t, os.WriteFile(file, nil, 0o600))
			}
			must(t, openFolder(t, root).prepare(t.Context()))
			content, err := os.ReadFile(filepath.Join(root, ".gitignore"))
			if test.want {
				must(t, err)
				if want := "# Written by terraform-provider-skypoint: a workspace holds a key and customers' data.\n*\n"; string(content) != want {
					t.Errorf("it says %q", content)
				}
			} else if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("there is one: %q, %v", content, err)
			}
		})
	}
}

func TestFolder_KeepsSomebodysGitignore(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, ".gitignore")
	must(t, os.WriteFile(file, []byte("key\n"), 0o600))
	must(t, openFolder(t, root).prepare(t.Context()))
	content, err := os.ReadFile(file)
	must(t, err)
	if string(content) != "key\n" {
		t.Errorf("it says %q", content)
	}
}
