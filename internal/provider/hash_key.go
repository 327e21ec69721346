package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/engine"
)

const noHashKey = "A hash_key_wo_version takes its key: set hash_key_wo. It may be left out only while hash_key_wo_version stays what it was for a dataflow that is there."

// needsHashKey says whether an apply of plan takes the key from the configuration.
func (m dataflowModel) needsHashKey(state dataflowModel) bool {
	return !m.HashKeyVersion.IsNull() && !m.HashKeyVersion.IsUnknown() && !m.HashKeyVersion.Equal(state.HashKeyVersion)
}

// checkHashKey refuses a new version without a key.
func (m dataflowModel) checkHashKey(ctx context.Context, state dataflowModel, config tfsdk.Config, diags *diag.Diagnostics) {
	var key types.String
	diags.Append(config.GetAttribute(ctx, path.Root("hash_key_wo"), &key)...)
	if m.needsHashKey(state) && key.IsNull() {
		diags.AddAttributeError(path.Root("hash_key_wo"), "Missing key", noHashKey)
	}
}

// hashKey gives the fingerprint of the key that the definition asks for, and seals the key where it is new.
func (r *dataflowResource) hashKey(ctx context.Context, e *engine.Engine, plan, state dataflowModel, config tfsdk.Config, diags *diag.Diagnostics) string {
	var key types.String
	diags.Append(config.GetAttribute(ctx, path.Root("hash_key_wo"), &key)...)
	switch {
	case plan.HashKeyVersion.IsNull() && key.IsNull():
		return ""
	case plan.HashKeyVersion.IsNull(): // it was unknown at plan: else the configuration's check has said so
		diags.AddAttributeError(path.Root("hash_key_wo_version"), "Missing version", "A hash_key_wo takes a version: set hash_key_wo_version to a number that changes with the key.")
		return ""
	case !plan.needsHashKey(state):
		there, _ := r.reread(ctx, e, state.Name.ValueString(), diags)
		return there.Record.Definition.HashKey
	case key.IsNull():
		diags.AddAttributeError(path.Root("hash_key_wo"), "Missing key", noHashKey)
		return ""
	}
	l, ok := r.ledger(ctx, diags)
	if !ok {
		return ""
	}
	fingerprint, err := l.SealHashKey(ctx, dataflow.HashKey(key.ValueString()))
	if err != nil {
		report(diags, "The hash key can't be sealed", err, blame{dataflow.CodeSecretsKey: path.Root("hash_key_wo")})
	}
	return fingerprint
}
