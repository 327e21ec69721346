package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// named is a resource whose identity is its name, in the attribute id: what tells it from all others of its type in the workspace,
// and never changes. The workspace is no part of it: the provider's configuration names that, and it may be moved.
// Nor is the record's uid, which nobody could write into an import block.
type named struct{}

// IdentitySchema gives the identity that Terraform keeps beside the state, and that an import block may name.
// Source: https://developer.hashicorp.com/terraform/plugin/framework/resources/identity
func (named) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id": identityschema.StringAttribute{RequiredForImport: true, Description: "The name, which is unique in the workspace."},
	}}
}

// ImportState takes the name, as a text or as an identity.
func (named) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name := types.StringValue(req.ID)
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &name)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if err := dataflow.CheckName(name.ValueString()); err != nil {
		report(&resp.Diagnostics, "Invalid import id", err, nil)
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), name)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, name)...)
}

// identify sets the identity of an object. Create, Read and Update all do: a state of before there were identities has none.
func identify(ctx context.Context, identity *tfsdk.ResourceIdentity, name types.String) diag.Diagnostics {
	return identity.SetAttribute(ctx, path.Root("id"), name)
}
