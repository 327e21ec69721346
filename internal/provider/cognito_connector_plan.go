package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// ModifyPlan shows what a connection check would bring anew: it is planned when the pool or the sign-in changes.
func (r *cognitoConnectorResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state cognitoConnectorModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		if r.services != nil && !r.services.unknown { // a plan without a refresh has not looked yet
			r.services.checkWorkspace(ctx, req.Private, connectorObject(state.Name.ValueString()), &resp.Diagnostics)
		}
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateLeaves, "true")...)
		return
	}
	var plan cognitoConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateLeaves, leaves(state.Name, plan.Name))...)
	}
	if r.services != nil {
		if err := r.services.claimName(ctx, kindConnector, plan.Name, state.Name, req.Config.Raw); err != nil {
			report(&resp.Diagnostics, "Name is taken", err, blame{dataflow.CodeInvalid: path.Root("name")})
			return
		}
	}
	secret := r.secret(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	if plan.lacksSecret(state) && secret == nil {
		resp.Diagnostics.AddAttributeError(path.Root("access_key_id"), "Secret is missing",
			"An access key takes its secret: set secret_access_key_wo. It may be left out only while secret_access_key_wo_version stays what it was for a connector that is there.")
		return
	}
	plan.ID = plan.Name
	if !req.State.Raw.IsNull() {
		if !plan.UserPoolID.Equal(state.UserPoolID) || !plan.Region.Equal(state.Region) {
			// Another pool: whatever imports through the connector is to plan a run. It could be replaced to say that, but then a connection
			// that does not work would be found when the connector that did work is gone, with its secret.
			plan.ID = types.StringUnknown()
		}
		if !plan.same(state) {
			plan.UpdatedAt = types.StringUnknown()
		}
		if !plan.sameSignIn(state) {
			plan.UnreadableTables = types.MapUnknown(types.StringType)
			plan.UserPoolName = types.StringUnknown()
			plan.EstimatedUsers = types.Int64Unknown()
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// leaves says whether a plan takes a connector's name away: "true", or "" where it stays or is not known.
func leaves(before, after types.String) string {
	if after.IsUnknown() || dataflow.FoldName(before.ValueString()) == dataflow.FoldName(after.ValueString()) {
		return ""
	}
	return "true"
}

// lacksSecret says whether the workspace has no secret for the access key: it is new, or a new secret is announced.
func (m cognitoConnectorModel) lacksSecret(state cognitoConnectorModel) bool {
	if m.AccessKeyID.IsNull() || m.AccessKeyID.IsUnknown() || m.SecretVersion.IsUnknown() {
		return false
	}
	return state.AccessKeyID.IsNull() || !m.SecretVersion.Equal(state.SecretVersion)
}

// regionDefault makes the Region the part of the user pool's id before "_".
type regionDefault struct{}

var _ planmodifier.String = regionDefault{}

func (regionDefault) Description(context.Context) string { return "the part of user_pool_id before _" }
func (regionDefault) MarkdownDescription(context.Context) string {
	return "the part of `user_pool_id` before `_`"
}

func (regionDefault) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var pool types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("user_pool_id"), &pool)...)
	if pool.IsUnknown() {
		resp.PlanValue = types.StringUnknown()
		return
	}
	resp.PlanValue = types.StringValue(regionOf(pool.ValueString()))
}
