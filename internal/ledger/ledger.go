package ledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Config says where a ledger's workspace is and how its secrets are sealed.
type Config struct {
	// Workspace is the absolute path of a folder, which need not exist, or the URL of a bucket, which must.
	Workspace string
	// SecretsKeyURL is a gocloud.dev/secrets URL. Empty: the workspace has a key of its own, in its file "key".
	SecretsKeyURL string
	// Clock gives the time that goes into records. Nil: time.Now.
	Clock func() time.Time
}

// Ledger keeps the records in one workspace. Every method may be called concurrently.
type Ledger struct {
	store Store
	keys  keyring
	clock func() time.Time

	mu sync.Mutex
	id string // the workspace's id, once this process knows that the workspace exists
}

// Open gives the ledger in a workspace. It writes nothing: the first record that is written makes the workspace.
// A path where something else than a folder lies has dataflow.CodeWorkspace, a bucket without a secrets key dataflow.CodeSecretsKey.
func Open(ctx context.Context, config Config) (*Ledger, error) {
	if err := CheckSecretsKey(config.Workspace, config.SecretsKeyURL); err != nil {
		return nil, err
	}
	store, err := openStore(ctx, config.Workspace)
	if err != nil {
		return nil, err
	}
	if err := done(ctx, "open", config.Workspace); err != nil {
		return nil, err
	}
	return New(store, config), nil
}

// Store gives what the records are in, for what lies beside them.
func (l *Ledger) Store() Store { return l.store }

func openStore(ctx context.Context, workspace string) (Store, error) {
	if IsBucket(workspace) {
		return NewBucket(ctx, workspace)
	}
	return NewFolder(workspace)
}

// New gives the ledger in a store. It does not look at config.Workspace.
func New(store Store, config Config) *Ledger {
	clock := config.Clock
	if clock == nil {
		clock = time.Now
	}
	return &Ledger{store: store, keys: keyring{store: store, url: config.SecretsKeyURL}, clock: clock}
}

// get reads a record. check says what is wrong with one that can be decoded: an error that is no *dataflow.Error makes it corrupt.
func get[T any](ctx context.Context, l *Ledger, p place, check func(T) error) (T, error) {
	var record, none T
	content, err := l.store.Read(ctx, p.path)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return none, &dataflow.Error{Code: dataflow.CodeNotFound, Op: "read", Object: p.object, Cause: err}
	}
	if err != nil {
		return none, err
	}
	if err := decode(content, &record); err != nil {
		err.Object = l.store.Location(p.path)
		return none, err
	}
	if err := check(record); err != nil {
		return none, l.corruptAt(p, err)
	}
	return record, nil
}

// corruptAt names the record that is not what it must be. An error that says what it is already stays.
func (l *Ledger) corruptAt(p place, err error) error {
	if _, known := errors.AsType[*dataflow.Error](err); known {
		return err
	}
	e := corrupt(err)
	e.Object = l.store.Location(p.path)
	return e
}

// create writes a write-once record. When it exists the error has dataflow.CodeExists.
// check is the one of get: what could not be read back is not written.
func create[T any](ctx context.Context, l *Ledger, p place, record T, check func(T) error) error {
	content, err := l.compose(ctx, p, record, func() error { return check(record) })
	if err != nil {
		return err
	}
	err = l.store.Create(ctx, p.path, content)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		return &dataflow.Error{Code: dataflow.CodeExists, Op: "create", Object: p.object, Cause: err}
	}
	return err
}

// replace writes a record that may be overwritten.
func replace[T any](ctx context.Context, l *Ledger, p place, record T, check func(T) error) error {
	content, err := l.compose(ctx, p, record, func() error { return check(record) })
	if err != nil {
		return err
	}
	return l.store.Replace(ctx, p.path, content)
}

// compose gives the content of a record, once it is sure that there is a workspace to put it into.
func (l *Ledger) compose(ctx context.Context, p place, record any, check func() error) ([]byte, error) {
	if err := check(); err != nil {
		return nil, &dataflow.Error{Code: dataflow.CodeInvalid, Op: "write record", Object: p.object, Cause: err}
	}
	content, err := encode(record)
	if err != nil {
		return nil, err
	}
	_, err = l.ID(ctx, true)
	return content, err
}
