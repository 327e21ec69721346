package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

type cognitoConnectorModel struct {
	ID                   types.String `tfsdk:"id"`
	Name                 types.String `tfsdk:"name"`
	DisplayName          types.String `tfsdk:"display_name"`
	Description          types.String `tfsdk:"description"`
	UserPoolID           types.String `tfsdk:"user_pool_id"`
	Region               types.String `tfsdk:"region"`
	AccessKeyID          types.String `tfsdk:"access_key_id"`
	SecretAccessKey      types.String `tfsdk:"secret_access_key_wo"` // write-only: null everywhere but in the configuration
	SecretVersion        types.Int64  `tfsdk:"secret_access_key_wo_version"`
	Profile              types.String `tfsdk:"profile"`
	AssumeRole           types.Object `tfsdk:"assume_role"`
	Endpoint             types.String `tfsdk:"endpoint"`
	MaxRequestsPerSecond types.Int64  `tfsdk:"max_requests_per_second"`

	UnreadableTables types.Map    `tfsdk:"unreadable_tables"`
	UserPoolName     types.String `tfsdk:"user_pool_name"`
	EstimatedUsers   types.Int64  `tfsdk:"estimated_users"`
	CreatedAt        types.String `tfsdk:"created_at"`
	UpdatedAt        types.String `tfsdk:"updated_at"`
}

type assumeRoleModel struct {
	RoleARN    types.String `tfsdk:"role_arn"`
	ExternalID types.String `tfsdk:"external_id"`
}

var assumeRoleType = types.ObjectType{AttrTypes: map[string]attr.Type{"role_arn": types.StringType, "external_id": types.StringType}}

// connector gives the record of what is declared. Every argument must be known.
func (m cognitoConnectorModel) connector(ctx context.Context) (dataflow.Connector, diag.Diagnostics) {
	settings := cognito.Settings{
		UserPoolID: m.UserPoolID.ValueString(), Region: m.Region.ValueString(),
		AccessKeyID: m.AccessKeyID.ValueStringPointer(), SecretVersion: m.SecretVersion.ValueInt64Pointer(),
		Profile: m.Profile.ValueStringPointer(), Endpoint: m.Endpoint.ValueStringPointer(),
		MaxRequestsPerSecond: m.MaxRequestsPerSecond.ValueInt64(),
	}
	var diags diag.Diagnostics
	if !m.AssumeRole.IsNull() {
		var role assumeRoleModel
		diags = m.AssumeRole.As(ctx, &role, basetypes.ObjectAsOptions{})
		settings.AssumeRole = &cognito.AssumeRole{RoleARN: role.RoleARN.ValueString(), ExternalID: role.ExternalID.ValueStringPointer()}
	}
	return dataflow.Connector{
		Type: cognito.TypeName, Name: m.Name.ValueString(),
		DisplayName: m.DisplayName.ValueStringPointer(), Description: m.Description.ValueStringPointer(), Settings: settings.Raw(),
	}, diags
}

// show gives the model of a record.
func (m *cognitoConnectorModel) show(ctx context.Context, c dataflow.Connector) diag.Diagnostics {
	var diags, more diag.Diagnostics
	settings, err := cognito.SettingsOf(c)
	seen, seenErr := cognito.SeenOf(c)
	if err := errors.Join(err, seenErr); err != nil {
		report(&diags, "Connector can't be read", err, nil)
		return diags
	}
	*m = cognitoConnectorModel{
		ID: types.StringValue(c.Name), Name: types.StringValue(c.Name),
		DisplayName: types.StringPointerValue(c.DisplayName), Description: types.StringPointerValue(c.Description),
		UserPoolID: types.StringValue(settings.UserPoolID), Region: types.StringValue(settings.Region),
		AccessKeyID: types.StringPointerValue(settings.AccessKeyID), SecretVersion: types.Int64PointerValue(settings.SecretVersion),
		Profile: types.StringPointerValue(settings.Profile), AssumeRole: types.ObjectNull(assumeRoleType.AttrTypes),
		Endpoint: types.StringPointerValue(settings.Endpoint), MaxRequestsPerSecond: types.Int64Value(settings.MaxRequestsPerSecond),
		UserPoolName: types.StringValue(seen.UserPoolName), EstimatedUsers: types.Int64Value(seen.EstimatedUsers),
		CreatedAt: timeValue(&c.CreatedAt), UpdatedAt: timeValue(&c.UpdatedAt),
	}
	if settings.AssumeRole != nil {
		m.AssumeRole, more = types.ObjectValueFrom(ctx, assumeRoleType.AttrTypes, assumeRoleModel{
			RoleARN: types.StringValue(settings.AssumeRole.RoleARN), ExternalID: types.StringPointerValue(settings.AssumeRole.ExternalID),
		})
		diags.Append(more...)
	}
	unreadable := map[string]string{}
	for _, t := range c.Check.AvailableTables {
		if !t.Readable {
			unreadable[t.Key] = t.Reason
		}
	}
	m.UnreadableTables, more = types.MapValueFrom(ctx, types.StringType, unreadable)
	diags.Append(more...)
	return diags
}

// sameSignIn says whether a connection check of m would ask what one of state asked.
func (m cognitoConnectorModel) sameSignIn(state cognitoConnectorModel) bool {
	return m.UserPoolID.Equal(state.UserPoolID) && m.Region.Equal(state.Region) && m.AccessKeyID.Equal(state.AccessKeyID) &&
		m.SecretVersion.Equal(state.SecretVersion) && m.Profile.Equal(state.Profile) && m.AssumeRole.Equal(state.AssumeRole) &&
		m.Endpoint.Equal(state.Endpoint)
}

// same says whether the record needs no change.
func (m cognitoConnectorModel) same(state cognitoConnectorModel) bool {
	return m.sameSignIn(state) && m.DisplayName.Equal(state.DisplayName) && m.Description.Equal(state.Description) &&
		m.MaxRequestsPerSecond.Equal(state.MaxRequestsPerSecond)
}

// regionOf is the Region that a user pool's id names: the part before "_". Replicas in other Regions bear the same id.
func regionOf(userPoolID string) string {
	region, _, _ := strings.Cut(userPoolID, "_")
	return region
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
