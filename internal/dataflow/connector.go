package dataflow

import "time"

// Connector is the record of a source and the way to sign in to it. Its secret is not here:
// the ledger keeps that sealed, apart from everything that is shown.
type Connector struct {
	Type                 string          `json:"type"` // TypeCognito
	Name                 string          `json:"name"`
	UID                  string          `json:"uid"` // new at each Create: tells this connector from an earlier one of the same name
	DisplayName          *string         `json:"display_name"`
	Description          *string         `json:"description"`
	UserPoolID           string          `json:"user_pool_id"`
	Region               string          `json:"region"`
	AccessKeyID          *string         `json:"access_key_id"`
	SecretVersion        *int64          `json:"secret_version"`
	Profile              *string         `json:"profile"`
	AssumeRole           *AssumeRole     `json:"assume_role"`
	Endpoint             *string         `json:"endpoint"`
	MaxRequestsPerSecond int64           `json:"max_requests_per_second"`
	Check                ConnectionCheck `json:"check"`
	CreatedAt            time.Time       `json:"created_at"`
	UpdatedAt            time.Time       `json:"updated_at"`
}

// AssumeRole names the IAM role that a connector signs in with.
type AssumeRole struct {
	RoleARN    string  `json:"role_arn"`
	ExternalID *string `json:"external_id"`
}

// ConnectionCheck is what the last connection check saw of the source.
type ConnectionCheck struct {
	UserPoolName    string           `json:"user_pool_name"`
	EstimatedUsers  int64            `json:"estimated_users"` // the pool's own estimate; AWS does not promise that it is right
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
