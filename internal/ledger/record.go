package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// Format is the version of the records that this package reads and writes, but for those that have one of their own (formatted). Each record
// holds it in its field "format".
//
// A record of a newer format is refused. Within a format, fields that a reader does not know are ignored, and a replaced
// record loses them: so whoever adds a field that may not be missed or lost, or gives a field a new value
// that older readers would take for something else, raises the format.
const Format = 1

// formatted is a record that has another format than most.
type formatted interface {
	// format is the version that this package writes.
	format() int64
}

// upgraded is a record that reads older formats of itself in a way of its own.
type upgraded interface {
	upgrade(from int64, content []byte) error
}

// policiesFormat is the version of a record whose definition has column policies: a provider that does not know them would load what is to be left out.
const policiesFormat = 2

// formatOf gives the version of a record that this package writes.
func formatOf(record any) int64 {
	var definition dataflow.Definition
	switch r := record.(type) {
	case formatted:
		return r.format()
	case dataflow.Record:
		definition = r.Definition
	case dataflow.Started:
		definition = r.Definition
	}
	if definition.HasPolicies() {
		return policiesFormat
	}
	return Format
}

// newestOf gives the newest version of a record that this package reads.
func newestOf(record any) int64 {
	switch record.(type) {
	case *dataflow.Record, *dataflow.Started:
		return policiesFormat
	}
	return formatOf(record)
}

const (
	hintCorrupt     = "It was cut off or changed by something else: restore it from a copy of the workspace."
	hintNewerFormat = "Upgrade the provider to the version that wrote it, or a later one."
)

// encode gives a record as JSON for people to read too: "format" first, then its fields in the order of their type.
func encode(record any) ([]byte, error) {
	var fields bytes.Buffer
	encoder := json.NewEncoder(&fields)
	encoder.SetEscapeHTML(false) // nobody puts it into a page, and people read "a & b" more easily
	if err := encoder.Encode(record); err != nil {
		return nil, &dataflow.Error{Op: "encode record", Cause: err}
	}
	rest, isObject := bytes.CutPrefix(bytes.TrimSpace(fields.Bytes()), []byte("{"))
	if !isObject {
		return nil, &dataflow.Error{Op: "encode record", Cause: fmt.Errorf("%T is not an object in JSON", record)}
	}
	flat := fmt.Appendf(nil, `{"format":%d`, formatOf(record))
	if !bytes.Equal(rest, []byte("}")) {
		flat = append(flat, ',')
	}
	flat = append(flat, rest...)
	var indented bytes.Buffer
	if err := json.Indent(&indented, flat, "", "  "); err != nil {
		return nil, &dataflow.Error{Op: "encode record", Cause: err}
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

// decode reads what encode wrote. Its errors have no object: the caller knows where content lay.
func decode(content []byte, record any) *dataflow.Error {
	if len(bytes.TrimSpace(content)) == 0 {
		return corrupt(errors.New("it is empty"))
	}
	var envelope struct {
		Format *int64 `json:"format"`
	}
	if err := json.Unmarshal(content, &envelope); err != nil {
		return corrupt(err)
	}
	newest := newestOf(record)
	switch {
	case envelope.Format == nil || *envelope.Format < 1:
		return corrupt(errors.New("it has no format version"))
	case *envelope.Format > newest:
		return &dataflow.Error{
			Code: dataflow.CodeNewerFormat, Op: "read record", Hint: hintNewerFormat,
			Cause: fmt.Errorf("its format is %d, and this version of the provider knows formats up to %d", *envelope.Format, newest),
		}
	}
	read := func() error { return json.Unmarshal(content, record) }
	if u, ok := record.(upgraded); ok && *envelope.Format < newest {
		read = func() error { return u.upgrade(*envelope.Format, content) }
	}
	if err := read(); err != nil {
		return corrupt(err)
	}
	return nil
}

func corrupt(cause error) *dataflow.Error {
	return &dataflow.Error{Code: dataflow.CodeCorrupt, Op: "read record", Cause: cause, Hint: hintCorrupt}
}
