package cognito

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// TableInfo is what is known of a table without asking the pool.
type TableInfo struct {
	Key         string   // "users"
	FileName    string   // "Users"
	Description string   // a whole sentence
	Operations  []string // what reading it calls: "ListUsers"
	Actions     []string // the IAM actions that allow this: "cognito-idp:ListUsers"
}

// table is a table with the ways to describe and to read it.
type table struct {
	key, fileName, description string
	perUser                    bool   // it costs a call per user
	columns                    []need // what describing it calls
	rows                       []need // what scanning it calls
	schema                     func(ctx context.Context, p *Pool) (dataflow.Schema, error)
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
	needsPool    = need{describeUserPool, probePool}
	needsUsers   = need{listUsers, probeUsers}
	needsGroups  = need{listGroups, probeGroups}
	needsKeySet  = need{operation{name: keySetOperation}, probeSigningKeys}
	needsNothing []need
)

// tables are the tables that can be read, in the order in which a person is shown them.
var tables = []table{
	{
		usersKey, "Users", "One row per user, with a column per attribute of the pool's schema.", false,
		[]need{needsPool}, []need{needsUsers}, usersSchema, scanUsers,
	},
	{
		"groups", "Groups", "One row per group.", false,
		needsNothing, []need{needsGroups}, groupsSchema, scanGroups,
	},
	{
		"group_memberships", "GroupMemberships", "One row per user in a group.", false,
		needsNothing, []need{needsPool, needsGroups, {listUsersInGroup, probeMembers}}, groupMembershipsSchema, scanGroupMemberships,
	},
	{
		"user_pool", "UserPool", "One row: the user pool and its settings.", false,
		needsNothing, []need{needsPool, {getUserPoolMfaConfig, probeMFAConfig}}, userPoolSchema, scanUserPool,
	},
	{
		"user_attributes", "UserAttributes", "One row per attribute that the pool's schema defines.", false,
		needsNothing, []need{needsPool}, userAttributesSchema, scanUserAttributes,
	},
	{
		"app_clients", "AppClients", "One row per app client, without its secret.", false,
		needsNothing, []need{needsPool, {listUserPoolClients, probeAppClients}, {describeUserPoolClient, probeAppClient}}, appClientsSchema, scanAppClients,
	},
	{
		"identity_providers", "IdentityProviders", "One row per identity provider, without secrets.", false,
		needsNothing, []need{needsPool, {listIdentityProviders, probeIdentityProviders}, {describeIdentityProvider, probeIdentityProvider}}, identityProvidersSchema, scanIdentityProviders,
	},
	{
		"resource_servers", "ResourceServers", "One row per resource server, with its scopes.", false,
		needsNothing, []need{{listResourceServers, probeResourceServers}}, resourceServersSchema, scanResourceServers,
	},
	{
		"domains", "Domains", "One row per domain.", false,
		needsNothing, []need{needsPool, {describeUserPoolDomain, probeDomain}}, domainsSchema, scanDomains,
	},
	{
		"signing_keys", "SigningKeys", "One row per public key that tokens are signed with.", false,
		needsNothing, []need{needsKeySet}, signingKeysSchema, scanSigningKeys,
	},
	{
		"import_jobs", "ImportJobs", "One row per user import job.", false,
		needsNothing, []need{{listUserImportJobs, probeImportJobs}}, importJobsSchema, scanImportJobs,
	},
	{
		"devices", "Devices", "One row per device that a user has remembered. Costs a call per user.", true,
		needsNothing, []need{needsPool, needsUsers, {adminListDevices, probeDevices}}, devicesSchema, scanDevices,
	},
	{
		"auth_events", "AuthEvents", "One row per sign-in event of a user. Costs a call per user.", true,
		needsNothing, []need{needsPool, needsUsers, {adminListUserAuthEvents, probeAuthEvents}}, authEventsSchema, scanAuthEvents,
	},
}

// Tables lists the tables that a pool has, in the order in which a person is shown them.
func Tables() []TableInfo {
	all := make([]TableInfo, 0, len(tables))
	for _, t := range tables {
		info := TableInfo{Key: t.key, FileName: t.fileName, Description: t.description}
		for _, n := range t.needs() {
			info.Operations = append(info.Operations, n.name)
			if n.name != keySetOperation { // which anybody may call
				info.Actions = append(info.Actions, n.action())
			}
		}
		all = append(all, info)
	}
	return all
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
	schema, err := t.schema(ctx, p)
	if err != nil {
		return dataflow.SourceTable{}, err
	}
	table := dataflow.SourceTable{Key: t.key, FileName: t.fileName, Description: t.description, Schema: schema, Origin: p.target.origin(), Source: p.target.source()}
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
