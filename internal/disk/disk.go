// Package disk writes files that are still there after a power cut.
//
// A file system holds in memory what was written lately. A file's content is on the disk when the file has been synced, and its name when its
// folder has. Who decides something because of a file must have synced both first, or the decision may outlive the file
// (https://man7.org/linux/man-pages/man2/fsync.2.html).
//
// Everything that the records and the tables rely on is written through this package. Spooled rows and the kept parts of
// failed imports are not: what a power cut takes of those is read again from the source.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
)

// FS is what a file system does for who writes to it. The paths are the operating system's. Its methods may be called concurrently. Nothing of what
// they do need outlive a power cut before it is synced: a file's content by File.Sync, what became of the names in a folder by SyncFolder.
type FS interface {
	Create(path string, mode fs.FileMode) (File, error) // truncates a file that is there
	CreateTemp(folder, pattern string) (File, error)    // as os.CreateTemp
	Mkdir(path string, mode fs.FileMode) error
	Link(from, to string) error // fails with fs.ErrExist where to is taken
	Rename(from, to string) error
	Remove(path string) error
	RemoveAll(path string) error
	SyncFolder(path string) error
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	Name() string
	Sync() error
}

// The file system in use is a variable of the package, as the disk itself is one for all: the library that writes the tables' files takes its
// own from a registry of the process, so there is nothing that one could be handed along.
var current atomic.Pointer[FS]

func system() FS {
	if replaced := current.Load(); replaced != nil {
		return *replaced
	}
	return OS{}
}

// Replace makes another file system the one in use, until restore is called. It is for tests.
func Replace(files FS) (restore func()) {
	before := current.Swap(&files)
	return func() { current.Store(before) }
}

// OS is the operating system's file system.
type OS struct{}

var _ FS = OS{}

// Create implements FS.
func (OS) Create(path string, mode fs.FileMode) (File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
}

// CreateTemp implements FS.
func (OS) CreateTemp(folder, pattern string) (File, error) { return os.CreateTemp(folder, pattern) }

// Mkdir implements FS.
func (OS) Mkdir(path string, mode fs.FileMode) error { return os.Mkdir(path, mode) }

// Link implements FS.
func (OS) Link(from, to string) error { return os.Link(from, to) }

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (OS) Remove(path string) error { return os.Remove(path) }

// RemoveAll implements FS.
func (OS) RemoveAll(path string) error { return os.RemoveAll(path) }

// SyncFolder implements FS. Windows cannot sync a folder, and journals its names itself.
func (OS) SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // a file system that cannot sync a folder; fsync(2) names EINVAL for it
	}
	return errors.Join(err, folder.Close())
}
