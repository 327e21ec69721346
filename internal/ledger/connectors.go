package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// connectorRecord is a connector as it lies in the workspace.
type connectorRecord struct {
	dataflow.Connector
	SealedSecret []byte `json:"sealed_secret,omitempty"` // see keyring.seal; none: the connector has no secret
}

// connectorFormat is the newest format of a connector's record. In format 1 what the type defines lay beside what all types have.
const connectorFormat = 2

func (connectorRecord) format() int64 { return connectorFormat }

// UnmarshalJSON gives what the type defines without the white space that it has in a record.
func (r *connectorRecord) UnmarshalJSON(content []byte) error {
	type record connectorRecord
	if err := json.Unmarshal(content, (*record)(r)); err != nil {
		return err
	}
	for _, raw := range []*json.RawMessage{&r.Settings, &r.Check.Source} {
		var compact bytes.Buffer
		if len(*raw) == 0 {
			continue
		}
		if err := json.Compact(&compact, *raw); err != nil {
			return err
		}
		*raw = compact.Bytes()
	}
	return nil
}

// upgrade implements upgraded.
func (r *connectorRecord) upgrade(_ int64, content []byte) error {
	if err := json.Unmarshal(content, r); err != nil {
		return err
	}
	var old struct {
		Check map[string]json.RawMessage `json:"check"`
	}
	settings := map[string]json.RawMessage{}
	if err := errors.Join(json.Unmarshal(content, &settings), json.Unmarshal(content, &old)); err != nil {
		return err
	}
	for _, ofAll := range []string{"format", "type", "name", "uid", "display_name", "description", "check", "created_at", "updated_at", "sealed_secret"} {
		delete(settings, ofAll)
	}
	delete(old.Check, "available_tables")
	var err error
	if r.Settings, err = json.Marshal(settings); err != nil {
		return err
	}
	r.Check.Source, err = json.Marshal(old.Check)
	return err
}

// CreateConnector creates a connector's record and seals its secret; nil and "" are no secret. When a connector of this name exists,
// in whatever case, the error has dataflow.CodeExists and the standing record stays.
func (l *Ledger) CreateConnector(ctx context.Context, connector dataflow.Connector, secret *string) error {
	p, err := connectorPlace(connector.Name)
	if err != nil {
		return err
	}
	record := connectorRecord{Connector: connector}
	if err := l.sealInto(ctx, &record, secret); err != nil {
		return err
	}
	err = create(ctx, l, p, record, checkConnector(connector.Name))
	if !dataflow.IsCode(err, dataflow.CodeExists) {
		return err
	}
	// A standing record that cannot be read is not this call's error: that the name is taken is.
	if there, readErr := get(ctx, l, p, anyConnector); readErr == nil && there.Name != connector.Name {
		return errCase(dataflow.CodeExists, connectorObject, connector.Name, there.Name)
	}
	return err
}

// PutConnector replaces the record of a connector that exists (else dataflow.CodeNotFound). A nil secret keeps the sealed one,
// without opening it; "" takes it away. Of two concurrent calls for one connector the later one stands, as a whole.
func (l *Ledger) PutConnector(ctx context.Context, connector dataflow.Connector, secret *string) error {
	p, err := connectorPlace(connector.Name)
	if err != nil {
		return err
	}
	there, err := get(ctx, l, p, checkConnector(connector.Name))
	if err != nil {
		return err
	}
	record := connectorRecord{Connector: connector, SealedSecret: there.SealedSecret}
	if secret != nil {
		record.SealedSecret = nil
	}
	if err := l.sealInto(ctx, &record, secret); err != nil {
		return err
	}
	return replace(ctx, l, p, record, checkConnector(connector.Name))
}

// Connector reads a connector's record. It needs no secrets key.
func (l *Ledger) Connector(ctx context.Context, name string) (dataflow.Connector, error) {
	record, err := l.connector(ctx, name)
	return record.Connector, err
}

// Connectors reads all connectors, in the order of their names without regard to case. It needs no secrets key.
func (l *Ledger) Connectors(ctx context.Context) ([]dataflow.Connector, error) {
	return collect(l.EachConnector(ctx))
}

// EachConnector is Connectors for whoever may stop early: it reads few records more than are taken. After an error there is no other connector.
func (l *Ledger) EachConnector(ctx context.Context) iter.Seq2[dataflow.Connector, error] {
	return each(ctx, l, connectorsFolder, recordSuffix, func(ctx context.Context, folded string) (dataflow.Connector, error) {
		p, err := connectorPlace(folded)
		if err != nil {
			return dataflow.Connector{}, err
		}
		record, err := get(ctx, l, p, func(r connectorRecord) error { return ignoreCase(checkConnector(folded)(r)) })
		return record.Connector, err
	})
}

// ConnectorSecret opens a connector's secret. A connector that has none, or does not exist, has dataflow.CodeNotFound;
// a key that is missing or another one, dataflow.CodeSecretsKey; a secret that was sealed for another connector, dataflow.CodeCorrupt.
func (l *Ledger) ConnectorSecret(ctx context.Context, name string) (string, error) {
	record, err := l.connector(ctx, name)
	if err != nil {
		return "", err
	}
	if len(record.SealedSecret) == 0 {
		return "", &dataflow.Error{
			Code: dataflow.CodeNotFound, Op: "open secret", Object: connectorObject(name),
			Cause: errors.New("the connector has no secret"),
			Hint:  "Set secret_access_key_wo together with a new secret_access_key_wo_version.",
		}
	}
	return l.keys.open(ctx, connectorObject(name), name, record.SealedSecret)
}

// DeleteConnector removes a connector's record, and its sealed secret with it. A connector that does not exist has dataflow.CodeNotFound.
func (l *Ledger) DeleteConnector(ctx context.Context, name string) error {
	p, err := connectorPlace(name)
	if err != nil {
		return err
	}
	// Read first: "app" may not delete "App", nor may this version delete what it does not understand.
	if _, err := l.connector(ctx, name); err != nil {
		return err
	}
	return l.store.Delete(ctx, p.path)
}

func (l *Ledger) connector(ctx context.Context, name string) (connectorRecord, error) {
	p, err := connectorPlace(name)
	if err != nil {
		return connectorRecord{}, err
	}
	return get(ctx, l, p, checkConnector(name))
}

func (l *Ledger) sealInto(ctx context.Context, record *connectorRecord, secret *string) error {
	if secret == nil || *secret == "" {
		return nil
	}
	sealed, err := l.seal(ctx, connectorObject(record.Name), record.Name, *secret)
	record.SealedSecret = sealed
	return err
}

// seal is keyring.seal in a workspace that is there.
func (l *Ledger) seal(ctx context.Context, object, owner, secret string) ([]byte, error) {
	// The workspace comes first: it is what keeps the key file out of git.
	if _, err := l.ID(ctx, true); err != nil {
		return nil, err
	}
	return l.keys.seal(ctx, object, owner, secret)
}

func checkConnector(name string) func(connectorRecord) error {
	return func(record connectorRecord) error { return checkIdentity(connectorObject, name, record.Name) }
}

func anyConnector(connectorRecord) error { return nil }
