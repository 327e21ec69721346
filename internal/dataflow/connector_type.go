package dataflow

import "context"

// ConnectorType is a kind of source that connectors lead to. It has no state: every method may be called at any time, also concurrently.
//
// Quotas stay inside the type: its sources keep to them, and Cost takes them into account.
type ConnectorType interface {
	// Info says what people are told of the type.
	Info() ConnectorTypeInfo

	// Tables lists the tables that such a source has, in the order in which a person is shown them.
	Tables() []TableInfo

	// Source gives what people call the place that a connector leads to, as SourceTable.Source has it. It asks nobody.
	Source(c Connector) (string, error)

	// Open signs in to the source of a connector. secret opens the connector's sealed secret; it is called where the sign-in needs one.
	// The caller closes what it gets. Errors are *Error with a code, a cause and a hint.
	Open(ctx context.Context, c Connector, secret func(context.Context) (string, error)) (Source, error)

	// Cost returns a warning for a table that is expensive to import, and nil for any other. The connector's last check tells how
	// expensive; c is nil when the connector is not known yet.
	Cost(key string, c *Connector) *CostWarning
}

// ConnectorTypeInfo is what people are told of a connector type.
type ConnectorTypeInfo struct {
	Name        string // "AWS Cognito": the type of its connectors and of the dataflows that import through them
	Category    string // "Services and apps"
	Description string // a whole sentence
	Thing       string // what a connector leads to: "user pool"
}

// TableInfo is what is known of a table without asking its source.
type TableInfo struct {
	Key         string // "users"
	FileName    string // "Users"
	Description string // a whole sentence
	Schema      Schema // the columns that it has in every source
	IsOpen      bool   // whether a source may have more of them
}

// CostWarning says what importing a table costs.
type CostWarning struct {
	Summary string // "Table costs a call per user"
	Detail  string // whole sentences
}
