package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MkdirAll is os.MkdirAll that also syncs the folder above each one it makes: else a power cut could take the folder away with what was synced in it.
func MkdirAll(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(path)
	if err := MkdirAll(above, mode); err != nil {
		return err
	}
	if err := system().Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return system().SyncFolder(above) // also where another process has just made it, and may not have synced yet
}

// Create makes a file, with the folders above it. It is on the disk, under its name, when Close has returned no error.
func Create(path string, file, folder fs.FileMode) (File, error) {
	if err := MkdirAll(filepath.Dir(path), folder); err != nil {
		return nil, err
	}
	out, err := system().Create(path, file)
	if err != nil {
		return nil, err
	}
	return syncedFile{out}, nil
}

type syncedFile struct{ File }

func (f syncedFile) Close() error {
	if err := syncAndClose(f.File, nil); err != nil {
		return err
	}
	return system().SyncFolder(filepath.Dir(f.Name()))
}

// syncAndClose syncs a file to which all was written, unless that failed, and closes it. It gives the first error.
func syncAndClose(file File, written error) error {
	err := written
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// WriteTemporary writes a synced temporary file (mode 0600) and gives its path. On an error it leaves none.
func WriteTemporary(folder, pattern string, content []byte) (string, error) {
	file, err := system().CreateTemp(folder, pattern)
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err := syncAndClose(file, err); err != nil {
		_ = system().Remove(file.Name()) // the first error is the one to tell
		return "", err
	}
	return file.Name(), nil
}

// Link gives a file another name, which a power cut may take back until SyncFolder. fs.ErrExist: the name is taken.
func Link(from, to string) error { return system().Link(from, to) }

// Rename gives a file another name in place of whatever bears that, which a power cut may take back until SyncFolder.
func Rename(from, to string) error { return system().Rename(from, to) }

// Remove removes a file or an empty folder, which a power cut may take back until SyncFolder.
func Remove(path string) error { return system().Remove(path) }

// RemoveAll removes a folder with all that is in it, which a power cut may take back until SyncFolder.
func RemoveAll(path string) error { return system().RemoveAll(path) }

// SyncFolder brings to the disk what became of the names in a folder.
func SyncFolder(path string) error { return system().SyncFolder(path) }
