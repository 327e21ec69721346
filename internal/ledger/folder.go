package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

// Only its owner may read a workspace: its records name user pools and roles, and its key opens its secrets.
const (
	fileMode   = 0o600 // that of disk.WriteTemporary
	folderMode = 0o700
)

// Folder is a Store in a folder of a file system, local or mounted. It makes the folder with its first write.
//
// An object is written to a temporary file beside it, synced, and then appears under its name in one step:
// Create links it there (link(2) fails when the name is taken, on NFS too), Replace renames it.
// Rejected: O_EXCL, because others could read the file before it is whole, and a crash would leave it so for ever;
// checking and then renaming (as gocloud.dev's fileblob does for IfNotExist), because two processes can both win.
//
// A process that is killed while it writes may leave a temporary file behind. Nobody reads it.
type Folder struct {
	root string
}

var (
	_ Store    = (*Folder)(nil)
	_ preparer = (*Folder)(nil)
	_ guardian = (*Folder)(nil)
)

// NewFolder gives the store in the folder at an absolute path. The folder may be missing, but nothing else may lie there.
func NewFolder(path string) (*Folder, error) {
	if !filepath.IsAbs(path) {
		return nil, &dataflow.Error{
			Code: dataflow.CodeWorkspace, Op: "open", Object: fmt.Sprintf("workspace %q", path),
			Cause: errors.New("it is not an absolute path"),
			Hint:  "Set workspace to the path of a folder.",
		}
	}
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, folderError("open", path, err)
	case !info.IsDir():
		return nil, folderError("open", path, syscall.ENOTDIR)
	}
	return &Folder{root: path}, nil
}

// Create implements Store.
func (f *Folder) Create(ctx context.Context, path string, content []byte) error {
	taken := false
	err := f.write(ctx, "create", path, content, func(temporary, target string) error {
		err := disk.Link(temporary, target)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		// NFS sends a request again when its answer was lost, and then refuses what it has already done.
		// Source: https://man7.org/linux/man-pages/man2/open.2.html (O_EXCL)
		taken = !sameFile(temporary, target)
		return nil
	})
	if err == nil && taken {
		return errExists(f.Location(path))
	}
	return err
}

// Replace implements Store.
func (f *Folder) Replace(ctx context.Context, path string, content []byte) error {
	return f.write(ctx, "replace", path, content, disk.Rename)
}

// write puts content into a temporary file and has appear make it visible as the object.
func (f *Folder) write(ctx context.Context, op, path string, content []byte, appear func(temporary, target string) error) error {
	if err := f.check(ctx, op, path); err != nil {
		return err
	}
	target := f.Location(path)
	folder := filepath.Dir(target)
	if err := disk.MkdirAll(folder, folderMode); err != nil {
		return folderError(op, target, err)
	}
	temporary, err := disk.WriteTemporary(folder, temporaryPrefix+"*", content)
	if err != nil {
		return folderError(op, target, err)
	}
	err = appear(temporary, target)
	// After a rename it is gone already; whatever else keeps it from going, nobody reads it.
	_ = disk.Remove(temporary)
	if err != nil {
		return folderError(op, target, err)
	}
	// Who lost a Create syncs too: it is about to act on the winner's record, which must not vanish in a power cut.
	if err := disk.SyncFolder(folder); err != nil {
		return folderError(op, target, err)
	}
	return nil
}

// Read implements Store.
func (f *Folder) Read(ctx context.Context, path string) (content []byte, err error) {
	if err := f.check(ctx, "read", path); err != nil {
		return nil, err
	}
	location := f.Location(path)
	file, err := os.Open(location)
	if err != nil {
		return nil, folderError("read", location, err)
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	content, err = io.ReadAll(io.LimitReader(file, MaxObject+1))
	if err != nil {
		return nil, folderError("read", location, err)
	}
	if len(content) > MaxObject {
		return nil, errTooLarge(location)
	}
	return content, nil
}

// List implements Store.
func (f *Folder) List(ctx context.Context, folder string) ([]string, error) {
	if err := checkFolder(folder); err != nil {
		return nil, err
	}
	location := f.Location(folder)
	if err := done(ctx, "list", location); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(location)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, folderError("list", location, err)
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, temporaryPrefix) {
			continue
		}
		if entry.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names) // the slash sorts after "." and "-", so the folder's own order will not do
	return names, nil
}

// Delete implements Store.
func (f *Folder) Delete(ctx context.Context, path string) error {
	if err := f.check(ctx, "delete", path); err != nil {
		return err
	}
	location := f.Location(path)
	if err := disk.Remove(location); err != nil {
		return folderError("delete", location, err)
	}
	if err := disk.SyncFolder(filepath.Dir(location)); err != nil {
		return folderError("delete", location, err)
	}
	return nil
}

// Location implements Store.
func (f *Folder) Location(path string) string { return filepath.Join(f.root, filepath.FromSlash(path)) }

func (f *Folder) check(ctx context.Context, op, path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	return done(ctx, op, f.Location(path))
}

// own are the names that this provider puts into a workspace, beside catalog.db and its companions (-wal, -shm).
var own = []string{"workspace.json", "connectors/", "dataflows/", "key", "warehouse/"}

// prepare keeps a new workspace out of git. A folder in which other things lie is left alone:
// there, ignoring everything would hide somebody's work.
func (f *Folder) prepare(ctx context.Context) error {
	names, err := f.List(ctx, "")
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(own, name) && !strings.HasPrefix(name, "catalog.db") {
			return nil
		}
	}
	err = f.Create(ctx, ".gitignore", []byte("# Written by terraform-provider-skypoint: a workspace holds a key and customers' data.\n*\n"))
	if dataflow.IsCode(err, dataflow.CodeExists) {
		return nil
	}
	return err
}

// guard refuses an object that others than its owner may read. Windows has no such bits: there, Go makes them up.
func (f *Folder) guard(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	location := f.Location(path)
	info, err := os.Stat(location)
	if err != nil {
		return folderError("check mode", location, err)
	}
	if mode := info.Mode().Perm(); mode&^fileMode != 0 {
		return &dataflow.Error{
			Code: dataflow.CodeSecretsKey, Op: "check mode", Object: location,
			Cause: fmt.Errorf("its mode is %04o: others than its owner may use it", mode),
			Hint:  fmt.Sprintf("Run: chmod 600 %q. Where others may have read it, give every connector a new secret.", location),
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	aInfo, err := os.Lstat(a)
	if err != nil {
		return false
	}
	bInfo, err := os.Lstat(b)
	return err == nil && os.SameFile(aInfo, bInfo)
}

// folderError gives a file system's error a code and what to do about it.
func folderError(op, location string, err error) error {
	e := &dataflow.Error{Op: op, Object: location, Cause: err}
	switch {
	case errors.Is(err, fs.ErrNotExist) && (op == "read" || op == "delete"):
		return errNotFound(op, location)
	case errors.Is(err, syscall.ENOTDIR):
		e.Code, e.Hint = dataflow.CodeWorkspace, "Set workspace to the path of a folder, or of one that can be made."
	case errors.Is(err, fs.ErrPermission) && op != "open" && op != "read" && op != "list", errors.Is(err, syscall.EROFS):
		e.Code, e.Hint = dataflow.CodeWorkspace, "Let this user write to the workspace's folder, on a file system that knows hard links, or set workspace to another one."
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Hint = dataflow.CodeWorkspace, "Let this user read the workspace's folder, or set workspace to another one."
	case errors.Is(err, errors.ErrUnsupported):
		e.Code, e.Hint = dataflow.CodeWorkspace, "Set workspace to a folder on a file system that knows hard links."
	case errors.Is(err, syscall.ENOSPC):
		e.Hint = "Free some space there and apply again."
	}
	return e
}
