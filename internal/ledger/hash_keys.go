package ledger

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	hashKeysFolder = "hash_keys"
	// ownHashKey is the name of the record of the key that the workspace has made for itself. A fingerprint, which other keys are named by, is never this.
	ownHashKey = "own"
)

// hashKeyRecord is a key that columns are hashed with, as it lies in the workspace.
type hashKeyRecord struct {
	Fingerprint string `json:"fingerprint"`
	SealedKey   []byte `json:"sealed_key"`
}

func hashKeyPlace(name string) place {
	return place{hashKeysFolder + "/" + name + recordSuffix, hashKeyObject(name)}
}

func hashKeyObject(name string) string {
	if name == ownHashKey {
		return "the workspace's own hash key"
	}
	return "hash key " + name
}

// HashKey opens the key with this fingerprint; "" is the workspace's own, which the first call makes. A key that is not there has dataflow.CodeNotFound,
// and one that the secrets key does not open dataflow.CodeSecretsKey.
func (l *Ledger) HashKey(ctx context.Context, fingerprint string) (dataflow.HashKey, error) {
	name := fingerprint
	if name == "" {
		name = ownHashKey
	}
	key, err := l.openHashKey(ctx, name)
	if !dataflow.IsCode(err, dataflow.CodeNotFound) {
		return key, err
	}
	if name != ownHashKey {
		return nil, &dataflow.Error{
			Code: dataflow.CodeNotFound, Op: "open", Object: hashKeyObject(name), Cause: errors.New("the workspace does not have it any more"), Hint: hintHashKey,
		}
	}
	key = make(dataflow.HashKey, dataflow.MinHashKeyBytes)
	rand.Read(key)
	record, err := l.sealedHashKey(ctx, name, key)
	if err == nil {
		err = create(ctx, l, hashKeyPlace(name), record, checkHashKey(name))
	}
	if dataflow.IsCode(err, dataflow.CodeExists) { // another process was faster
		return l.openHashKey(ctx, name)
	}
	return key, err
}

// SealHashKey keeps a key, and gives its fingerprint, under which HashKey opens it. A record that can't be opened is made anew: it is of the same key.
func (l *Ledger) SealHashKey(ctx context.Context, key dataflow.HashKey) (fingerprint string, err error) {
	fingerprint = key.Fingerprint()
	if _, err := l.openHashKey(ctx, fingerprint); err == nil {
		return fingerprint, nil
	}
	record, err := l.sealedHashKey(ctx, fingerprint, key)
	if err != nil {
		return fingerprint, err
	}
	return fingerprint, replace(ctx, l, hashKeyPlace(fingerprint), record, checkHashKey(fingerprint))
}

func (l *Ledger) openHashKey(ctx context.Context, name string) (dataflow.HashKey, error) {
	record, err := get(ctx, l, hashKeyPlace(name), checkHashKey(name))
	if err != nil {
		return nil, err
	}
	opened, err := l.keys.open(ctx, hashKeyObject(name), record.Fingerprint, record.SealedKey)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(opened)
	if err != nil || dataflow.HashKey(key).Fingerprint() != record.Fingerprint {
		return nil, l.corruptAt(hashKeyPlace(name), errors.New("the key is another one than its fingerprint says"))
	}
	return key, nil
}

func (l *Ledger) sealedHashKey(ctx context.Context, name string, key dataflow.HashKey) (hashKeyRecord, error) {
	record := hashKeyRecord{Fingerprint: key.Fingerprint()}
	sealed, err := l.seal(ctx, hashKeyObject(name), record.Fingerprint, base64.StdEncoding.EncodeToString(key))
	record.SealedKey = sealed
	return record, err
}

func checkHashKey(name string) func(hashKeyRecord) error {
	return func(record hashKeyRecord) error {
		if name != ownHashKey && record.Fingerprint != name {
			return fmt.Errorf("it is that of hash key %q", record.Fingerprint)
		}
		return nil
	}
}
