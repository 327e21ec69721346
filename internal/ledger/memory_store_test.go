package ledger

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
)

// MemoryStore is a Store that lives as long as the process, for tests.
type MemoryStore struct {
	mu      sync.RWMutex
	objects map[string][]byte
}

var _ Store = (*MemoryStore)(nil)

// NewMemoryStore gives an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{objects: map[string][]byte{}} }

// Create implements Store.
func (m *MemoryStore) Create(ctx context.Context, path string, content []byte) error {
	if err := m.check(ctx, "create", path); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.objects[path]; exists {
		return errExists(m.Location(path))
	}
	m.objects[path] = bytes.Clone(content)
	return nil
}

// Replace implements Store.
func (m *MemoryStore) Replace(ctx context.Context, path string, content []byte) error {
	if err := m.check(ctx, "replace", path); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[path] = bytes.Clone(content)
	return nil
}

// Read implements Store.
func (m *MemoryStore) Read(ctx context.Context, path string) ([]byte, error) {
	if err := m.check(ctx, "read", path); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	content, exists := m.objects[path]
	if !exists {
		return nil, errNotFound("read", m.Location(path))
	}
	if len(content) > MaxObject {
		return nil, errTooLarge(m.Location(path))
	}
	return bytes.Clone(content), nil
}

// List implements Store.
func (m *MemoryStore) List(ctx context.Context, folder string) ([]string, error) {
	if err := checkFolder(folder); err != nil {
		return nil, err
	}
	if err := done(ctx, "list", m.Location(folder)); err != nil {
		return nil, err
	}
	prefix := ""
	if folder != "" {
		prefix = folder + "/"
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var names []string
	for path := range m.objects {
		below, found := strings.CutPrefix(path, prefix)
		if !found {
			continue
		}
		if name, _, deeper := strings.Cut(below, "/"); deeper {
			below = name + "/"
		}
		names = append(names, below)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Delete implements Store.
func (m *MemoryStore) Delete(ctx context.Context, path string) error {
	if err := m.check(ctx, "delete", path); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.objects[path]; !exists {
		return errNotFound("delete", m.Location(path))
	}
	delete(m.objects, path)
	return nil
}

// Location implements Store.
func (m *MemoryStore) Location(path string) string { return "memory:" + path }

func (m *MemoryStore) check(ctx context.Context, op, path string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	return done(ctx, op, m.Location(path))
}

func TestMemoryStore(t *testing.T) {
	testStore(t, func(*testing.T) Store { return NewMemoryStore() })
}
