package checkpoint

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// Store is a folder of checkpoints. Its methods may be called concurrently, by any number of processes.
type Store struct{ dir string }

// New gives the store in a folder, which is made when something is first kept.
func New(dir string) *Store { return &Store{dir} }

const suffix = ".rows"

// format is the version of a checkpoint's form. One of another form is of no use, and of no harm.
const format = 2

// head is the first line of a checkpoint.
type head struct {
	Format int `json:"format"`
	dataflow.Checkpoint
}

func headOf(what dataflow.Checkpoint) ([]byte, error) {
	line, err := json.Marshal(head{format, what})
	if err != nil {
		return nil, failed("name", what.Dataflow, err)
	}
	return append(line, '\n'), nil
}

// Write begins to keep what a run reads of a table. The caller closes what it gets.
func (s *Store) Write(what dataflow.Checkpoint) (dataflow.CheckpointWriter, error) {
	line, err := headOf(what)
	if err != nil {
		return nil, err
	}
	codec, err := rowcodec.New(what.Schema)
	if err != nil {
		return nil, failed("record", what.Dataflow, err)
	}
	return &writer{path: s.path(what), head: line, codec: codec}, nil
}

// DoneParts lists the parts that a run has read to their end. None: there are none, or they were read elsewhere or with another schema.
func (s *Store) DoneParts(ctx context.Context, what dataflow.Checkpoint) ([]dataflow.DonePart, error) {
	var all []dataflow.DonePart
	err := s.each(ctx, what, func(b block) error {
		if b.kind == doneBlock {
			var d done
			if err := json.Unmarshal(b.payload, &d); err != nil {
				return errDamaged
			}
			all = append(all, dataflow.DonePart(d))
		}
		return nil
	})
	return all, err
}

// ReadRows puts the rows of these parts, which DoneParts has listed.
func (s *Store) ReadRows(ctx context.Context, what dataflow.Checkpoint, parts []string, put func(dataflow.Row) error) error {
	named := map[string]bool{}
	for _, name := range parts {
		named[name] = true
	}
	wanted := map[uint32]bool{}
	var rows int64
	err := eachDone(ctx, s.path(what), func(part uint32, d done) {
		if named[d.Name] {
			wanted[part] = true
			rows += d.Rows
		}
	})
	if err != nil {
		return failed("read", what.Dataflow, err)
	}
	codec, err := rowcodec.New(what.Schema)
	if err != nil {
		return failed("read", what.Dataflow, err)
	}
	err = s.each(ctx, what, func(b block) error {
		if b.kind != rowsBlock || !wanted[b.part] {
			return nil
		}
		in := rowcodec.Read(b.payload)
		for len(in.Rest()) > 0 {
			row, err := codec.Next(&in)
			if err != nil {
				return fmt.Errorf("%w: %w", errDamaged, err)
			}
			rows--
			if err := put(row); err != nil {
				return err
			}
		}
		return in.Err()
	})
	if err == nil && rows != 0 { // it was changed since DoneParts has looked
		err = failed("read", what.Dataflow, errDamaged)
	}
	return err
}

// Resumable says what of its tables a run has kept, in the order of their keys.
func (s *Store) Resumable(ctx context.Context, dataflowName string, run int64) ([]dataflow.Resumable, error) {
	entries, err := os.ReadDir(s.folder(dataflowName, run))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed("list", dataflowName, err)
	}
	var all []dataflow.Resumable
	for _, entry := range entries {
		key, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok {
			continue
		}
		kept := dataflow.Resumable{Key: key}
		err := eachDone(ctx, filepath.Join(s.folder(dataflowName, run), entry.Name()), func(_ uint32, d done) {
			kept.Parts++
			kept.Rows += d.Rows
			if d.At.After(kept.Until) {
				kept.Until = d.At
			}
		})
		if err != nil {
			return nil, failed("read", dataflowName, err)
		}
		if kept.Parts > 0 {
			all = append(all, kept)
		}
	}
	return all, nil
}

// Forget removes what the runs of a dataflow up to this one have kept; of one table only where a key is given.
func (s *Store) Forget(_ context.Context, dataflowName string, run int64, key string) error {
	folder := filepath.Join(s.dir, dataflowName)
	entries, err := os.ReadDir(folder)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return failed("list", dataflowName, err)
	}
	var failures []error
	for _, entry := range entries {
		by, err := strconv.ParseInt(entry.Name(), 10, 64)
		if err != nil || by > run {
			continue
		}
		if key == "" {
			failures = append(failures, os.RemoveAll(filepath.Join(folder, entry.Name())))
		} else if err := os.Remove(filepath.Join(folder, entry.Name(), key+suffix)); !errors.Is(err, fs.ErrNotExist) {
			failures = append(failures, err)
		}
	}
	_ = os.Remove(folder) // stays while there is something in it
	if err := errors.Join(failures...); err != nil {
		return failed("remove", dataflowName, err)
	}
	return nil
}

func failed(op, dataflowName string, err error) error {
	return &dataflow.Error{Code: dataflow.CodeInternal, Op: op, Object: fmt.Sprintf("what runs of dataflow %q have read", dataflowName), Cause: err}
}

func (s *Store) folder(dataflowName string, run int64) string {
	return filepath.Join(s.dir, dataflowName, fmt.Sprintf("%08d", run))
}

func (s *Store) path(what dataflow.Checkpoint) string {
	return filepath.Join(s.folder(what.Dataflow, what.Run), what.Key+suffix)
}

// each visits the blocks of a checkpoint, up to one that is damaged.
func (s *Store) each(ctx context.Context, what dataflow.Checkpoint, visit func(block) error) error {
	wanted, err := headOf(what)
	if err != nil {
		return err
	}
	file, err := os.Open(s.path(what))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return failed("read", what.Dataflow, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	in := bufio.NewReaderSize(file, 1<<20)
	if line, err := in.ReadBytes('\n'); err != nil || !bytes.Equal(line, wanted) {
		return nil
	}
	for ctx.Err() == nil {
		b, err := readBlock(in)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errDamaged):
			return nil
		case err != nil:
			return failed("read", what.Dataflow, err)
		}
		if err := visit(b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// eachDone visits what a checkpoint says of parts without reading their rows: whoever is interrupted has no time for gigabytes.
func eachDone(ctx context.Context, path string, visit func(part uint32, d done)) error {
	file, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	line, err := bufio.NewReader(file).ReadBytes('\n')
	for at := int64(len(line)); err == nil && ctx.Err() == nil; {
		in := bufio.NewReaderSize(io.NewSectionReader(file, at, math.MaxInt64-at), headBytes+512)
		var length int64
		if length, err = lengthOfRows(in); err != nil {
			break
		}
		if length == 0 {
			var b block
			if b, err = readBlock(in); err != nil {
				break
			}
			var d done
			if err = json.Unmarshal(b.payload, &d); err == nil {
				visit(b.part, d)
			}
			length = headBytes + int64(len(b.payload))
		}
		at += length
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errDamaged) {
		return nil
	}
	return errors.Join(err, ctx.Err())
}
