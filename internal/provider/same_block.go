package provider

import "github.com/hashicorp/terraform-plugin-go/tftypes"

// mayBeOne says whether two configurations can be the same block, at plan and again at apply: every value that is known in both is equal.
func mayBeOne(a, b tftypes.Value) bool {
	if !a.IsKnown() || !b.IsKnown() {
		return true
	}
	if a.IsNull() || b.IsNull() {
		return a.IsNull() == b.IsNull()
	}
	objectA, objectB := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if a.As(&objectA) == nil && b.As(&objectB) == nil { // an object or a map
		if len(objectA) != len(objectB) {
			return false
		}
		for name, inner := range objectA {
			if other, ok := objectB[name]; !ok || !mayBeOne(inner, other) {
				return false
			}
		}
		return true
	}
	return !a.IsFullyKnown() || !b.IsFullyKnown() || a.Equal(b)
}
