package columnpolicy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Check finds what is wrong with the policies of a table, one error for each policy that is, in the order of their names. open says whether the
// source may have columns that schema lacks: then a name that is no column is no error.
func Check(key string, schema dataflow.Schema, open bool, definition dataflow.TableDefinition) []*dataflow.ColumnError {
	var found []*dataflow.ColumnError
	bearers := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(definition.Columns)) {
		policy := definition.Columns[name]
		err := checkAlone(policy)
		if other, twice := bearers[strings.ToLower(name)]; twice {
			err = fmt.Errorf("it is the same column as %q", other)
		}
		bearers[strings.ToLower(name)] = name
		if err == nil {
			err = checkColumn(name, policy, schema, open)
		}
		if err != nil {
			found = append(found, &dataflow.ColumnError{Table: key, Column: name, Err: err})
		}
	}
	return found
}

// checkAlone finds what is wrong with a policy whatever the column is.
func checkAlone(p dataflow.ColumnPolicy) error {
	if !slices.Contains(dataflow.Policies(), string(p.Policy)) {
		return fmt.Errorf("there is no policy %q: they are %s", p.Policy, strings.Join(dataflow.Policies(), ", "))
	}
	switch {
	case p.KeepLast == nil:
		return nil
	case p.Policy != dataflow.PolicyMask:
		return errors.New("keep_last is for policy = \"mask\" alone")
	case *p.KeepLast < 0 || *p.KeepLast > dataflow.MaxKeepLast:
		return fmt.Errorf("keep_last is %d, and must be 0 to %d", *p.KeepLast, dataflow.MaxKeepLast)
	}
	return nil
}

// checkColumn finds what is wrong with a policy for the column that it is for.
func checkColumn(name string, p dataflow.ColumnPolicy, schema dataflow.Schema, open bool) error {
	column, member, known := find(name, schema)
	switch {
	case known && member == "" && column.Name != name:
		return fmt.Errorf("the column is called %q", column.Name)
	case !known && open:
		return nil
	case !known:
		return fmt.Errorf("the table has no such column: it has %s", strings.Join(names(schema), ", "))
	case member != "" && !HasInner(column):
		return fmt.Errorf("column %s is neither JSON text nor a map: there is nothing in it to reach", column.Name)
	case member != "" || p.IsLoad():
		return nil
	case slices.Contains(schema.Key, column.Name) && p.Policy != dataflow.PolicyHash:
		return errors.New("it is the table's key, without which no row could be told from another: it can be loaded or hashed")
	case column.Name == schema.Version:
		return errors.New("it tells which of two rows of one key is the newer: it can only be loaded")
	case column.Type == dataflow.TextMap && p.Policy != dataflow.PolicyDrop:
		return fmt.Errorf("it is a map: drop it, or name what is in it: \"%s.NAME\"", column.Name)
	case column.Type != dataflow.String && p.Policy == dataflow.PolicyMask:
		return fmt.Errorf("its type is %s, and only text can be masked: drop or hash it", column.Type)
	}
	return nil
}

// find gives the column that a name of a policy is about, and the member of it; "": the column itself.
func find(name string, schema dataflow.Schema) (column dataflow.Column, member string, known bool) {
	for _, c := range schema.Columns {
		if strings.EqualFold(c.Name, name) {
			return c, "", true
		}
	}
	bearer, member, nested := strings.Cut(name, ".")
	if !nested || member == "" {
		return dataflow.Column{}, "", false
	}
	for _, c := range schema.Columns {
		if strings.EqualFold(c.Name, bearer) {
			return c, member, true
		}
	}
	return dataflow.Column{}, "", false
}

func names(schema dataflow.Schema) []string {
	all := make([]string, 0, len(schema.Columns))
	for _, c := range schema.Columns {
		all = append(all, c.Name)
	}
	return all
}

// HasInner says whether a column has names inside that policies may be for.
func HasInner(column dataflow.Column) bool { return column.JSON || column.Type == dataflow.TextMap }

// Allowed gives the policies that a column may have.
func Allowed(column dataflow.Column, schema dataflow.Schema) []string {
	return slices.DeleteFunc(dataflow.Policies(), func(policy string) bool {
		return checkColumn(column.Name, dataflow.ColumnPolicy{Policy: dataflow.Policy(policy)}, schema, false) != nil
	})
}

// Of gives the policy that a column of a dataflow's table has, by its name there and what the source calls it; "": the definition loads nothing into it.
func Of(name, source string, definition dataflow.TableDefinition) dataflow.Policy {
	if strings.HasPrefix(source, hashedPrefix) {
		if definition.Columns[strings.TrimSuffix(name, hashedSuffix)].Policy == dataflow.PolicyHash {
			return dataflow.PolicyHash
		}
		return ""
	}
	if policy, named := definition.Columns[name]; named {
		return policy.Policy
	}
	return dataflow.PolicyLoad
}

// IsOfPolicyItself says whether a policy is wrong whatever column it is for.
func IsOfPolicyItself(p dataflow.ColumnPolicy) bool { return checkAlone(p) != nil }

// LoadedAs gives what a column, or a member of one, is called in the table; nil: it is dropped.
func LoadedAs(name string, policy dataflow.Policy) *string {
	switch policy {
	case dataflow.PolicyDrop:
		return nil
	case dataflow.PolicyHash:
		name += hashedSuffix
	case dataflow.PolicyLoad, dataflow.PolicyMask:
	}
	return &name
}

// LeavesTheKeyAlone says whether no column but the key is loaded, and what tells which row is the newer.
func LeavesTheKeyAlone(schema dataflow.Schema, definition dataflow.TableDefinition) bool {
	for _, c := range schema.Columns {
		if c.Name != schema.Version && !slices.Contains(schema.Key, c.Name) && definition.Columns[c.Name].Policy != dataflow.PolicyDrop {
			return false
		}
	}
	return true
}

// Stricter gives the columns of which less is loaded than before, in their order.
func Stricter(was, is map[string]dataflow.ColumnPolicy) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(is)) {
		before, named := was[name]
		if !named {
			before.Policy = dataflow.PolicyLoad
		}
		if rank(before) < rank(is[name]) || before.Policy == dataflow.PolicyMask && is[name].Policy == dataflow.PolicyMask && keepLast(is[name]) < keepLast(before) {
			found = append(found, name)
		}
	}
	return found
}

// rank orders policies by how much of a value they leave.
func rank(p dataflow.ColumnPolicy) int {
	return slices.Index([]dataflow.Policy{dataflow.PolicyLoad, dataflow.PolicyMask, dataflow.PolicyHash, dataflow.PolicyDrop}, p.Policy)
}
