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

var _ dataflow.Checkpoints = (*Checkpoints)(nil)

// CheckpointFolder is what imports have kept of the tables that they read, in memory. Many processes share it, as on one machine they share a folder.
type CheckpointFolder struct {
	mu  sync.Mutex // also of what is being recorded
	all map[checkpointID]*checkpointed
}

type checkpointID struct {
	dataflow string
	run      int64
	key      string
}

type checkpointed struct {
	what  string // the dataflow.Checkpoint as text
	parts []checkpointedPart
}

type checkpointedPart struct {
	dataflow.DonePart
	rows []dataflow.Row
}

// NewCheckpointFolder makes an empty one.
func NewCheckpointFolder() *CheckpointFolder {
	return &CheckpointFolder{all: map[checkpointID]*checkpointed{}}
}

// Clone gives folder of its own with what these have now.
func (r *CheckpointFolder) Clone() *CheckpointFolder {
	r.mu.Lock()
	defer r.mu.Unlock()
	clone := NewCheckpointFolder()
	for id, of := range r.all {
		clone.all[id] = &checkpointed{what: of.what, parts: slices.Clone(of.parts)}
	}
	return clone
}

// Checkpoints is dataflow.Checkpoints for one process over folder that many may share.
type Checkpoints struct {
	folder *CheckpointFolder
	hook   Hook
}

// NewCheckpoints makes the parts that one process sees.
func NewCheckpoints(folder *CheckpointFolder, hook Hook) *Checkpoints {
	return &Checkpoints{folder, hook}
}

const opCheckpoints = "checkpoints"

func idOf(what dataflow.Checkpoint) checkpointID {
	return checkpointID{what.Dataflow, what.Run, what.Key}
}

func textOf(what dataflow.Checkpoint) (string, error) {
	text, err := json.Marshal(what)
	return string(text), err
}

// Write implements dataflow.Checkpoints.
func (p *Checkpoints) Write(what dataflow.Checkpoint) (dataflow.CheckpointWriter, error) {
	text, err := textOf(what)
	if err != nil {
		return nil, err
	}
	return &checkpointWriter{p: p, id: idOf(what), what: text}, nil
}

// checkpointWriter is the dataflow.CheckpointWriter of one table of a run. As on a disk there is no checkpoint before the first part is read to its end.
type checkpointWriter struct {
	p      *Checkpoints
	id     checkpointID
	what   string
	closed bool
}

// Part implements dataflow.CheckpointWriter.
func (r *checkpointWriter) Part(name string) dataflow.PartWriter {
	return &partWriter{r, checkpointedPart{DonePart: dataflow.DonePart{Name: name}}}
}

// Close implements dataflow.CheckpointWriter.
func (r *checkpointWriter) Close() error {
	r.p.folder.mu.Lock()
	defer r.p.folder.mu.Unlock()
	r.closed = true
	return nil
}

type partWriter struct {
	*checkpointWriter
	part checkpointedPart
}

// Put implements dataflow.PartWriter.
func (p *partWriter) Put(row dataflow.Row) {
	p.p.folder.mu.Lock()
	defer p.p.folder.mu.Unlock()
	p.part.rows = append(p.part.rows, slices.Clone(row))
	p.part.Rows++
}

// Done implements dataflow.PartWriter. A process that is killed before it leaves no such part.
func (p *partWriter) Done(keptAsText int64, at time.Time) {
	if p.p.hook.read(context.Background(), opCheckpoints, fmt.Sprintf("%s/%s", p.id.key, p.part.Name)) != nil {
		return
	}
	folder := p.p.folder
	folder.mu.Lock()
	defer folder.mu.Unlock()
	if p.closed {
		return
	}
	p.part.KeptAsText, p.part.At = keptAsText, at
	of := folder.all[p.id]
	if of == nil {
		of = &checkpointed{what: p.what}
		folder.all[p.id] = of
	}
	of.parts = append(of.parts, p.part)
}

// find gives the parts of a checkpoint; none where it is of something else.
func (p *Checkpoints) find(ctx context.Context, what dataflow.Checkpoint) ([]checkpointedPart, error) {
	text, err := textOf(what)
	if err == nil {
		err = p.hook.read(ctx, opCheckpoints, what.Key)
	}
	if err != nil {
		return nil, err
	}
	p.folder.mu.Lock()
	defer p.folder.mu.Unlock()
	of := p.folder.all[idOf(what)]
	if of == nil || of.what != text {
		return nil, nil
	}
	return slices.Clone(of.parts), nil
}

// DoneParts implements dataflow.Checkpoints.
func (p *Checkpoints) DoneParts(ctx context.Context, what dataflow.Checkpoint) ([]dataflow.DonePart, error) {
	found, err := p.find(ctx, what)
	var done []dataflow.DonePart
	for _, part := range found {
		done = append(done, part.DonePart)
	}
	return done, err
}

// ReadRows implements dataflow.Checkpoints. A part that is gone since DoneParts has listed it is an error.
func (p *Checkpoints) ReadRows(ctx context.Context, what dataflow.Checkpoint, parts []string, put func(dataflow.Row) error) error {
	found, err := p.find(ctx, what)
	if err != nil {
		return err
	}
	for _, name := range parts {
		at := slices.IndexFunc(found, func(part checkpointedPart) bool { return part.Name == name })
		if at < 0 {
			return errors.New("the checkpoint was changed")
		}
		for _, row := range found[at].rows {
			if err := put(slices.Clone(row)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Resumable implements dataflow.Checkpoints.
func (p *Checkpoints) Resumable(ctx context.Context, dataflowName string, run int64) ([]dataflow.Resumable, error) {
	if err := p.hook.read(ctx, opCheckpoints, dataflowName); err != nil {
		return nil, err
	}
	p.folder.mu.Lock()
	defer p.folder.mu.Unlock()
	var all []dataflow.Resumable
	for id, of := range p.folder.all {
		if id.dataflow != dataflowName || id.run != run {
			continue
		}
		kept := dataflow.Resumable{Key: id.key}
		for _, part := range of.parts {
			kept.Parts++
			kept.Rows += part.Rows
			if part.At.After(kept.Until) {
				kept.Until = part.At
			}
		}
		all = append(all, kept)
	}
	slices.SortFunc(all, func(a, b dataflow.Resumable) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// Forget implements dataflow.Checkpoints.
func (p *Checkpoints) Forget(ctx context.Context, dataflowName string, run int64, key string) error {
	if err := p.hook.read(ctx, opCheckpoints, dataflowName); err != nil {
		return err
	}
	p.folder.mu.Lock()
	defer p.folder.mu.Unlock()
	maps.DeleteFunc(p.folder.all, func(id checkpointID, _ *checkpointed) bool {
		return id.dataflow == dataflowName && id.run <= run && (key == "" || key == id.key)
	})
	return nil
}
