package checkpoint

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// blockBytes is when the rows of a part are written as a block. Each part that is being read holds so much, and there are 64 at most.
const blockBytes = 64 << 10

// writer is the dataflow.CheckpointWriter of one file.
type writer struct {
	path  string
	head  []byte
	codec rowcodec.Codec

	mu    sync.Mutex
	file  *os.File // nil: nothing was written yet
	parts uint32
	err   error // nothing is recorded any more
}

var errClosed = errors.New("the checkpoint is closed")

// Part implements dataflow.CheckpointWriter.
func (w *writer) Part(name string) dataflow.PartWriter {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parts++
	return &partWriter{writer: w, id: w.parts, name: name}
}

// Close implements dataflow.CheckpointWriter.
func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = errors.Join(w.err, errClosed)
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// write adds blocks. They are there together: nothing of another part comes between them.
func (w *writer) write(blocks []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	if w.file == nil {
		if w.file, w.err = create(w.path); w.err != nil {
			return
		}
		if _, w.err = w.file.Write(w.head); w.err != nil {
			return
		}
	}
	_, w.err = w.file.Write(blocks)
}

func create(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// partWriter is the dataflow.PartWriter of one part.
type partWriter struct {
	writer *writer
	id     uint32
	name   string

	mu      sync.Mutex
	rows    []byte // encoded, one after the other
	count   int64
	blocks  []byte
	failure error // a row could not be encoded: the part is never done
}

// Put implements dataflow.PartWriter.
func (p *partWriter) Put(row dataflow.Row) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return
	}
	p.rows, p.failure = p.writer.codec.AppendRow(p.rows, row)
	p.count++
	if len(p.rows) >= blockBytes {
		p.flush(nil)
	}
}

// Done implements dataflow.PartWriter.
func (p *partWriter) Done(keptAsText int64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	end, err := json.Marshal(done{Name: p.name, Rows: p.count, KeptAsText: keptAsText, At: at})
	if p.failure = errors.Join(p.failure, err); p.failure == nil {
		p.flush(end)
	}
}

// flush writes the rows that are there, and that these are all when there is an end.
func (p *partWriter) flush(end []byte) {
	p.blocks = p.blocks[:0]
	if len(p.rows) > 0 {
		p.blocks = block{rowsBlock, p.id, p.rows}.append(p.blocks)
	}
	if end != nil {
		p.blocks = block{doneBlock, p.id, end}.append(p.blocks)
	}
	p.writer.write(p.blocks)
	p.rows = p.rows[:0]
}

// done is what a checkpoint says of a part that was read to its end.
type done struct {
	Name       string    `json:"name"`
	Rows       int64     `json:"rows"`
	KeptAsText int64     `json:"kept_as_text"`
	At         time.Time `json:"at"`
}
