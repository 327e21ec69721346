package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ list.ListResourceWithConfigure = (*cognitoConnectorListResource)(nil)

// cognitoConnectorListResource lists the connectors of the workspace for `terraform query`. It needs no secrets key.
type cognitoConnectorListResource struct{ cognitoConnectorResource }

type cognitoConnectorListModel struct {
	NameRegex  types.String `tfsdk:"name_regex"`
	UserPoolID types.String `tfsdk:"user_pool_id"`
}

func (*cognitoConnectorListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the connectors of the workspace to AWS Cognito user pools, in the order of their names, for `terraform query` (Terraform 1.14 or newer). " +
			"With `-generate-config-out` Terraform writes a resource and an import block for each. A secret access key can't be written out: " +
			"the one that is sealed in the workspace stays in use, until you add `secret_access_key_wo` and change `secret_access_key_wo_version`.",
		Attributes: map[string]schema.Attribute{
			"name_regex": nameRegexAttribute("connectors"),
			"user_pool_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Only connectors to the user pool with this id. Default: all of them.",
				Validators: []validator.String{stringvalidator.LengthBetween(1, 55), stringvalidator.RegexMatches(userPoolIDRule, sayUserPoolID)},
			},
		},
	}
}

func (r *cognitoConnectorListResource) List(ctx context.Context, req list.ListRequest, resp *list.ListResultsStream) {
	var filter cognitoConnectorListModel
	diags := req.Config.Get(ctx, &filter)
	l, name := r.openList(ctx, filter.NameRegex, &diags)
	if diags.HasError() {
		resp.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	resp.Results = stream(ctx, req, l.EachConnector(ctx), func(c dataflow.Connector, result *list.ListResult) bool {
		settings, err := cognito.SettingsOf(c)
		if err != nil || !name.MatchString(c.Name) || !equalOrNull(filter.UserPoolID, settings.UserPoolID) {
			return false // another type's
		}
		result.DisplayName = displayName(c.Name, c.DisplayName)
		result.Diagnostics.Append(identify(ctx, result.Identity, types.StringValue(c.Name))...)
		if req.IncludeResource {
			var model cognitoConnectorModel
			result.Diagnostics.Append(model.show(ctx, c)...)
			result.Diagnostics.Append(result.Resource.Set(ctx, &model)...)
		}
		return true
	})
}
