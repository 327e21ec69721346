package ledger

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var hashKey = dataflow.HashKey("a key of a person's, of more than 32 bytes")

func TestHashKey_OfTheWorkspaceIsMadeOnceAndStays(t *testing.T) {
	l, store := inMemory()
	var group sync.WaitGroup
	keys := make([]dataflow.HashKey, 8)
	for i := range keys {
		group.Go(func() {
			key, err := l.HashKey(t.Context(), "")
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	group.Wait()
	for _, key := range keys {
		if len(key) != dataflow.MinHashKeyBytes || !bytes.Equal(key, keys[0]) {
			t.Fatalf("the keys differ, or one has %d bytes", len(key))
		}
	}
	content, err := store.Read(t.Context(), "hash_keys/own.json")
	must(t, err)
	if bytes.Contains(content, keys[0]) {
		t.Error("the key lies open")
	}
}

func TestHashKey_OpensWhatWasSealed(t *testing.T) {
	l, _ := inMemory()
	for range 2 { // the second time it is there
		fingerprint, err := l.SealHashKey(t.Context(), hashKey)
		must(t, err)
		if fingerprint != hashKey.Fingerprint() || len(fingerprint) != 16 {
			t.Fatalf("the fingerprint is %q", fingerprint)
		}
		key, err := l.HashKey(t.Context(), fingerprint)
		must(t, err)
		if !bytes.Equal(key, hashKey) {
			t.Fatal("it is another key")
		}
	}
	_, err := l.HashKey(t.Context(), "0011223344556677")
	wantError(t, err, dataflow.CodeNotFound, "hash key 0011223344556677: open: the workspace does not have it any more. Set hash_key_wo together with a new hash_key_wo_version.")
}

func TestHashKey_IsSealedAnewWhereTheSecretsKeyWasLost(t *testing.T) {
	l, store := inMemory()
	fingerprint, err := l.SealHashKey(t.Context(), hashKey)
	must(t, err)
	must(t, store.Delete(t.Context(), keyPath))
	_, err = l.HashKey(t.Context(), fingerprint)
	wantError(t, err, dataflow.CodeSecretsKey, "the workspace's secrets key is not there")
	_, err = l.SealHashKey(t.Context(), hashKey)
	must(t, err)
	key, err := l.HashKey(t.Context(), fingerprint)
	must(t, err)
	if !bytes.Equal(key, hashKey) {
		t.Error("it is another key")
	}
}

func TestHashKey_FindsOneThatWasMoved(t *testing.T) {
	l, store := inMemory()
	fingerprint, err := l.SealHashKey(t.Context(), hashKey)
	must(t, err)
	content, err := store.Read(t.Context(), "hash_keys/"+fingerprint+".json")
	must(t, err)
	must(t, store.Create(t.Context(), "hash_keys/0011223344556677.json", bytes.ReplaceAll(content, []byte(fingerprint), []byte("0011223344556677"))))
	_, err = l.HashKey(t.Context(), "0011223344556677")
	wantError(t, err, dataflow.CodeCorrupt, "the secret was sealed for another object")
}

func TestRecord_WithPoliciesIsOfANewerFormat(t *testing.T) {
	plain := dataflow.Definition{Tables: map[string]dataflow.TableDefinition{"users": {Columns: map[string]dataflow.ColumnPolicy{"email": {Policy: dataflow.PolicyLoad}}}}}
	hidden := dataflow.Definition{Tables: map[string]dataflow.TableDefinition{"users": {Columns: map[string]dataflow.ColumnPolicy{"email": {Policy: dataflow.PolicyDrop}}}}}
	stopped := dataflow.Definition{Tables: map[string]dataflow.TableDefinition{"users": {NewColumns: dataflow.NewColumnsFail}}}
	for _, test := range []struct {
		record any
		want   string
	}{
		{dataflow.Record{Definition: plain}, `"format": 1,`}, {dataflow.Record{Definition: hidden}, `"format": 2,`},
		{dataflow.Started{Definition: plain}, `"format": 1,`}, {dataflow.Started{Definition: stopped}, `"format": 2,`},
	} {
		content, err := encode(test.record)
		must(t, err)
		if !strings.Contains(string(content), test.want) {
			t.Errorf("%+v has not %s", test.record, test.want)
		}
		var record dataflow.Record
		if err := decode(content, &record); err != nil {
			t.Errorf("%+v can't be read: %v", test.record, err)
		}
	}
}
