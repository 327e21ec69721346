package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ dataflow.Parts = (*Parts)(nil)

// Recordings is what imports have kept of the tables that they read, in memory. Many processes share it, as on one machine they share a folder.
type Recordings struct {
	mu  sync.Mutex // also of what is being recorded
	all map[recordingID]*recording
}

type recordingID struct {
	dataflow string
	run      int64
	key      string
}

type recording struct {
	what  string // the dataflow.Recording as text
	parts []recordedPart
}

type recordedPart struct {
	dataflow.KeptPart
	rows []dataflow.Row
}

// NewRecordings makes an empty one.
func NewRecordings() *Recordings { return &Recordings{all: map[recordingID]*recording{}} }

// Clone gives recordings of its own with what these have now.
func (r *Recordings) Clone() *Recordings {
	r.mu.Lock()
	defer r.mu.Unlock()
	clone := NewRecordings()
	for id, of := range r.all {
		clone.all[id] = &recording{what: of.what, parts: slices.Clone(of.parts)}
	}
	return clone
}

// Parts is dataflow.Parts for one process over recordings that many may share.
type Parts struct {
	recordings *Recordings
	hook       Hook
}

// NewParts makes the parts that one process sees.
func NewParts(recordings *Recordings, hook Hook) *Parts { return &Parts{recordings, hook} }

const opParts = "parts"

func idOf(what dataflow.Recording) recordingID {
	return recordingID{what.Dataflow, what.Run, what.Key}
}

func textOf(what dataflow.Recording) (string, error) {
	text, err := json.Marshal(what)
	return string(text), err
}

// Record implements dataflow.Parts.
func (p *Parts) Record(what dataflow.Recording) (dataflow.Recorder, error) {
	text, err := textOf(what)
	if err != nil {
		return nil, err
	}
	return &recorder{p: p, id: idOf(what), what: text}, nil
}

// recorder is the dataflow.Recorder of one table of a run. As on a disk there is no recording before the first part is read to its end.
type recorder struct {
	p      *Parts
	id     recordingID
	what   string
	closed bool
}

// Part implements dataflow.Recorder.
func (r *recorder) Part(name string) dataflow.RecordedPart {
	return &recordingPart{r, recordedPart{KeptPart: dataflow.KeptPart{ReadPart: dataflow.ReadPart{Name: name}}}}
}

// Close implements dataflow.Recorder.
func (r *recorder) Close() error {
	r.p.recordings.mu.Lock()
	defer r.p.recordings.mu.Unlock()
	r.closed = true
	return nil
}

type recordingPart struct {
	*recorder
	part recordedPart
}

// Put implements dataflow.RecordedPart.
func (p *recordingPart) Put(row dataflow.Row) {
	p.p.recordings.mu.Lock()
	defer p.p.recordings.mu.Unlock()
	p.part.rows = append(p.part.rows, slices.Clone(row))
	p.part.Rows++
}

// Done implements dataflow.RecordedPart. A process that is killed before it leaves no such part.
func (p *recordingPart) Done(keptAsText int64, at time.Time) {
	if p.p.hook.read(context.Background(), opParts, fmt.Sprintf("%s/%s", p.id.key, p.part.Name)) != nil {
		return
	}
	recordings := p.p.recordings
	recordings.mu.Lock()
	defer recordings.mu.Unlock()
	if p.closed {
		return
	}
	p.part.KeptAsText, p.part.At = keptAsText, at
	of := recordings.all[p.id]
	if of == nil {
		of = &recording{what: p.what}
		recordings.all[p.id] = of
	}
	of.parts = append(of.parts, p.part)
}

// find gives the parts of a recording; none where it is of something else.
func (p *Parts) find(ctx context.Context, what dataflow.Recording) ([]recordedPart, error) {
	text, err := textOf(what)
	if err == nil {
		err = p.hook.read(ctx, opParts, what.Key)
	}
	if err != nil {
		return nil, err
	}
	p.recordings.mu.Lock()
	defer p.recordings.mu.Unlock()
	of := p.recordings.all[idOf(what)]
	if of == nil || of.what != text {
		return nil, nil
	}
	return slices.Clone(of.parts), nil
}

// Parts implements dataflow.Parts.
func (p *Parts) Parts(ctx context.Context, what dataflow.Recording) ([]dataflow.KeptPart, error) {
	found, err := p.find(ctx, what)
	var kept []dataflow.KeptPart
	for _, part := range found {
		kept = append(kept, part.KeptPart)
	}
	return kept, err
}

// Read implements dataflow.Parts. A part that is gone since Parts has listed it is an error.
func (p *Parts) Read(ctx context.Context, what dataflow.Recording, parts []string, put func(dataflow.Row) error) error {
	found, err := p.find(ctx, what)
	if err != nil {
		return err
	}
	for _, name := range parts {
		at := slices.IndexFunc(found, func(part recordedPart) bool { return part.Name == name })
		if at < 0 {
			return errors.New("the recording was changed")
		}
		for _, row := range found[at].rows {
			if err := put(slices.Clone(row)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Kept implements dataflow.Parts.
func (p *Parts) Kept(ctx context.Context, dataflowName string, run int64) ([]dataflow.Kept, error) {
	if err := p.hook.read(ctx, opParts, dataflowName); err != nil {
		return nil, err
	}
	p.recordings.mu.Lock()
	defer p.recordings.mu.Unlock()
	var all []dataflow.Kept
	for id, of := range p.recordings.all {
		if id.dataflow != dataflowName || id.run != run {
			continue
		}
		kept := dataflow.Kept{Key: id.key}
		for _, part := range of.parts {
			kept.Parts++
			kept.Rows += part.Rows
			if part.At.After(kept.Until) {
				kept.Until = part.At
			}
		}
		all = append(all, kept)
	}
	slices.SortFunc(all, func(a, b dataflow.Kept) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// Forget implements dataflow.Parts.
func (p *Parts) Forget(ctx context.Context, dataflowName string, run int64, key string) error {
	if err := p.hook.read(ctx, opParts, dataflowName); err != nil {
		return err
	}
	p.recordings.mu.Lock()
	defer p.recordings.mu.Unlock()
	maps.DeleteFunc(p.recordings.all, func(id recordingID, _ *recording) bool {
		return id.dataflow == dataflowName && id.run <= run && (key == "" || key == id.key)
	})
	return nil
}
