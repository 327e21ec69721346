// Package disktest has a file system that loses power.
package disktest

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

// ErrNoPower is the error of everything that is tried after the power was cut.
var ErrNoPower = errors.New("the power is gone")

// Lossy is a disk.FS that forgets at a power cut what was not synced. It stands below the code that writes through package disk, as LazyFS
// (https://github.com/dsrhaslab/lazyfs) stands below a program. What it is told it does, in a folder of the real file system, so that everybody can read
// it; beside that it keeps what the disk would have.
//
// Its rules are POSIX's at their harshest: until a file is synced the disk may have any beginning of it, zeros in its place, or what
// it had before; until a folder is synced, each thing that was done to a name in it has come to the disk or has not, whatever was done
// before and after. What one system call does to a folder it does as a whole.
//
// Files in the folder that were not written through package disk (the catalog's database, which syncs for itself) lose nothing, unless their folder does.
type Lossy struct {
	root string

	mu      sync.Mutex
	left    int  // operations until the power is cut
	counted int  // operations so far
	dark    bool // it is cut
	folders map[string]*folder
	files   map[string]*file // by the paths that they have now
}

// folder is what the disk has of the names in a folder, and what it may have.
type folder struct {
	names   map[string]*file // nil: a folder
	pending []func(names map[string]*file)
}

// file is what the disk has of a file, wherever its names are.
type file struct {
	content []byte // nil: it never was synced
	mode    fs.FileMode
	live    string // a path that it has, or had last
	synced  bool
}

var _ disk.FS = (*Lossy)(nil)

// New makes a folder the disk of a machine whose power is cut before its operation number left; 0: not before Cut. It is the file system in use
// until the test ends.
func New(t testing.TB, root string, left int) *Lossy {
	t.Helper()
	l := &Lossy{root: root, left: left, folders: map[string]*folder{root: {names: map[string]*file{}}}, files: map[string]*file{}}
	t.Cleanup(disk.Replace(l))
	return l
}

// Count is how many operations there were.
func (l *Lossy) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counted
}

// IsDark says whether the power is cut. A process has ended then: what it says afterwards, it says in the test alone.
func (l *Lossy) IsDark() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dark
}

// begin counts an operation. mine: it is one on this disk.
func (l *Lossy) begin(path string) (mine bool, err error) {
	relative, err := filepath.Rel(l.root, path)
	if err != nil || strings.HasPrefix(relative, "..") {
		return false, nil //nolint:nilerr // another disk's
	}
	l.counted++
	if l.left > 0 && l.counted >= l.left {
		l.dark = true
	}
	if l.dark {
		return true, ErrNoPower
	}
	return true, nil
}

// at gives a folder. One that is not known was there before.
func (l *Lossy) at(path string) *folder {
	if l.folders[path] == nil {
		l.folders[path] = &folder{names: map[string]*file{}}
	}
	return l.folders[path]
}

// do carries out what becomes of a name: on the real file system, and as what the disk may have.
func (l *Lossy) do(path string, really func() error, change func(names map[string]*file)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, err := l.begin(path)
	if err != nil {
		return err
	}
	if err := really(); err != nil || !mine {
		return err
	}
	in := l.at(filepath.Dir(path))
	in.pending = append(in.pending, change)
	return nil
}

func (l *Lossy) create(path string, really func() (disk.File, error)) (disk.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, err := l.begin(path)
	if err != nil {
		return nil, err
	}
	out, err := really()
	if err != nil || !mine {
		return out, err
	}
	path = out.Name()
	made := l.files[path]
	if made == nil {
		made = &file{live: path}
		name := filepath.Base(path)
		in := l.at(filepath.Dir(path))
		in.pending = append(in.pending, func(names map[string]*file) { names[name] = made })
		l.files[path] = made
	}
	if info, err := os.Stat(path); err == nil {
		made.mode = info.Mode()
	}
	made.synced = false
	return &writing{File: out, on: l, file: made}, nil
}

// Create implements disk.FS.
func (l *Lossy) Create(path string, mode fs.FileMode) (disk.File, error) {
	return l.create(path, func() (disk.File, error) { return disk.OS{}.Create(path, mode) })
}

// CreateTemp implements disk.FS.
func (l *Lossy) CreateTemp(in, pattern string) (disk.File, error) {
	return l.create(filepath.Join(in, pattern), func() (disk.File, error) { return disk.OS{}.CreateTemp(in, pattern) })
}

// Mkdir implements disk.FS.
func (l *Lossy) Mkdir(path string, mode fs.FileMode) error {
	name := filepath.Base(path)
	return l.do(path, func() error { return os.Mkdir(path, mode) }, func(names map[string]*file) { names[name] = nil })
}

// Link implements disk.FS.
func (l *Lossy) Link(from, to string) error { return l.name(from, to, os.Link) }

// Rename implements disk.FS. Both names must be in one folder: no more is needed here.
func (l *Lossy) Rename(from, to string) error {
	if filepath.Dir(from) != filepath.Dir(to) {
		return errors.New("a rename from one folder to another is not played here")
	}
	return l.name(from, to, os.Rename)
}

func (l *Lossy) name(from, to string, really func(from, to string) error) error {
	var named *file
	old := ""
	return l.do(to, func() error {
		if err := really(from, to); err != nil {
			return err
		}
		named = l.files[from]
		l.forget(to) // the file that had the name
		l.files[to] = named
		if named != nil {
			named.live = to
		}
		if _, err := os.Lstat(from); err != nil {
			delete(l.files, from)
			old = filepath.Base(from)
		}
		return nil
	}, func(names map[string]*file) {
		if named != nil {
			names[filepath.Base(to)] = named
		}
		delete(names, old)
	})
}

// Remove implements disk.FS.
func (l *Lossy) Remove(path string) error {
	return l.do(path, func() error {
		if err := os.Remove(path); err != nil {
			return err
		}
		l.forget(path)
		return nil
	}, func(names map[string]*file) { delete(names, filepath.Base(path)) })
}

// RemoveAll implements disk.FS.
func (l *Lossy) RemoveAll(path string) error {
	return l.do(path, func() error {
		for each := range l.files {
			if strings.HasPrefix(each, path+string(filepath.Separator)) {
				l.forget(each)
			}
		}
		return os.RemoveAll(path)
	}, func(names map[string]*file) { delete(names, filepath.Base(path)) })
}

// forget lets a path go. What the disk has of it stays.
func (l *Lossy) forget(path string) {
	if gone := l.files[path]; gone != nil && gone.live == path {
		gone.live = ""
	}
	delete(l.files, path)
}

// SyncFolder implements disk.FS.
func (l *Lossy) SyncFolder(path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, err := l.begin(path)
	if err != nil || !mine {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	in := l.at(path)
	for _, change := range in.pending {
		change(in.names)
	}
	in.pending = nil
	return nil
}

// writing is a file that is being written.
type writing struct {
	disk.File
	on   *Lossy
	file *file
}

func (w *writing) Write(p []byte) (int, error) {
	w.on.mu.Lock()
	defer w.on.mu.Unlock()
	if _, err := w.on.begin(w.Name()); err != nil {
		return 0, err
	}
	w.file.synced = false
	return w.File.Write(p)
}

func (w *writing) Sync() error {
	w.on.mu.Lock()
	defer w.on.mu.Unlock()
	if _, err := w.on.begin(w.Name()); err != nil {
		return err
	}
	content, err := os.ReadFile(w.Name())
	w.file.content, w.file.synced = content, err == nil
	return err
}

// Cut cuts the power and starts the machine again: the folder then holds what the disk has. What it has of the things that were not
// synced, the numbers decide.
func (l *Lossy) Cut(numbers *rand.Rand) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	contents := map[*file][]byte{}
	contentOf := func(f *file) ([]byte, error) {
		if kept, ok := contents[f]; ok {
			return kept, nil
		}
		content, err := f.after(numbers)
		contents[f] = content
		return content, err
	}
	type left struct {
		content []byte
		mode    fs.FileMode
	}
	files, lost, made := map[string]left{}, []string{}, []string{}
	for _, path := range slices.Sorted(maps.Keys(l.folders)) {
		in := l.folders[path]
		names := maps.Clone(in.names)
		known := map[string]bool{}
		for name := range in.names {
			known[name] = true
		}
		for _, change := range in.pending {
			all := maps.Clone(names)
			change(all)
			for name := range all {
				known[name] = true
			}
			if numbers.IntN(2) == 0 {
				names = all
			}
		}
		for _, name := range slices.Sorted(maps.Keys(known)) { // so that the same numbers are the same cut
			whole := filepath.Join(path, name)
			f, has := names[name]
			switch {
			case has && f == nil:
				made = append(made, whole)
			case has:
				content, err := contentOf(f)
				if err != nil {
					return err
				}
				files[whole] = left{content, f.mode}
				lost = append(lost, whole) // another file may have its name now
			default:
				lost = append(lost, whole)
			}
		}
		in.names, in.pending = names, nil
	}
	for _, path := range lost {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	for _, path := range made { // in the order of their paths; it may have been removed
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			continue // the one that it was in is lost
		}
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	for path, f := range files {
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			continue // its folder is lost
		}
		if err := os.WriteFile(path, f.content, f.mode); err != nil {
			return err
		}
	}
	l.dark, l.left = false, 0
	return nil
}

// after is what the disk has of a file after a power cut.
func (f *file) after(numbers *rand.Rand) ([]byte, error) {
	if f.synced || f.live == "" {
		return f.content, nil
	}
	content, err := os.ReadFile(f.live)
	if err != nil {
		return nil, err
	}
	switch numbers.IntN(4) {
	case 0:
		return f.content, nil
	case 1:
		return make([]byte, len(content)), nil
	case 2:
		return content[:numbers.IntN(len(content)+1)], nil
	}
	return content, nil
}
