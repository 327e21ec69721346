package cognito

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// table is a table with the ways to describe and to read it.
type table struct {
	key, fileName, description string
	perUser                    bool                                                        // it costs a call per user
	partsNamedBy               string                                                      // dataflow.SourceTable.PartsNamedBy
	always                     dataflow.Schema                                             // the columns that it has in every pool
	isOpen                     bool                                                        // a pool may have more of them: schema says which
	columns                    []need                                                      // what describing it calls
	rows                       []need                                                      // what scanning it calls
	schema                     func(ctx context.Context, p *Pool) (dataflow.Schema, error) // nil: always
	scan                       func(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error)
}

// need is an operation that a table calls, with the smallest request that tells whether it is allowed.
type need struct {
	operation
	probe func(ctx context.Context, p *Pool) error
}

// needs gives what reading the table calls.
func (t table) needs() []need { return slices.Concat(t.columns, t.rows) }

const usersKey = "users"

var (
	needsPool   = need{describeUserPool, probePool}
	needsUsers  = need{listUsers, probeUsers}
	needsGroups = need{listGroups, probeGroups}
	needsKeySet = need{operation{name: keySetOperation}, probeSigningKeys}
)

// tables are the tables that can be read, in the order in which a person is shown them.
var tables = []table{
	{
		key: usersKey, fileName: "Users", description: "One row per user, with a column per attribute of the pool's schema.",
		columns: []need{needsPool},
		rows:    []need{needsUsers},
		always:  schemaOfUsers(nil), isOpen: true, schema: usersSchema, scan: scanUsers,
	},
	{
		key: "groups", fileName: "Groups", description: "One row per group.",
		rows:   []need{needsGroups},
		always: groupsSchema, scan: scanGroups,
	},
	{
		key: "group_memberships", fileName: "GroupMemberships", description: "One row per user in a group.", partsNamedBy: columnGroupName,
		rows:   []need{needsPool, needsGroups, {listUsersInGroup, probeMembers}},
		always: groupMembershipsSchema, scan: scanGroupMemberships,
	},
	{
		key: "user_pool", fileName: "UserPool", description: "One row: the user pool and its settings.",
		rows:   []need{needsPool, {getUserPoolMfaConfig, probeMFAConfig}},
		always: userPoolSchema, scan: scanUserPool,
	},
	{
		key: "user_attributes", fileName: "UserAttributes", description: "One row per attribute that the pool's schema defines.",
		rows:   []need{needsPool},
		always: userAttributesSchema, scan: scanUserAttributes,
	},
	{
		key: "app_clients", fileName: "AppClients", description: "One row per app client, without its secret.",
		rows:   []need{needsPool, {listUserPoolClients, probeAppClients}, {describeUserPoolClient, probeAppClient}},
		always: appClientsSchema, scan: scanAppClients,
	},
	{
		key: "identity_providers", fileName: "IdentityProviders", description: "One row per identity provider, without secrets.",
		rows:   []need{needsPool, {listIdentityProviders, probeIdentityProviders}, {describeIdentityProvider, probeIdentityProvider}},
		always: identityProvidersSchema, scan: scanIdentityProviders,
	},
	{
		key: "resource_servers", fileName: "ResourceServers", description: "One row per resource server, with its scopes.",
		rows:   []need{{listResourceServers, probeResourceServers}},
		always: resourceServersSchema, scan: scanResourceServers,
	},
	{
		key: "domains", fileName: "Domains", description: "One row per domain.",
		rows:   []need{needsPool, {describeUserPoolDomain, probeDomain}},
		always: domainsSchema, scan: scanDomains,
	},
	{
		key: "signing_keys", fileName: "SigningKeys", description: "One row per public key that tokens are signed with.",
		rows:   []need{needsKeySet},
		always: signingKeysSchema, scan: scanSigningKeys,
	},
	{
		key: "import_jobs", fileName: "ImportJobs", description: "One row per user import job.",
		rows:   []need{{listUserImportJobs, probeImportJobs}},
		always: importJobsSchema, scan: scanImportJobs,
	},
	{
		key: "devices", fileName: "Devices", description: "One row per device that a user has remembered. Costs a call per user.",
		perUser: true,
		rows:    []need{needsPool, needsUsers, {adminListDevices, probeDevices}},
		always:  devicesSchema, scan: scanDevices,
	},
	{
		key: "auth_events", fileName: "AuthEvents", description: "One row per sign-in event of a user. Costs a call per user.",
		perUser: true,
		rows:    []need{needsPool, needsUsers, {adminListUserAuthEvents, probeAuthEvents}},
		always:  authEventsSchema, scan: scanAuthEvents,
	},
}

func tableOf(key string) (table, error) {
	known := make([]string, 0, len(tables))
	for _, t := range tables {
		if t.key == key {
			return t, nil
		}
		known = append(known, t.key)
	}
	return table{}, &dataflow.Error{
		Code: dataflow.CodeInvalid, Op: "read", Object: "table " + key, Cause: fmt.Errorf("a user pool has no table %q", key),
		Hint: "The tables are " + strings.Join(known, ", ") + ".",
	}
}

// Table describes a table with the columns that it has now. It costs a call at most.
func (p *Pool) Table(ctx context.Context, key string) (dataflow.SourceTable, error) {
	t, err := tableOf(key)
	if err != nil {
		return dataflow.SourceTable{}, err
	}
	table := dataflow.SourceTable{
		Key: t.key, FileName: t.fileName, Description: t.description, Schema: t.always, PartsNamedBy: t.partsNamedBy, Origin: p.target.origin(), Source: p.target.source(),
	}
	if t.schema != nil {
		if table.Schema, err = t.schema(ctx, p); err != nil {
			return dataflow.SourceTable{}, err
		}
	}
	if t.key == usersKey {
		table.Estimate = p.estimated.Load()
	}
	return table, nil
}

// Scan reads a whole table and hands every row over, with the columns of schema, which may have columns more than
// Table gives (they stay nil) or fewer. Rows come from many goroutines at once, in any order.
// A row may be given twice: schema.Version says which is the newer. An error of the sink ends the scan and is returned as it is.
// Scan returns nil only when the table was read to its end.
func (p *Pool) Scan(ctx context.Context, key string, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	t, err := tableOf(key)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	return t.scan(ctx, p, schema, to)
}
