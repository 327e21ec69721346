//go:build torture && linux

package torture

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// reader is pyiceberg in a process of its own, which lives as long as the test: a question costs milliseconds.
type reader struct {
	in  io.Writer
	out *bufio.Reader
}

// wantTable is what a table should be: its key in the source, and for each ref the folder of the pool's version that it shows.
type wantTable struct {
	Key     string            `json:"key"`
	Refs    map[string]string `json:"refs"`
	Current string            `json:"current"` // the tag of the run that main is at
}

type question struct {
	Op        string               `json:"op"`
	DB        string               `json:"db"`
	Warehouse string               `json:"warehouse"`
	Database  string               `json:"database"`
	Tables    map[string]wantTable `json:"tables"`
	Endpoint  string               `json:"endpoint,omitempty"` // of the bucket's service; empty: the tables are in a folder
	Objects   string               `json:"objects,omitempty"`  // the folder that has the objects of its buckets as files
}

type answer struct {
	Error  string                      `json:"error"`
	Refs   map[string]map[string]int64 `json:"refs"` // of a peek: by table and ref
	Lost   []string                    `json:"lost"`
	Half   []string                    `json:"half"`
	Left   []string                    `json:"left"`
	Values int64                       `json:"values"`
	Stray  int                         `json:"stray"` // metadata files that lead nowhere
}

func startReader(t *testing.T) *reader {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(setting(t, "PYICEBERG"), "bin", "python"), "reader.py")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // it ends with this
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // whatever its status: it has ended
	})
	return &reader{in: in, out: bufio.NewReader(out)}
}

func (r *reader) ask(q question) (answer, error) {
	var a answer
	line, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		return a, err
	}
	if line, err = r.out.ReadBytes('\n'); err != nil {
		return a, err
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, fmt.Errorf("pyiceberg: %s", a.Error)
	}
	return a, nil
}
