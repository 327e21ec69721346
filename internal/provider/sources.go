package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// sources opens connectors by their type.
type sources struct{ s *services }

var _ dataflow.Sources = sources{}

// Type implements dataflow.Sources.
func (o sources) Type(ctx context.Context, name string) (string, error) {
	connector, err := o.s.connector(ctx, name)
	if dataflow.IsCode(err, dataflow.CodeNoConnector) {
		return dataflow.TypeCognito, nil // the only one that there is
	}
	return connector.Type, err
}

// Source implements dataflow.Sources.
func (o sources) Source(ctx context.Context, name string) (string, error) {
	connector, err := o.s.connector(ctx, name)
	if err != nil {
		return "", err
	}
	return cognitoConfig(connector, "", "").Source(), nil
}

// Open implements dataflow.Sources.
func (o sources) Open(ctx context.Context, name string) (dataflow.Source, error) {
	config, err := o.s.connectorConfig(ctx, name)
	if err != nil {
		return nil, err
	}
	return o.s.open(ctx, config)
}

func openPool(ctx context.Context, config cognito.Config) (dataflow.Source, error) {
	pool, err := cognito.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return pool, nil
}

// noConnector says that an argument names a connector that there is not.
func noConnector(name, argument string) error {
	return &dataflow.Error{
		Code: dataflow.CodeNoConnector, Object: fmt.Sprintf("connector %q", name), Cause: errors.New("it is not in the workspace"),
		Hint: "Create it, or give " + argument + " the id of one that exists.",
	}
}

// connectorConfig says how to sign in to the pool of a connector, its secret opened.
func (s *services) connectorConfig(ctx context.Context, name string) (cognito.Config, error) {
	connector, err := s.connector(ctx, name)
	if err != nil {
		return cognito.Config{}, err
	}
	secret := ""
	if connector.AccessKeyID != nil {
		l, err := s.ledger(ctx)
		if err != nil {
			return cognito.Config{}, err
		}
		if secret, err = l.ConnectorSecret(ctx, name); err != nil {
			return cognito.Config{}, err
		}
	}
	return cognitoConfig(connector, secret, s.userAgent()), nil
}

func tableKeys() []string {
	var keys []string
	for _, t := range cognito.Tables() {
		keys = append(keys, t.Key)
	}
	return keys
}
