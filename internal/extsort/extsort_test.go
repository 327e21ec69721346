package extsort

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func readAll(t interface{ Fatal(...any) }, in Records) []string {
	var all []string
	for {
		key, payload, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(key)+"\x00\x00"+string(payload))
	}
}

func TestSorter_SortsWhateverTheBuffer(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 64, 300, 4096, 1 << 20}).Draw(t, "limit")
		keys := rapid.SliceOfN(rapid.StringN(0, 12, -1), 0, 400).Draw(t, "keys")
		s := New(dir, limit)
		type record struct{ key, payload string }
		var want []record
		for i, key := range keys {
			payload := fmt.Sprint(i % 7)
			if err := s.Add([]byte(key), []byte(payload)); err != nil {
				t.Fatal(err)
			}
			want = append(want, record{key, payload})
		}
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Add(nil, nil); err == nil {
			t.Fatal("something was added after the end")
		}
		slices.SortFunc(want, func(a, b record) int {
			if c := bytes.Compare([]byte(a.key), []byte(b.key)); c != 0 {
				return c
			}
			return bytes.Compare([]byte(a.payload), []byte(b.payload))
		})
		var sorted []string
		for _, r := range want {
			sorted = append(sorted, r.key+"\x00\x00"+r.payload)
		}
		for pass := 1; pass <= 2; pass++ {
			if got := readAll(t, s.Records()); !slices.Equal(got, sorted) {
				t.Fatalf("pass %d is not sorted: %q, want %q", pass, got, sorted)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSorter_MergesMoreRunsThanItOpensAtOnce(t *testing.T) {
	s := New(t.TempDir(), 1) // a run for every record
	const n = 3*fanIn + 5
	for i := range n {
		if err := s.Add([]byte(fmt.Sprintf("%06d", (i*7919)%n)), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.spool.runs) > fanIn {
		t.Errorf("%d runs are left", len(s.spool.runs))
	}
	all := readAll(t, s.Records())
	if len(all) != n || !slices.IsSorted(all) {
		t.Errorf("%d Records, sorted: %t", len(all), slices.IsSorted(all))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSorter_StopsMergingWhenItIsNotWantedAnyMore(t *testing.T) {
	s := New(t.TempDir(), 1) // a run for every record
	for i := range 2 * fanIn {
		if err := s.Add([]byte(fmt.Sprintf("%06d", i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Seal(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("merging ended with %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSorter_TakesRecordsFromManyAtOnce(t *testing.T) {
	s := New(t.TempDir(), 1000)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 500 {
				if err := s.Add([]byte(fmt.Sprintf("%03d", i)), []byte{byte(worker)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := readAll(t, s.Records())
	if len(all) != 4000 || !slices.IsSorted(all) || len(slices.Compact(all)) != 4000 {
		t.Errorf("%d records", len(all))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSpool_LeavesNoFileBehind_AndIsForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := New(dir, 1)
	for _, key := range []string{"b", "a", "c"} {
		if err := s.Add([]byte(key), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := s.spool.file.Stat()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the spool file's mode is %v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("while it is used the folder holds %v, %v", entries, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSorter_SaysThatTheDiskFailed(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := New(blocked, 1)
	first, second := s.Add([]byte("a"), nil), s.Add([]byte("b"), nil)
	if first != nil || second == nil {
		t.Errorf("errors are %v and %v", first, second)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The buffer is written by a goroutine of its own, which nobody above could guard.
func TestSorter_APanicWhileItSpillsIsAnError(t *testing.T) {
	s := New(t.TempDir(), 1)
	if err := s.Add([]byte("a"), []byte("b")); err != nil {
		t.Fatal(err)
	}
	s.buffer.entries[0].end = 1 << 30 // beyond its buffer
	err := errors.Join(s.Add([]byte("c"), []byte("d")), s.Seal(t.Context()))
	if !dataflow.IsCode(err, dataflow.CodeInternal) {
		t.Errorf("the error is %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestSorters_ShareTheSpareBuffers(t *testing.T) {
	before := runtime.MemStats{}
	var sorters []*Sorter
	for range 20 {
		sorters = append(sorters, New(t.TempDir(), 1<<20))
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	payload := make([]byte, 1000)
	for n := range 5_000 {
		for _, s := range sorters {
			if err := s.Add([]byte(fmt.Sprintf("%08x", n*7919%5_000)), payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, s := range sorters { // nobody writes any more
		s.mu.Lock()
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
		s.mu.Unlock()
	}
	runtime.GC()
	after := runtime.MemStats{}
	runtime.ReadMemStats(&after)
	// A buffer of 1 MiB grows to a capacity of a quarter more: one for each sorter, and one for each processor.
	most := int64(len(sorters)+cap(spareBuffers)) * (1 << 20) * 3 / 2
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
		t.Errorf("%d sorters hold %d bytes, want %d at most", len(sorters), grown, most)
	}
	for _, s := range sorters {
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(readAll(t, s.Records())); got != 5_000 {
			t.Errorf("%d Records, want 5,000", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
