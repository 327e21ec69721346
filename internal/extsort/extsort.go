// Package extsort sorts more records than memory holds: https://en.wikipedia.org/wiki/External_sorting.
package extsort

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Sorter sorts any number of records (key, payload) in a bounded number of bytes: a full buffer is sorted and written to a spool
// file as a run; at the end the runs are merged. Records come in the order of the bytes of their keys, and those with one key in the order of
// their payloads, so the result does not depend on the order in which they were added.
//
// Use it in three steps: Add, from many goroutines; Seal, once; Records, as often as passes over them are needed. Close ends it, whatever came before.
//
// It is our own because the libraries for it bound the number of records, not of bytes, and a record here is between 100 bytes and 200 KB.
type Sorter struct {
	dir   string
	limit int // bytes of a buffer

	mu      sync.Mutex
	buffer  *buffer
	writing chan error // receives when the buffer being written is free again; nil: none is
	spool   *spool
	sealed  bool
}

const (
	// DefaultBufferBytes bounds one buffer of a sorter. Smaller ones make more runs to merge, larger ones more memory for nothing: merging is not the slow part.
	DefaultBufferBytes = 4 << 20
	// fanIn is how many runs are merged at a time, each through a buffer of mergeBufferBytes.
	fanIn            = 128
	mergeBufferBytes = 32 << 10
)

// New makes a sorter whose spool file lies in a folder, which is made when the first buffer is full. limit is the size of a buffer in bytes:
// DefaultBufferBytes unless a test wants many runs.
func New(dir string, limit int) *Sorter {
	return &Sorter{dir: dir, limit: limit, buffer: &buffer{}}
}

// Add adds a record; it copies both parts. It may be called concurrently, and blocks while a full buffer waits for the disk.
func (s *Sorter) Add(key, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed {
		return errors.New("nothing can be added any more")
	}
	if s.buffer.bytes()+len(key)+len(payload) > s.limit && len(s.buffer.entries) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.buffer.add(key, payload)
	return nil
}

// spareBuffers are what sorters go on with while their full buffer is sorted and written. The process has as many as it can sort side by side,
// however many sorters there are; nil: one that is not made yet.
var spareBuffers = func() chan *buffer {
	spare := make(chan *buffer, runtime.GOMAXPROCS(0))
	for range cap(spare) {
		spare <- nil
	}
	return spare
}()

// spill hands the full buffer to a goroutine that writes it, and goes on with a spare one.
func (s *Sorter) spill() error {
	if err := s.wait(); err != nil {
		return err
	}
	if s.spool == nil {
		file, err := newSpool(s.dir)
		if err != nil {
			return err
		}
		s.spool = file
	}
	full, file, done := s.buffer, s.spool, make(chan error, 1)
	if s.buffer = <-spareBuffers; s.buffer == nil {
		s.buffer = &buffer{}
	}
	s.writing = done
	go func() {
		done <- dataflow.Guard(func() error {
			defer func() {
				full.reset()
				spareBuffers <- full
			}()
			full.sort()
			return file.writeRun(full.iterator())
		})
	}()
	return nil
}

func (s *Sorter) wait() error {
	if s.writing == nil {
		return nil
	}
	err := <-s.writing
	s.writing = nil
	return err
}

// OnDisk says whether there are more records than a buffer holds.
func (s *Sorter) OnDisk() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spool != nil
}

// Seal ends adding. What fitted in one buffer stays in memory and never meets the disk. A ctx that ends stops the merging of many runs.
func (s *Sorter) Seal(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed {
		return nil
	}
	s.sealed = true
	if s.spool == nil {
		s.buffer.sort()
		return nil
	}
	if len(s.buffer.entries) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if err := s.wait(); err != nil {
		return err
	}
	s.buffer = nil
	for len(s.spool.runs) > fanIn {
		if err := s.mergeOnce(ctx); err != nil {
			return err
		}
	}
	return nil
}

// mergeOnce merges every fanIn runs into one of a new spool file.
func (s *Sorter) mergeOnce(ctx context.Context) error {
	merged, err := newSpool(s.dir)
	if err != nil {
		return err
	}
	for group := range slices.Chunk(s.spool.runs, fanIn) {
		if err := merged.writeRun(until(ctx, s.spool.merge(group))); err != nil {
			return errors.Join(err, merged.close())
		}
	}
	old := s.spool
	s.spool = merged
	return old.close()
}

// lookEvery is how many records are read between two looks whether the reading is still wanted.
const lookEvery = 1024

// until reads records as long as ctx lasts, and then gives its error.
func until(ctx context.Context, in Records) Records { return &untilRecords{in: in, ctx: ctx} }

type untilRecords struct {
	in   Records
	ctx  context.Context //nolint:containedctx // of the one reading that this is
	read int
}

func (u *untilRecords) Next() (key, payload []byte, err error) {
	if u.read++; u.read%lookEvery == 1 {
		if err := u.ctx.Err(); err != nil {
			return nil, nil, err
		}
	}
	return u.in.Next()
}

// Records reads all records in order. It may be called again, for another pass.
func (s *Sorter) Records() Records {
	if s.spool == nil {
		return s.buffer.iterator()
	}
	return s.spool.merge(s.spool.runs)
}

// Close gives up the spool file.
func (s *Sorter) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = true
	err := s.wait()
	s.buffer = &buffer{}
	if s.spool != nil {
		err = errors.Join(err, s.spool.close())
		s.spool = nil
	}
	return err
}

// Records are records in order. What Next returns holds until it is called again; the end is io.EOF.
type Records interface {
	Next() (key, payload []byte, err error)
}

// buffer is the records of one run, in memory: their bytes one after the other, and where each begins.
type buffer struct {
	data    []byte
	entries []entry
}

type entry struct {
	prefix              uint64 // the first bytes of the key: most comparisons end here
	start, payload, end uint32
}

const entryBytes = 24

func (b *buffer) bytes() int { return len(b.data) + len(b.entries)*entryBytes }

func (b *buffer) add(key, payload []byte) {
	var prefix [8]byte
	copy(prefix[:], key)
	start := len(b.data)
	b.data = append(append(b.data, key...), payload...)
	b.entries = append(b.entries, entry{
		prefix: binary.BigEndian.Uint64(prefix[:]),
		start:  uint32(start), payload: uint32(start + len(key)), end: uint32(len(b.data)), //nolint:gosec // a buffer is far below 4 GiB
	})
}

func (b *buffer) sort() {
	slices.SortFunc(b.entries, func(x, y entry) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return cmp.Or(
			bytes.Compare(b.data[x.start:x.payload], b.data[y.start:y.payload]),
			bytes.Compare(b.data[x.payload:x.end], b.data[y.payload:y.end]),
		)
	})
}

func (b *buffer) reset() { b.data, b.entries = b.data[:0], b.entries[:0] }

func (b *buffer) iterator() Records { return &bufferRecords{buffer: b} }

type bufferRecords struct {
	buffer *buffer
	at     int
}

func (r *bufferRecords) Next() (key, payload []byte, err error) {
	if r.at == len(r.buffer.entries) {
		return nil, nil, io.EOF
	}
	e := r.buffer.entries[r.at]
	r.at++
	return r.buffer.data[e.start:e.payload], r.buffer.data[e.payload:e.end], nil
}

// spool is a file of sorted runs. It has no name where the system allows that: a process that is killed leaves nothing behind.
type spool struct {
	file *os.File
	name string // to be removed on close; empty: it is gone already
	size int64
	runs []run
}

type run struct{ start, length int64 }

func newSpool(dir string) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the spool folder: %w", err)
	}
	file, err := os.CreateTemp(dir, "spool-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make a spool file: %w", err)
	}
	s := &spool{file: file, name: file.Name()}
	if os.Remove(s.name) == nil { // Windows refuses to remove an open file
		s.name = ""
	}
	return s, nil
}

func (s *spool) writeRun(in Records) error {
	w := bufio.NewWriterSize(s.file, 64<<10)
	var head [2 * binary.MaxVarintLen64]byte
	start := s.size
	for {
		key, payload, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		n := binary.PutUvarint(head[:], uint64(len(key)))
		n += binary.PutUvarint(head[n:], uint64(len(payload)))
		for _, part := range [][]byte{head[:n], key, payload} {
			if _, err := w.Write(part); err != nil {
				return fmt.Errorf("write the spool file: %w", err)
			}
		}
		s.size += int64(n + len(key) + len(payload))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the spool file: %w", err)
	}
	s.runs = append(s.runs, run{start, s.size - start})
	return nil
}

func (s *spool) close() error {
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return err
}

// merge reads runs as one, in order.
func (s *spool) merge(runs []run) Records {
	m := &mergeRecords{}
	for _, run := range runs {
		m.idle = append(m.idle, &runRecords{in: bufio.NewReaderSize(io.NewSectionReader(s.file, run.start, run.length), mergeBufferBytes)})
	}
	return m
}

// runRecords reads one run. key and payload are its current record.
type runRecords struct {
	in           *bufio.Reader
	buf          []byte
	prefix       uint64
	key, payload []byte
}

func (r *runRecords) advance() error {
	keyLength, err := binary.ReadUvarint(r.in)
	if err != nil {
		return err // io.EOF at the end of the run, and only there
	}
	length, err := binary.ReadUvarint(r.in)
	if err == nil {
		r.buf = slices.Grow(r.buf[:0], int(keyLength+length))[:keyLength+length] //nolint:gosec // written above
		_, err = io.ReadFull(r.in, r.buf)
	}
	if err != nil {
		return fmt.Errorf("read the spool file: %w", io.ErrUnexpectedEOF)
	}
	r.key, r.payload = r.buf[:keyLength], r.buf[keyLength:]
	var prefix [8]byte
	copy(prefix[:], r.key)
	r.prefix = binary.BigEndian.Uint64(prefix[:])
	return nil
}

func (r *runRecords) before(other *runRecords) bool {
	if r.prefix != other.prefix {
		return r.prefix < other.prefix
	}
	return cmp.Or(bytes.Compare(r.key, other.key), bytes.Compare(r.payload, other.payload)) < 0
}

// mergeRecords is a heap of runs, the one with the smallest record on top.
type mergeRecords struct {
	idle []*runRecords // not read yet
	heap []*runRecords
}

func (m *mergeRecords) Next() (key, payload []byte, err error) {
	if m.idle != nil {
		for _, run := range m.idle {
			if err := run.advance(); err == nil {
				m.heap = append(m.heap, run)
			} else if !errors.Is(err, io.EOF) {
				return nil, nil, err
			}
		}
		m.idle = nil
		for i := len(m.heap)/2 - 1; i >= 0; i-- {
			m.down(i)
		}
	} else if len(m.heap) > 0 { // the record that was handed out last is done with
		switch err := m.heap[0].advance(); {
		case errors.Is(err, io.EOF):
			last := len(m.heap) - 1
			m.heap[0] = m.heap[last]
			m.heap = m.heap[:last]
		case err != nil:
			return nil, nil, err
		}
		m.down(0)
	}
	if len(m.heap) == 0 {
		return nil, nil, io.EOF
	}
	return m.heap[0].key, m.heap[0].payload, nil
}

func (m *mergeRecords) down(i int) {
	for {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(m.heap) && m.heap[child].before(m.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}
