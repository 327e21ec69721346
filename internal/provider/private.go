package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// The keys of a resource's private state: what Terraform keeps for us and shows to nobody.
const (
	privateUID       = "uid"       // whose record it is
	privateWorkspace = "workspace" // in which workspace: a workspaceMark
	privateLeaves    = "leaves"    // that a plan takes the name away: see cognitoConnectorResource.Delete
	privateSource    = "source"    // what the tables' rows were read from, when the ledger was last read
	privateReadAt    = "read_at"   // when Read last read the ledger; max_age is judged there
)

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// privateText reads a text; it is empty when the key was never written.
func privateText(ctx context.Context, p privateReader, key string) (string, diag.Diagnostics) {
	raw, diags := p.GetKey(ctx, key)
	if len(raw) == 0 || diags.HasError() {
		return "", diags
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		diags.AddError("Unreadable private state", "The key "+key+" is not text: "+err.Error())
	}
	return text, diags
}

func setPrivateText(ctx context.Context, p privateWriter, key, text string) diag.Diagnostics {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always marshals
	}
	return p.SetKey(ctx, key, raw)
}

// privateTime reads a time; it is zero when the key was never written.
func privateTime(ctx context.Context, p privateReader, key string) (time.Time, diag.Diagnostics) {
	text, diags := privateText(ctx, p, key)
	if text == "" {
		return time.Time{}, diags
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		diags.AddError("Unreadable private state", "The key "+key+" is not a time: "+err.Error())
	}
	return t, diags
}
