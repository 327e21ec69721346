package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// connectorType is a type of connectors: what opens its sources, and what Terraform has of it alone.
type connectorType struct {
	dataflow.ConnectorType
	resourceType string // "skypoint_cognito_connector"
	resource     func() resource.Resource

	listResource func() list.ListResource       // nil: it can't be listed
	dataSources  []func() datasource.DataSource // beside what all types have
	functions    []func() function.Function
}

// connectorTypes are types in the order of their names.
type connectorTypes []connectorType

// allConnectorTypes are the types that the provider has. A type is a package beside cognito, a file with its resource, and a line here.
func allConnectorTypes(version string) connectorTypes {
	return connectorTypes{
		cognitoConnectorType(version),
	}
}

// named gives a type by its name.
func (all connectorTypes) named(name string) (dataflow.ConnectorType, error) {
	for _, t := range all {
		if t.Info().Name == name {
			return t.ConnectorType, nil
		}
	}
	return nil, &dataflow.Error{
		Code: dataflow.CodeNewerFormat, Object: fmt.Sprintf("connector type %q", name), Cause: errors.New("this version of the provider does not have it"),
		Hint: "Upgrade the provider to the version that made the connector, or a later one.",
	}
}

// names lists the names of the types.
func (all connectorTypes) names() []string {
	var names []string
	for _, t := range all {
		names = append(names, t.Info().Name)
	}
	return names
}

// only is the type's name when there is just one type. Else it is empty, and only a connector tells its type.
func (all connectorTypes) only() string {
	if len(all) == 1 {
		return all[0].Info().Name
	}
	return ""
}

// tableKeys lists the keys of all tables.
func (all connectorTypes) tableKeys() []string {
	var keys []string
	for _, t := range all {
		for _, table := range t.Tables() {
			if !slices.Contains(keys, table.Key) {
				keys = append(keys, table.Key)
			}
		}
	}
	return keys
}

// fileName gives what the source calls the table with this key; empty: no type has such a table, or several types do and call it differently.
func (all connectorTypes) fileName(key string) string {
	found := ""
	for _, t := range all {
		for _, table := range t.Tables() {
			if table.Key != key {
				continue
			}
			if found != "" && found != table.FileName {
				return ""
			}
			found = table.FileName
		}
	}
	return found
}

// table gives what is known of the table with this key; false: no type has such a table, or several types do.
func (all connectorTypes) table(key string) (dataflow.TableInfo, bool) {
	var found []dataflow.TableInfo
	for _, t := range all {
		for _, table := range t.Tables() {
			if table.Key == key {
				found = append(found, table)
			}
		}
	}
	if len(found) != 1 {
		return dataflow.TableInfo{}, false
	}
	return found[0], true
}

// checkTableKey refuses a key that no table has.
func (all connectorTypes) checkTableKey(key string) error {
	if slices.Contains(all.tableKeys(), key) {
		return nil
	}
	var has []string
	for _, t := range all {
		has = append(has, tablesOf(t))
	}
	return fmt.Errorf("there is no table %q: %s", key, strings.Join(has, "; "))
}

// tablesOf says which tables a type has.
func tablesOf(t dataflow.ConnectorType) string {
	var keys []string
	for _, table := range t.Tables() {
		keys = append(keys, table.Key)
	}
	return fmt.Sprintf("the tables of a %s are %s", t.Info().Thing, strings.Join(keys, ", "))
}

// cost warns of a table that costs much. The connector is nil where it is not known: then the first type speaks that has such a table.
func (all connectorTypes) cost(key string, connector *dataflow.Connector) *dataflow.CostWarning {
	for _, t := range all {
		if connector != nil && connector.Type != t.Info().Name {
			continue
		}
		if slices.ContainsFunc(t.Tables(), func(table dataflow.TableInfo) bool { return table.Key == key }) {
			return t.Cost(key, connector)
		}
	}
	return nil
}

// sources opens the connectors of a workspace, each by its type.
type sources struct{ services *services }

var _ dataflow.Sources = sources{}

// Type implements dataflow.Sources. A connector that is not there yet can only be of the one type that there is.
func (o sources) Type(ctx context.Context, name string) (string, error) {
	connector, err := o.services.connector(ctx, name)
	if dataflow.IsCode(err, dataflow.CodeNoConnector) && o.services.types.only() != "" {
		return o.services.types.only(), nil
	}
	return connector.Type, err
}

// Source implements dataflow.Sources.
func (o sources) Source(ctx context.Context, name string) (string, error) {
	connector, t, err := o.of(ctx, name)
	if err != nil {
		return "", err
	}
	return t.Source(connector)
}

// Open implements dataflow.Sources.
func (o sources) Open(ctx context.Context, name string) (dataflow.Source, error) {
	connector, t, err := o.of(ctx, name)
	if err != nil {
		return nil, err
	}
	return t.Open(ctx, connector, o.services.secretOf(connector.Name))
}

func (o sources) of(ctx context.Context, name string) (dataflow.Connector, dataflow.ConnectorType, error) {
	connector, err := o.services.connector(ctx, name)
	if err != nil {
		return connector, nil, err
	}
	t, err := o.services.types.named(connector.Type)
	return connector, t, err
}

// secretOf gives what opens a connector's sealed secret.
func (s *services) secretOf(name string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		l, err := s.ledger(ctx)
		if err != nil {
			return "", err
		}
		return l.ConnectorSecret(ctx, name)
	}
}

// noConnector says that an argument names a connector that there is not.
func noConnector(name, argument string) error {
	return &dataflow.Error{
		Code: dataflow.CodeNoConnector, Object: fmt.Sprintf("connector %q", name), Cause: errors.New("it is not in the workspace"),
		Hint: "Create it, or give " + argument + " the id of one that exists.",
	}
}
