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

// hashKeyRecord is a key that columns are hashed with, as it lies in the workspace. It is written once.
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
	err = l.createHashKey(ctx, name, key)
	if dataflow.IsCode(err, dataflow.CodeExists) { // another process was faster
		return l.openHashKey(ctx, name)
	}
	return key, err
}

// SealHashKey keeps a key, and gives its fingerprint, under which HashKey opens it.
func (l *Ledger) SealHashKey(ctx context.Context, key dataflow.HashKey) (fingerprint string, err error) {
	fingerprint = key.Fingerprint()
	if _, err := l.openHashKey(ctx, fingerprint); !dataflow.IsCode(err, dataflow.CodeNotFound) {
		if err != nil { // sealed with another secrets key, or damaged: it is sealed anew
			err = l.replaceHashKey(ctx, fingerprint, key)
		}
		return fingerprint, err
	}
	err = l.createHashKey(ctx, fingerprint, key)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		err = nil
	}
	return fingerprint, err
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
	// The workspace comes first: it is what keeps the key file out of git.
	if _, err := l.ID(ctx, true); err != nil {
		return hashKeyRecord{}, err
	}
	record := hashKeyRecord{Fingerprint: key.Fingerprint()}
	sealed, err := l.keys.seal(ctx, hashKeyObject(name), record.Fingerprint, base64.StdEncoding.EncodeToString(key))
	record.SealedKey = sealed
	return record, err
}

func (l *Ledger) createHashKey(ctx context.Context, name string, key dataflow.HashKey) error {
	record, err := l.sealedHashKey(ctx, name, key)
	if err != nil {
		return err
	}
	return create(ctx, l, hashKeyPlace(name), record, checkHashKey(name))
}

func (l *Ledger) replaceHashKey(ctx context.Context, name string, key dataflow.HashKey) error {
	record, err := l.sealedHashKey(ctx, name, key)
	if err != nil {
		return err
	}
	return replace(ctx, l, hashKeyPlace(name), record, checkHashKey(name))
}

func checkHashKey(name string) func(hashKeyRecord) error {
	return func(record hashKeyRecord) error {
		if name != ownHashKey && record.Fingerprint != name {
			return fmt.Errorf("it is that of hash key %q", record.Fingerprint)
		}
		return nil
	}
}
