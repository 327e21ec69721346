package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var (
	// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html
	userPoolIDRule = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)
	regionRule     = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
	roleARNRule    = regexp.MustCompile(`^arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+$`)
)

const sayUserPoolID = `must be a user pool id: letters, digits, "_" and "-", then "_", then letters and digits, such as "us-east-1_AbCdEf123"`

// The rules of what says which pool and how to sign in, wherever it is given.
func userPoolIDRules() []validator.String {
	return []validator.String{stringvalidator.LengthBetween(1, 55), stringvalidator.RegexMatches(userPoolIDRule, sayUserPoolID)}
}

func regionRules() []validator.String {
	return []validator.String{stringvalidator.RegexMatches(regionRule, `must be an AWS Region, such as "us-east-1"`)}
}

func profileRules() []validator.String {
	return []validator.String{stringvalidator.LengthBetween(1, 256)}
}

func roleARNRules() []validator.String {
	return []validator.String{
		stringvalidator.LengthBetween(20, 2048),
		stringvalidator.RegexMatches(roleARNRule, `must be the ARN of an IAM role, such as "arn:aws:iam::123456789012:role/reader"`),
	}
}

func externalIDRules() []validator.String {
	return []validator.String{stringvalidator.LengthBetween(2, 1224)}
}

func maxRequestsRules() []validator.Int64 {
	return []validator.Int64{int64validator.Between(1, 10_000)}
}

// UpgradeState brings a state that an older schema wrote to today's.
func (*cognitoConnectorResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	return upgraders(cognitoConnectorChanges)
}

func (*cognitoConnectorResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		Version: int64(len(cognitoConnectorChanges)),
		MarkdownDescription: "A connector to an AWS Cognito user pool: which pool, and how to sign in to it. " +
			"Creating it, and changing the pool or the sign-in, checks the connection. " +
			"Sign in with `access_key_id` and `secret_access_key_wo`, with `profile`, with `assume_role`, or with none of them: then AWS's default chain is used.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The connector's name. Known only after apply when the connector is to lead to another pool.", PlanModifiers: keep},
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The connector's name: " + dataflow.NameRule + ". Unique in the workspace without regard to case. Changing it replaces the connector.",
				Validators:          []validator.String{nameValidator()},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"display_name": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The name that people are shown, at most 2,048 characters. Changing it changes the record alone.",
				Validators: []validator.String{stringvalidator.UTF8LengthAtMost(maxText)},
			},
			"description": schema.StringAttribute{
				Optional: true, MarkdownDescription: "What the connector is for, at most 2,048 characters. Changing it changes the record alone.",
				Validators: []validator.String{stringvalidator.UTF8LengthAtMost(maxText)},
			},
			"user_pool_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The user pool's id, such as `us-east-1_AbCdEf123`. Changing it checks the connection, makes `id` known only after apply, and so runs the dataflows that use it.",
				Validators:          userPoolIDRules(),
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The AWS Region that is asked. Default: the part of `user_pool_id` before `_`. Set it to read a replica in another Region. Changing it is like changing `user_pool_id`.",
				Validators:          regionRules(),
				PlanModifiers:       []planmodifier.String{regionDefault{}},
			},
			"access_key_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The AWS access key's id. It needs `secret_access_key_wo_version` and, unless the workspace has the secret already, `secret_access_key_wo`. Default: another way to sign in. Changing it checks the connection.",
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, 128), unspaced(),
					stringvalidator.AlsoRequires(path.MatchRoot("secret_access_key_wo_version")),
					stringvalidator.ConflictsWith(path.MatchRoot("profile"), path.MatchRoot("assume_role")),
				},
			},
			"secret_access_key_wo": schema.StringAttribute{
				Optional: true, Sensitive: true, WriteOnly: true,
				MarkdownDescription: "The AWS secret access key. Write-only: it is in no plan and no state, and sealed in the workspace. A new secret takes a new `secret_access_key_wo_version`; as long as that stays, the sealed one is used, and this may be left out, as it is after an import. Changing it alone plans nothing.",
				Validators: []validator.String{
					stringvalidator.LengthBetween(1, 1024), unspaced(),
					stringvalidator.AlsoRequires(path.MatchRoot("access_key_id"), path.MatchRoot("secret_access_key_wo_version")),
				},
			},
			"secret_access_key_wo_version": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "A number that you change when the secret changes: only then the new one is taken, and the connection is checked.",
				Validators: []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("access_key_id"))},
			},
			"profile": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The profile of the shared AWS configuration files to sign in with. Default: none. Changing it checks the connection.",
				Validators: append(profileRules(), stringvalidator.ConflictsWith(path.MatchRoot("access_key_id"), path.MatchRoot("assume_role"))),
			},
			"assume_role": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The IAM role to sign in with; AWS's default chain is used to assume it. Default: none. Changing it checks the connection.",
				Attributes: map[string]schema.Attribute{
					"role_arn": schema.StringAttribute{
						Required: true, MarkdownDescription: "The role's ARN.",
						Validators: roleARNRules(),
					},
					"external_id": schema.StringAttribute{
						Optional: true, MarkdownDescription: "The external id that the role's trust policy asks for.",
						Validators: externalIDRules(),
					},
				},
			},
			"endpoint": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The http or https URL of a VPC endpoint or an emulator. Default: AWS's endpoint of the Region. Changing it checks the connection.",
				Validators: []validator.String{httpURL()},
			},
			"max_requests_per_second": schema.Int64Attribute{
				Optional: true, Computed: true,
				MarkdownDescription: fmt.Sprintf("How many requests per second an import may send, 1 to 10,000. Default: `%d`. "+
					"AWS allows 30 per account and Region for users and memberships together; what is left is for your other applications. Of two connectors on one account and Region the lower number holds. Changing it holds from the next run on.", cognito.DefaultMaxRequestsPerSecond),
				Default:    int64default.StaticInt64(cognito.DefaultMaxRequestsPerSecond),
				Validators: maxRequestsRules(),
			},
		},
	}
	maps.Copy(resp.Schema.Attributes, cognitoConnectorResultAttributes())
}

// cognitoConnectorResultAttributes are what the last connection check saw and when the record was made, for the resource and the data source.
func cognitoConnectorResultAttributes() map[string]schema.Attribute {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	return map[string]schema.Attribute{
		"unreadable_tables": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The keys of the pool's tables that this sign-in can't read, as the last connection check saw it, and why not. Empty: it can read all of them. " +
				"The data source [`skypoint_cognito_connector`](../data-sources/cognito_connector.md) lists every table.",
			PlanModifiers: []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
		},
		"user_pool_name":  schema.StringAttribute{Computed: true, MarkdownDescription: "The user pool's name, as the last connection check saw it.", PlanModifiers: keep},
		"estimated_users": schema.Int64Attribute{Computed: true, MarkdownDescription: "The pool's own estimate of its users, as the last connection check saw it.", PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}},
		"created_at":      schema.StringAttribute{Computed: true, MarkdownDescription: "When the connector was created (RFC 3339, UTC).", PlanModifiers: keep},
		"updated_at":      schema.StringAttribute{Computed: true, MarkdownDescription: "When it last changed (RFC 3339, UTC).", PlanModifiers: keep},
	}
}
