package cognito

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
)

// Columns that hold lists and settings are JSON text. The same content gives the same text, so that an unchanged pool is unchanged.

// jsonText gives a value as JSON text, with the members of objects in order; nil for a nil pointer, map or slice.
func jsonText(value any) any {
	if v := reflect.ValueOf(value); !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.IsNil() {
		return nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // the SDK's types are made of texts, numbers and lists of them
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}

// setText gives a list whose order says nothing: AWS promises none.
func setText[T ~string](list []T) any {
	list = slices.Clone(list)
	slices.Sort(list)
	return jsonText(list)
}

// settingsText gives a structure of the SDK's under AWS's names. What AWS leaves out is left out here too.
func settingsText[T any](settings *T) any {
	text, ok := jsonText(settings).(string)
	if !ok {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil {
		panic(err) // it was encoded above
	}
	return jsonText(given(content))
}

// given drops the members of objects that AWS left out: the SDK has null for them, and the empty text for an enumeration.
func given(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	for name, inner := range object {
		if inner == nil || inner == "" {
			delete(object, name)
		} else {
			object[name] = given(inner)
		}
	}
	return object
}
