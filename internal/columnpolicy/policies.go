// Package columnpolicy leaves out, hashes and masks columns of a table, before anything of them is kept anywhere.
package columnpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// hashedSuffix is what is added to the name of a column, or of a member, that is hashed.
const hashedSuffix = "_hashed"

// HashedSource is what the source of a hashed column is called: it is not the column itself, and never shares a column of a table with it.
func HashedSource(source string) string { return hashedPrefix + source + ")" }

const hashedPrefix = "hash("

// Policies are what an import of one table does with the columns that its source has now; nil: nothing. They may be used concurrently. What is asked of nil
// ones says that: Digest, HashKey, Known and Changes.
type Policies struct {
	schema      dataflow.Schema
	steps       []step // per column of schema
	digest      string
	fingerprint string // of the hash key; empty: nothing is hashed
	known       []string
	taken       []string // the names that the source's columns have
}

// step is what becomes of one column.
type step struct {
	from   int                    // its position in a row of the source
	change func(any) (any, error) // of a value that is there; nil: it stays
}

// Given says what policies are made from.
type Given struct {
	Table      dataflow.SourceTable
	Definition dataflow.TableDefinition
	// Known are the source's columns that the import before knew (Policies.Known); nil: there was none, or it stopped no new columns.
	Known []string
	// Key opens the hash key. It is called where something is hashed.
	Key func() (dataflow.HashKey, error)
}

// New makes the policies of a table; nil: nothing is to be done. A policy for a column that is not there is CodeInvalid and lists the columns, unless
// new columns are stopped: then it may be one that comes later.
func New(given Given) (*Policies, error) {
	definition, schema := given.Definition, given.Table.Schema
	if len(definition.Columns) == 0 && !definition.StopsNewColumns() {
		return nil, nil
	}
	if wrong := Check(given.Table.Key, schema, definition.StopsNewColumns(), definition); len(wrong) > 0 {
		return nil, &dataflow.Error{
			Code: dataflow.CodeInvalid, Object: fmt.Sprintf("column %q of table %s", wrong[0].Column, given.Table.Key), Op: "apply its policy", Cause: wrong[0],
			Hint: "data.skypoint_cognito_user_pool lists the columns of a pool's tables.",
		}
	}
	p := &Policies{schema: dataflow.Schema{Version: schema.Version}, taken: names(schema)}
	if definition.StopsNewColumns() {
		p.known = names(schema)
	}
	var hasher *hasher
	for _, policy := range definition.Columns {
		if policy.Policy == dataflow.PolicyHash && hasher == nil {
			key, err := given.Key()
			if err != nil {
				return nil, err
			}
			hasher, p.fingerprint = newHasher(key), key.Fingerprint()
		}
	}
	inside := newInsides(schema, definition, hasher)
	var unknown []string
	for i, column := range schema.Columns {
		policy, named := policyOf(column, definition)
		if !named && given.Known != nil && !slices.Contains(given.Known, column.Name) && definition.StopsNewColumns() {
			unknown = append(unknown, column.Name)
			policy.Policy = dataflow.PolicyDrop
			inside.attributes[column.Source] = policy
			p.known = slices.DeleteFunc(p.known, func(name string) bool { return name == column.Name })
		}
		if policy.Policy != dataflow.PolicyDrop {
			p.add(i, column, policy, hasher, inside.of(column))
		}
	}
	if len(unknown) > 0 && definition.NewColumns == dataflow.NewColumnsFail {
		return nil, newColumnsError(unknown)
	}
	for _, name := range schema.Key {
		p.schema.Key = append(p.schema.Key, p.schema.Columns[p.position(schema.Index(name))].Name)
	}
	written, err := json.Marshal(struct {
		Columns    map[string]dataflow.ColumnPolicy `json:"columns"`
		NewColumns dataflow.NewColumns              `json:"new_columns"`
		HashKey    string                           `json:"hash_key"`
	}{definition.Columns, definition.NewColumns, p.fingerprint})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(written)
	p.digest = hex.EncodeToString(sum[:])
	return p, nil
}

// newColumnsError refuses columns that have come to the source.
func newColumnsError(columns []string) error {
	return &dataflow.Error{
		Code: dataflow.CodeInvalid, Op: "apply new_columns", Cause: fmt.Errorf("the source has got %s since, which columns does not name", strings.Join(columns, ", ")),
		Hint: "Name them in columns with a policy (\"load\" where they are to be loaded), or set new_columns to \"drop\" or \"load\".",
	}
}

// policyOf gives the policy that a column has. named says whether the definition names it.
func policyOf(column dataflow.Column, definition dataflow.TableDefinition) (policy dataflow.ColumnPolicy, named bool) {
	if policy, named = definition.Columns[column.Name]; !named {
		policy.Policy = dataflow.PolicyLoad
	}
	return policy, named
}

func keepLast(p dataflow.ColumnPolicy) int64 {
	if p.KeepLast == nil {
		return 0
	}
	return *p.KeepLast
}

// add adds a column that is loaded in some form.
func (p *Policies) add(from int, column dataflow.Column, policy dataflow.ColumnPolicy, h *hasher, inside *members) {
	s := step{from: from}
	switch {
	case policy.Policy == dataflow.PolicyHash:
		s.change = func(value any) (any, error) {
			text, err := textOf(value)
			if err != nil {
				return nil, err
			}
			return h.hash(text), nil
		}
		column = p.hashed(column)
	case policy.Policy == dataflow.PolicyMask:
		s.change = func(value any) (any, error) {
			text, ok := value.(string)
			if !ok {
				return nil, errors.New("only text can be masked")
			}
			return mask(text, keepLast(policy)), nil
		}
		column.Description, column.ColumnsOf = "Masked. "+column.Description, ""
	case inside != nil:
		s.change = func(value any) (any, error) {
			switch v := value.(type) {
			case map[string]string:
				return inside.entries(v)
			case string:
				return inside.text(v)
			}
			return value, nil
		}
	}
	p.schema.Columns, p.steps = append(p.schema.Columns, column), append(p.steps, s)
}

// hashed gives the column that has the hashes of another one.
func (p *Policies) hashed(column dataflow.Column) dataflow.Column {
	name := column.Name + hashedSuffix
	for slices.Contains(p.taken, name) {
		name += hashedSuffix
	}
	return dataflow.Column{
		Name: name, Type: dataflow.String, Source: HashedSource(column.Source), Required: column.Required, IsHash: true,
		Description: "HMAC-SHA-256, in hex, of: " + column.Description,
	}
}

// position gives where a column of the source is after the policies.
func (p *Policies) position(from int) int {
	return slices.IndexFunc(p.steps, func(s step) bool { return s.from == from })
}

// Columns gives the columns that rows have afterwards.
func (p *Policies) Columns() dataflow.Schema { return p.schema }

// Sources gives what the source calls each of its columns that is left, by what it is called afterwards (dataflow.Column.Source).
func (p *Policies) Sources(source dataflow.Schema) map[string]string {
	sources := map[string]string{}
	for i, s := range p.steps {
		sources[p.schema.Columns[i].Source] = source.Columns[s.from].Source
	}
	return sources
}

// Row gives the row after the policies. It changes the one that it is given.
func (p *Policies) Row(row dataflow.Row) (dataflow.Row, error) {
	for i, s := range p.steps { // s.from is never less than i: nothing is overwritten before it is read
		value := row[s.from]
		if value != nil && s.change != nil {
			var err error
			if value, err = s.change(value); err != nil {
				return nil, fmt.Errorf("column %s: %w", p.schema.Columns[i].Name, err)
			}
		}
		row[i] = value
	}
	clear(row[len(p.steps):])
	return row[:len(p.steps)], nil
}

// Digest tells policies from others: the same ones, under the same key, have the same.
func (p *Policies) Digest() string {
	if p == nil {
		return ""
	}
	return p.digest
}

// HashKey is the fingerprint of the key that columns are hashed with; empty: none is.
func (p *Policies) HashKey() string {
	if p == nil {
		return ""
	}
	return p.fingerprint
}

// Known are the source's columns that are not new any more; nil: new ones are not stopped.
func (p *Policies) Known() []string {
	if p == nil {
		return nil
	}
	return p.known
}

// Changes says whether the values of a column of the source are other ones afterwards, or gone.
func (p *Policies) Changes(column int) bool {
	if p == nil {
		return false
	}
	at := p.position(column)
	return at < 0 || p.steps[at].change != nil
}

// insides are the policies of what is inside columns: those that name a member of one, and those of attributes, since a value that has no place in its
// column, or a copy of it, bears the attribute's name.
type insides struct {
	members
	own map[string]map[string]dataflow.ColumnPolicy // members.own by column
}

func newInsides(schema dataflow.Schema, definition dataflow.TableDefinition, h *hasher) insides {
	in := insides{members: members{attributes: map[string]dataflow.ColumnPolicy{}, named: map[string]dataflow.ColumnPolicy{}, hasher: h}, own: map[string]map[string]dataflow.ColumnPolicy{}}
	if definition.StopsNewColumns() {
		in.stop = definition.NewColumns
	}
	for _, column := range schema.Columns {
		if column.IsAttribute {
			in.attributes[column.Source], _ = policyOf(column, definition)
		}
	}
	for name, policy := range definition.Columns {
		column, member, known := find(name, schema)
		switch {
		case member != "":
			if in.own[column.Name] == nil {
				in.own[column.Name] = map[string]dataflow.ColumnPolicy{}
			}
			strictest(in.own[column.Name], member, policy)
		case !known || column.IsAttribute:
			strictest(in.named, name, policy)
		}
	}
	return in
}

// strictest notes a policy under a folded name. Where two names fold to one, the one that says less of the value holds.
func strictest(policies map[string]dataflow.ColumnPolicy, name string, policy dataflow.ColumnPolicy) {
	if there, taken := policies[fold(name)]; !taken || rank(there) < rank(policy) {
		policies[fold(name)] = policy
	}
}

// of gives the policies of what is inside a column; nil: nothing can be.
func (in insides) of(column dataflow.Column) *members {
	if !HasInner(column) {
		return nil
	}
	m := in.members
	m.own = in.own[column.Name]
	return &m
}
