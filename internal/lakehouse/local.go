package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	iceio "github.com/apache/iceberg-go/io"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/disk"
)

// The library's own file system for file: locations syncs nothing: https://github.com/apache/iceberg-go/blob/v0.7.0/io/local.go. After a power cut
// a catalog could point at metadata, and metadata at data, that is empty, with the files of before removed. A run decides and a catalog points
// at what is on the disk, so this one takes its place for the whole process.
func init() {
	iceio.Unregister("file")
	iceio.Register("file", func(context.Context, *url.URL, map[string]string) (iceio.IO, error) { return localFiles{}, nil })
}

// localFiles is Iceberg's IO on this machine's file systems. What was written to a file is on the disk, under its name, when the file's Close has
// returned no error.
type localFiles struct{}

var (
	_ iceio.WriteFileIO = localFiles{}
	_ iceio.ReadFileIO  = localFiles{}
	_ iceio.ListableIO  = localFiles{}
	_ iceio.StatIO      = localFiles{}
	_ iceio.RemoveAllIO = localFiles{}
)

// The modes are the library's: the warehouse's own folder is closed to others.
const (
	dataFileMode   = 0o644
	dataFolderMode = 0o755
)

func pathOf(op, location string) (string, error) {
	path, ok := localPath(location)
	if !ok {
		return "", &fs.PathError{Op: op, Path: location, Err: fmt.Errorf("it is no file of this machine: %w", fs.ErrInvalid)}
	}
	return path, nil
}

// Create implements iceio.WriteFileIO.
func (localFiles) Create(location string) (iceio.FileWriter, error) {
	path, err := pathOf("create", location)
	if err != nil {
		return nil, err
	}
	out, err := disk.Create(path, dataFileMode, dataFolderMode)
	if err != nil {
		return nil, err
	}
	return fileWriter{out}, nil
}

// fileWriter is a file as the library writes one.
type fileWriter struct{ disk.File }

// ReadFrom implements io.ReaderFrom.
func (w fileWriter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w.File}, r)
}

// WriteFile implements iceio.WriteFileIO.
func (f localFiles) WriteFile(location string, content []byte) error {
	out, err := f.Create(location)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return errors.Join(err, out.Close())
}

// Open implements iceio.IO.
func (localFiles) Open(location string) (iceio.File, error) {
	path, err := pathOf("open", location)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ReadFile implements iceio.ReadFileIO.
func (localFiles) ReadFile(location string) ([]byte, error) {
	path, err := pathOf("open", location)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Stat implements iceio.StatIO.
func (localFiles) Stat(location string) (fs.FileInfo, error) {
	path, err := pathOf("stat", location)
	if err != nil {
		return nil, err
	}
	return os.Stat(path)
}

// Remove implements iceio.IO. A power cut may bring the file back: it is nobody's then, and the next run removes it.
func (localFiles) Remove(location string) error {
	path, err := pathOf("remove", location)
	if err != nil {
		return err
	}
	return disk.Remove(path)
}

// RemoveAll implements iceio.RemoveAllIO.
func (localFiles) RemoveAll(location string) error {
	path, err := pathOf("remove", location)
	if err != nil {
		return err
	}
	return disk.RemoveAll(path)
}

// WalkDir implements iceio.ListableIO. It gives locations, as a bucket's does.
func (localFiles) WalkDir(location string, visit fs.WalkDirFunc) error {
	path, err := pathOf("walk", location)
	if err != nil {
		return err
	}
	return filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		return visit(fileLocation(name), entry, err)
	})
}
