package dataflow

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Policy says what becomes of the values of a column on their way from the source.
type Policy string

// The policies.
const (
	PolicyLoad Policy = "load" // they are loaded as they are
	PolicyHash Policy = "hash" // <column>_hashed has the HMAC-SHA-256 of each in place of the column, in lower-case hex
	PolicyMask Policy = "mask" // eight stars, and the last characters that keep_last leaves
	PolicyDrop Policy = "drop" // the column is not loaded
)

// Policies lists the policies, in the order in which a person is shown them.
func Policies() []string {
	return []string{string(PolicyLoad), string(PolicyHash), string(PolicyMask), string(PolicyDrop)}
}

// NewColumns says what an import does with a column that the source has got since: one that columns does not name, and that no import has known since this is set.
type NewColumns string

// What becomes of new columns.
const (
	NewColumnsLoad NewColumns = "load" // they are loaded; also where nothing is said
	NewColumnsDrop NewColumns = "drop" // they are left out
	NewColumnsFail NewColumns = "fail" // the import fails and names them
)

// AllNewColumns lists what can become of new columns, in the order in which a person is shown them.
func AllNewColumns() []string {
	return []string{string(NewColumnsLoad), string(NewColumnsDrop), string(NewColumnsFail)}
}

// MaxKeepLast bounds ColumnPolicy.KeepLast.
const MaxKeepLast = 16

// ColumnPolicy is what becomes of the values of one column.
type ColumnPolicy struct {
	Policy   Policy `json:"policy"`
	KeepLast *int64 `json:"keep_last,omitempty"` // with PolicyMask: how many characters at the end of a value stay; nil: none
}

// IsLoad says whether the values are loaded as they are.
func (p ColumnPolicy) IsLoad() bool { return p.Policy == PolicyLoad }

// MinHashKeyBytes is the least length of a HashKey: that of the hash, as RFC 2104 asks for (https://www.rfc-editor.org/rfc/rfc2104#section-3).
const MinHashKeyBytes = sha256.Size

// HashKey is the key that columns are hashed with. It is a secret: whoever has it can try values.
type HashKey []byte

// Fingerprint tells a key from others, and does not give it away.
func (k HashKey) Fingerprint() string {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte("fingerprint of a hash key"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// HashKeys keeps the keys that columns are hashed with. Its method may be called concurrently, by any number of processes.
type HashKeys interface {
	// HashKey opens the key with this fingerprint; "" is the workspace's own, which the first call makes. A key that is not there has CodeNotFound, and one
	// that can't be opened CodeSecretsKey.
	HashKey(ctx context.Context, fingerprint string) (HashKey, error)
}

// ColumnError is what is wrong with the policy of one column.
type ColumnError struct {
	Table  string // its key
	Column string // as columns names it
	Err    error
}

// Error gives the cause: who reports it names the column.
func (e *ColumnError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *ColumnError) Unwrap() error { return e.Err }
