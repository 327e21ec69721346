package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// testStore is the conformance suite: every kind of Store passes it. open gives a new, empty one.
func testStore(t *testing.T, open func(t *testing.T) Store) {
	t.Run("CreateStoresAnObjectOnceAndKeepsIt", func(t *testing.T) {
		store := open(t)
		must(t, store.Create(t.Context(), "a/b/c.json", []byte("first")))
		wantCode(t, store.Create(t.Context(), "a/b/c.json", []byte("second")), dataflow.CodeExists)
		wantContent(t, store, "a/b/c.json", "first")
	})
	t.Run("ReplaceStoresAnObjectWhetherItExistsOrNot", func(t *testing.T) {
		store := open(t)
		must(t, store.Replace(t.Context(), "a.json", []byte("a longer first one")))
		must(t, store.Replace(t.Context(), "a.json", []byte("second")))
		wantContent(t, store, "a.json", "second")
		wantCode(t, store.Create(t.Context(), "a.json", []byte("third")), dataflow.CodeExists)
	})
	t.Run("AnEmptyObjectIsAnObject", func(t *testing.T) {
		store := open(t)
		must(t, store.Create(t.Context(), "a.json", nil))
		wantContent(t, store, "a.json", "")
		wantCode(t, store.Create(t.Context(), "a.json", []byte("x")), dataflow.CodeExists)
	})
	t.Run("WhatIsNotThereIsNotFound", func(t *testing.T) {
		store := open(t)
		must(t, store.Create(t.Context(), "a/b.json", []byte("x")))
		for _, path := range []string{"b.json", "a/c.json", "c/b.json"} {
			_, err := store.Read(t.Context(), path)
			wantCode(t, err, dataflow.CodeNotFound)
			wantCode(t, store.Delete(t.Context(), path), dataflow.CodeNotFound)
		}
	})
	t.Run("ADeletedObjectIsGoneAndCanBeCreatedAgain", func(t *testing.T) {
		store := open(t)
		must(t, store.Create(t.Context(), "a.json", []byte("first")))
		must(t, store.Delete(t.Context(), "a.json"))
		_, err := store.Read(t.Context(), "a.json")
		wantCode(t, err, dataflow.CodeNotFound)
		must(t, store.Create(t.Context(), "a.json", []byte("second")))
		wantContent(t, store, "a.json", "second")
	})
	t.Run("ListGivesWhatLiesDirectlyInAFolder", func(t *testing.T) {
		store := open(t)
		for _, path := range []string{"a/x.json", "a/b/y.json", "a/b/z.json", "a/b-1/y.json", "ab/x.json", "c.json", "a/Upper.json", "a/b.json"} {
			must(t, store.Create(t.Context(), path, []byte("x")))
		}
		wantList(t, store, "", "a/", "ab/", "c.json")
		wantList(t, store, "a", "Upper.json", "b-1/", "b.json", "b/", "x.json")
		wantList(t, store, "a/b", "y.json", "z.json")
		wantList(t, store, "d")
		wantList(t, store, "a/d")
	})
	t.Run("AnEmptyStoreListsNothing", func(t *testing.T) { wantList(t, open(t), "") })
	t.Run("ContentIsTheCallers", func(t *testing.T) {
		store := open(t)
		content := []byte("first")
		must(t, store.Create(t.Context(), "a.json", content))
		copy(content, "XXXXX")
		read, err := store.Read(t.Context(), "a.json")
		must(t, err)
		copy(read, "YYYYY")
		wantContent(t, store, "a.json", "first")
	})
	t.Run("ContentComesBackByteForByte", func(t *testing.T) {
		store := open(t)
		content := make([]byte, 1<<20)
		for i := range content {
			content[i] = byte(i * i >> 3)
		}
		must(t, store.Create(t.Context(), "a.bin", content))
		wantContent(t, store, "a.bin", string(content))
	})
	t.Run("APathOutsideTheStoreOrOfATemporaryFileIsInvalid", func(t *testing.T) {
		store := open(t)
		for _, path := range []string{"", ".", "..", "../a.json", "a/../../b.json", "/a.json", "a//b.json", "a/", "./a.json", ".tmp-1", "a/.tmp-1/b.json"} {
			wantCode(t, store.Create(t.Context(), path, nil), dataflow.CodeInvalid)
			wantCode(t, store.Replace(t.Context(), path, nil), dataflow.CodeInvalid)
			wantCode(t, store.Delete(t.Context(), path), dataflow.CodeInvalid)
			_, err := store.Read(t.Context(), path)
			wantCode(t, err, dataflow.CodeInvalid)
			if path != "" {
				_, err = store.List(t.Context(), path)
				wantCode(t, err, dataflow.CodeInvalid)
			}
		}
	})
	t.Run("AnObjectThatIsTooLargeIsNotRead", func(t *testing.T) {
		store := open(t)
		must(t, store.Create(t.Context(), "fits.bin", make([]byte, MaxObject)))
		must(t, store.Create(t.Context(), "large.bin", make([]byte, MaxObject+1)))
		content, err := store.Read(t.Context(), "fits.bin")
		must(t, err)
		if len(content) != MaxObject {
			t.Errorf("%d bytes, want %d", len(content), MaxObject)
		}
		_, err = store.Read(t.Context(), "large.bin")
		wantCode(t, err, dataflow.CodeCorrupt)
	})
	t.Run("AContextThatIsDoneEndsACallBeforeItsEffect", func(t *testing.T) {
		store := open(t)
		must(t, store.Create(t.Context(), "a.json", []byte("first")))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, readErr := store.Read(ctx, "a.json")
		_, listErr := store.List(ctx, "")
		for verb, err := range map[string]error{
			"create": store.Create(ctx, "b.json", nil), "replace": store.Replace(ctx, "a.json", nil),
			"delete": store.Delete(ctx, "a.json"), "read": readErr, "list": listErr,
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want context.Canceled", verb, err)
			}
		}
		wantContent(t, store, "a.json", "first")
		wantList(t, store, "", "a.json")
	})
	t.Run("OfManyConcurrentCreatesExactlyOneWins", func(t *testing.T) {
		store := open(t)
		const rounds, contenders = 20, 8
		for round := range rounds {
			path := fmt.Sprintf("dataflows/app/runs/%08d/started.json", round)
			winners := make([]bool, contenders)
			read := make([][]byte, contenders)
			var group sync.WaitGroup
			for i := range contenders {
				group.Go(func() {
					err := store.Create(t.Context(), path, payload(i, round))
					if winners[i] = err == nil; err != nil && !dataflow.IsCode(err, dataflow.CodeExists) {
						t.Errorf("round %d: %v", round, err)
					}
					if read[i], err = store.Read(t.Context(), path); err != nil {
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			group.Wait()
			winner := slices.Index(winners, true)
			if winner < 0 || slices.Contains(winners[winner+1:], true) {
				t.Fatalf("round %d: winners %v", round, winners)
			}
			for i, content := range read {
				if !bytes.Equal(content, payload(winner, round)) {
					t.Errorf("round %d: contender %d read something else than the winner's object", round, i)
				}
			}
		}
	})
}

// payload is what a contender writes in a round: long enough that a reader would meet the middle of a write.
func payload(contender, round int) []byte {
	line := fmt.Sprintf("contender %d round %d\n", contender, round)
	return []byte(strings.Repeat(line, (64<<10)/len(line)))
}

// isPayload says whether content is the whole of what some contender wrote in a round.
func isPayload(content []byte, contenders, round int) bool {
	for contender := range contenders {
		if bytes.Equal(content, payload(contender, round)) {
			return true
		}
	}
	return false
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want dataflow.Code) {
	t.Helper()
	if got := dataflow.CodeOf(err); got != want {
		t.Errorf("code %q (%v), want %q", got, err, want)
	}
}

func wantError(t *testing.T, err error, code dataflow.Code, text string) {
	t.Helper()
	wantCode(t, err, code)
	if err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("error %q does not say %q", err, text)
	}
}

func wantContent(t *testing.T, store Store, path, want string) {
	t.Helper()
	got, err := store.Read(t.Context(), path)
	must(t, err)
	if string(got) != want {
		t.Errorf("%s: %.100q, want %.100q", path, got, want)
	}
}

func wantList(t *testing.T, store Store, folder string, want ...string) {
	t.Helper()
	got, err := store.List(t.Context(), folder)
	must(t, err)
	wantEqual(t, got, want)
}

func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}
