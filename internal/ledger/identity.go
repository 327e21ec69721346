package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var workspacePlace = place{"workspace.json", "workspace"}

// workspaceRecord tells this workspace from every other one, wherever it is moved.
type workspaceRecord struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
}

func (w workspaceRecord) check() error {
	if _, err := uuid.Parse(w.ID); err != nil {
		return fmt.Errorf("its id is not a UUID: %w", err)
	}
	return nil
}

// preparer is a Store that has something to do before the first record of a new workspace is written. It may be done twice.
type preparer interface {
	prepare(ctx context.Context) error
}

// ID gives the random id that the workspace got with its first record. When nothing was written yet
// it makes the workspace (create), or the error has dataflow.CodeNotFound.
func (l *Ledger) ID(ctx context.Context, create bool) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id != "" {
		return l.id, nil
	}
	record, err := get(ctx, l, workspacePlace, workspaceRecord.check)
	if create && dataflow.IsCode(err, dataflow.CodeNotFound) {
		record, err = l.makeWorkspace(ctx)
	}
	if err != nil {
		return "", err
	}
	l.id = record.ID
	return l.id, nil
}

// makeWorkspace makes the workspace, or reads it when another process was faster.
func (l *Ledger) makeWorkspace(ctx context.Context) (workspaceRecord, error) {
	// First, so that no workspace has a record without it.
	if p, ok := l.store.(preparer); ok {
		if err := p.prepare(ctx); err != nil {
			return workspaceRecord{}, err
		}
	}
	record := workspaceRecord{ID: uuid.NewString(), CreatedAt: l.clock().UTC()}
	content, err := encode(record)
	if err != nil {
		return workspaceRecord{}, err
	}
	err = l.store.Create(ctx, workspacePlace.path, content)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		return get(ctx, l, workspacePlace, workspaceRecord.check)
	}
	return record, err
}
