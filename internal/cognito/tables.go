package cognito

import (
	"context"
	"fmt"
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

// Report is what a scan knows beside its rows.
type Report struct {
	KeptAsText int64 // values that their column's type could not hold; they are in other_attributes as they came
}

// table is a table with the ways to describe and to read it.
type table struct {
	key, fileName, description string
	needs                      []need
	schema                     func(ctx context.Context, p *Pool) (dataflow.Schema, error)
	scan                       func(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (Report, error)
}

// need is an operation that reading a table calls, with the smallest request that tells whether it is allowed.
type need struct {
	operation
	probe func(ctx context.Context, p *Pool) error // nil: Check has called it when it comes to the tables
}

const usersKey = "users"

// tables are the tables that can be read, in the order in which a person is shown them.
var tables = []table{
	{
		usersKey, "Users", "One row per user, with a column per attribute of the pool's schema.",
		[]need{{describeUserPool, nil}, {listUsers, probeUsers}}, usersSchema, scanUsers,
	},
	{
		"groups", "Groups", "One row per group.",
		[]need{{listGroups, probeGroups}}, groupsSchema, scanGroups,
	},
	{
		"group_memberships", "GroupMemberships", "One row per user in a group.",
		[]need{{describeUserPool, nil}, {listGroups, probeGroups}, {listUsersInGroup, probeMembers}}, groupMembershipsSchema, scanGroupMemberships,
	},
}

// Tables lists the tables that a pool has, in the order in which a person is shown them.
func Tables() []TableInfo {
	all := make([]TableInfo, 0, len(tables))
	for _, t := range tables {
		info := TableInfo{Key: t.key, FileName: t.fileName, Description: t.description}
		for _, op := range t.needs {
			info.Operations = append(info.Operations, op.name)
			info.Actions = append(info.Actions, op.action())
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
	table := dataflow.SourceTable{Key: t.key, FileName: t.fileName, Description: t.description, Schema: schema, Origin: p.target.origin()}
	if t.key == usersKey {
		table.Estimate = p.estimated.Load()
	}
	return table, nil
}

// Scan reads a whole table and hands every row over, with the columns of schema, which may have columns more than
// Table gives (they stay nil) or fewer. Rows come from many goroutines at once, in any order.
// A row may be given twice: schema.Version says which is the newer. An error of the sink ends the scan and is returned as it is.
// Scan returns nil only when the table was read to its end.
func (p *Pool) Scan(ctx context.Context, key string, schema dataflow.Schema, to dataflow.Sink) (Report, error) {
	t, err := tableOf(key)
	if err != nil {
		return Report{}, err
	}
	return t.scan(ctx, p, schema, to)
}
