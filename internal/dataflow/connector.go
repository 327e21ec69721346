package dataflow

import (
	"encoding/json"
	"time"
)

// Connector is the record of a source and the way to sign in to it. Its secret is not here:
// the ledger keeps that sealed, apart from everything that is shown.
type Connector struct {
	Type        string          `json:"type"` // ConnectorTypeInfo.Name
	Name        string          `json:"name"`
	UID         string          `json:"uid"` // new at each Create: tells this connector from an earlier one of the same name
	DisplayName *string         `json:"display_name"`
	Description *string         `json:"description"`
	Settings    json.RawMessage `json:"settings"` // what leads to the source and signs in to it, but for the secret, as the type defines it
	Check       ConnectionCheck `json:"check"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// ConnectionCheck is what the last connection check saw of the source.
type ConnectionCheck struct {
	Source          json.RawMessage  `json:"source"` // what it saw of the source as a whole, as the type defines it
	AvailableTables []AvailableTable `json:"available_tables"`
}

// AvailableTable is a table that the source offers.
type AvailableTable struct {
	Key         string `json:"key"`
	FileName    string `json:"file_name"`
	Description string `json:"description"`
	Readable    bool   `json:"readable"`
	Reason      string `json:"reason"` // why it can't be read; empty when it can
}
