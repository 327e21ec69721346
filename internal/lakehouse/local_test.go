package lakehouse

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	iceio "github.com/apache/iceberg-go/io"
)

func TestLibrary_SyncsNoFile(t *testing.T) {
	out, err := iceio.LocalFS{}.Create(filepath.Join(t.TempDir(), "a"))
	mustDo(t, err)
	defer func() { mustDo(t, out.Close()) }()
	if _, plain := out.(*os.File); !plain {
		t.Errorf("the library writes through %T, which may sync: local.go can go then", out)
	}
}

func TestLocalFiles_AreWhatIcebergOpens(t *testing.T) {
	files, err := iceio.LoadFS(t.Context(), nil, "file:///warehouse/customers")
	mustDo(t, err)
	if _, ours := files.(localFiles); !ours {
		t.Errorf("file: locations are read and written through %T", files)
	}
}

func TestLocalFiles_WriteListAndRemoveByLocation(t *testing.T) {
	files, folder := localFiles{}, fileLocation(filepath.Join(t.TempDir(), "My Lake", "é"))
	mustDo(t, files.WriteFile(folder+"/data/a.parquet", []byte("a")))
	out, err := files.Create(folder + "/b.json")
	mustDo(t, err)
	n, err := out.ReadFrom(strings.NewReader("bb"))
	mustDo(t, errors.Join(err, out.Close()))
	content, err := files.ReadFile(folder + "/b.json")
	mustDo(t, err)
	if n != 2 || string(content) != "bb" {
		t.Errorf("wrote %d bytes, read %q", n, content)
	}
	var found []string
	mustDo(t, files.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(name, folder))
		}
		return err
	}))
	if strings.Join(found, " ") != "/b.json /data/a.parquet" {
		t.Errorf("listed %v", found)
	}
	mustDo(t, files.Remove(folder+"/b.json"))
	mustDo(t, files.RemoveAll(folder))
	if _, err := files.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the removal: %v", err)
	}
	if _, err := files.Open("s3://bucket/a"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("another store's location: %v", err)
	}
}
