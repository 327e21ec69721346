package columnpolicy

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// members are the policies of what is inside a column: the entries of a map, or the members of objects in JSON text, at any depth.
type members struct {
	own        map[string]dataflow.ColumnPolicy // of names that policies have as "column.member", folded
	attributes map[string]dataflow.ColumnPolicy // of every attribute that has a column, by the source's name for it
	named      map[string]dataflow.ColumnPolicy // of names that policies have, of attributes with a column and without, folded
	hasher     *hasher
	stop       dataflow.NewColumns // what becomes of a map's entry that nothing of this names: it is a new attribute
}

// policy gives what becomes of a value under a name. known says whether anything names it.
func (m members) policy(name string) (policy dataflow.ColumnPolicy, known bool) {
	folded := fold(name)
	if policy, known = m.own[folded]; known {
		return policy, true
	}
	if policy, known = m.attributes[name]; known {
		return policy, true
	}
	policy, known = m.named[folded]
	return policy, known
}

// fold makes one of the ways in which a name is written: "custom:Cost-Centre" and the column that it becomes, "custom_cost_centre".
func fold(name string) string {
	if isFolded(name) {
		return name
	}
	var folded strings.Builder
	for _, r := range strings.ToLower(name) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = '_'
		}
		folded.WriteRune(r)
	}
	return folded.String()
}

func isFolded(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// entries gives what is left of a map; nil: nothing is.
func (m members) entries(entries map[string]string) (any, error) {
	left := make(map[string]string, len(entries))
	for name, value := range entries {
		policy, known := m.policy(name)
		if !known && m.stop == dataflow.NewColumnsFail {
			return nil, newColumnsError([]string{name})
		}
		if !known && m.stop == dataflow.NewColumnsDrop {
			continue
		}
		switch policy.Policy {
		case dataflow.PolicyHash:
			left[name+hashedSuffix] = m.hasher.hash(value)
		case dataflow.PolicyMask:
			left[name] = mask(value, keepLast(policy))
		case dataflow.PolicyDrop:
		default:
			left[name] = value
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	return left, nil
}

// text gives what is left of JSON text; nil: nothing is. Text in which nothing changes stays as it is, to the byte.
func (m members) text(text string) (any, error) {
	if len(m.own) == 0 && !m.mayName(text) {
		return text, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil || decoder.More() {
		if len(m.own) > 0 {
			return nil, nil // what is to be changed in it can't be found
		}
		return text, nil
	}
	content, changed, err := m.value(content)
	if err != nil {
		return nil, err
	}
	encoded, err := encode(content)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		return nil, err
	}
	if !changed && compact.Len() == len(encoded) { // else an object has a name twice, and the first one was not seen
		return text, nil
	}
	return encoded, nil
}

// mayName says whether JSON text may have a member that a policy changes. It is far cheaper than to decode the text, in which mostly nothing changes.
func (m members) mayName(text string) bool {
	if strings.ContainsRune(text, '\\') {
		return true // a name may be written with escapes
	}
	for {
		_, after, found := strings.Cut(text, `"`)
		if !found {
			return false
		}
		word, after, found := strings.Cut(after, `"`)
		if !found {
			return true // it is no JSON: whoever decodes it sees that
		}
		if text = after; !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), ":") {
			continue // it is a value
		}
		if policy, _ := m.policy(word); policy.Policy != "" && policy.Policy != dataflow.PolicyLoad {
			return true
		}
	}
}

// value changes a value of JSON.
func (m members) value(value any) (_ any, changed bool, err error) {
	switch v := value.(type) {
	case []any:
		for i := range v {
			inner, did, err := m.value(v[i])
			if err != nil {
				return nil, false, err
			}
			v[i], changed = inner, changed || did
		}
	case map[string]any:
		made := make(map[string]any, len(v))
		for name, inner := range v {
			policy, _ := m.policy(name)
			switch {
			case policy.Policy == dataflow.PolicyDrop:
				changed = true
				continue
			case inner == nil || policy.Policy != dataflow.PolicyHash && policy.Policy != dataflow.PolicyMask:
				var did bool
				if made[name], did, err = m.value(inner); err != nil {
					return nil, false, err
				}
				changed = changed || did
				continue
			}
			text, isText := inner.(string)
			if !isText {
				if text, err = encode(inner); err != nil {
					return nil, false, err
				}
			}
			changed = true
			if policy.Policy == dataflow.PolicyHash {
				made[name+hashedSuffix] = m.hasher.hash(text)
			} else {
				made[name] = mask(text, keepLast(policy))
			}
		}
		return made, changed, nil
	}
	return value, changed, nil
}

// encode gives JSON text with the members of objects in order: equal values give equal text.
func encode(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
