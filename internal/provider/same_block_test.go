package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestMayBeOne_FindsWhatBothKnow(t *testing.T) {
	text := func(v any) tftypes.Value { return tftypes.NewValue(tftypes.String, v) }
	mapOf := func(v map[string]tftypes.Value) tftypes.Value {
		return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, v)
	}
	list := func(v ...tftypes.Value) tftypes.Value {
		return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, v)
	}
	unknown := text(tftypes.UnknownValue)
	for name, tc := range map[string]struct {
		a, b tftypes.Value
		want bool
	}{
		"the same":                   {text("a"), text("a"), true},
		"another":                    {text("a"), text("b"), false},
		"unknown, then known":        {unknown, text("a"), true},
		"null and not":               {text(nil), text("a"), false},
		"null twice":                 {text(nil), text(nil), true},
		"a map, an element later":    {mapOf(map[string]tftypes.Value{"k": unknown}), mapOf(map[string]tftypes.Value{"k": text("a")}), true},
		"a map, another element":     {mapOf(map[string]tftypes.Value{"k": text("b")}), mapOf(map[string]tftypes.Value{"k": text("a")}), false},
		"a map, another key":         {mapOf(map[string]tftypes.Value{"j": unknown}), mapOf(map[string]tftypes.Value{"k": text("a")}), false},
		"a map, a key more":          {mapOf(map[string]tftypes.Value{}), mapOf(map[string]tftypes.Value{"k": text("a")}), false},
		"a list":                     {list(text("a")), list(text("b")), false},
		"a list that is known later": {list(unknown), list(text("b")), true},
	} {
		if got := mayBeOne(tc.a, tc.b); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
