package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// appClientFields are the columns of the app_clients table. The client's secret is none of them: only whether it has one.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
var appClientFields = []field[*types.UserPoolClientType]{
	{keyColumn("client_id", "ClientId", "The identifier of the app client."), func(c *types.UserPoolClientType) any { return text(c.ClientId) }},
	{column("client_name", dataflow.String, "ClientName", "The name of the app client."), func(c *types.UserPoolClientType) any { return text(c.ClientName) }},
	{column("has_secret", dataflow.Boolean, "ClientSecret", "Whether the app client has a secret. The secret itself is nowhere."),
		func(c *types.UserPoolClientType) any { return aws.ToString(c.ClientSecret) != "" }},
	{column("created_at", dataflow.Timestamp, "CreationDate", "When the app client was created."), func(c *types.UserPoolClientType) any { return moment(c.CreationDate) }},
	{column(columnUpdatedAt, dataflow.Timestamp, "LastModifiedDate", "When the app client was last changed."), func(c *types.UserPoolClientType) any { return moment(c.LastModifiedDate) }},
	{jsonColumn("explicit_auth_flows", "ExplicitAuthFlows", "The ways to sign in through the API that the client may use, as a JSON list."),
		func(c *types.UserPoolClientType) any { return setText(c.ExplicitAuthFlows) }},
	{jsonColumn("supported_identity_providers", "SupportedIdentityProviders", "The identity providers whose users may sign in, COGNITO for the pool's own, as a JSON list."),
		func(c *types.UserPoolClientType) any { return setText(c.SupportedIdentityProviders) }},
	{column("oauth_enabled", dataflow.Boolean, "AllowedOAuthFlowsUserPoolClient", "Whether the client may use OAuth 2.0 at the pool's domain."),
		func(c *types.UserPoolClientType) any { return flag(c.AllowedOAuthFlowsUserPoolClient) }},
	{jsonColumn("allowed_oauth_flows", "AllowedOAuthFlows", "The OAuth 2.0 grants that the client may use, as a JSON list."),
		func(c *types.UserPoolClientType) any { return setText(c.AllowedOAuthFlows) }},
	{jsonColumn("allowed_oauth_scopes", "AllowedOAuthScopes", "The scopes that the client may ask for, as a JSON list."),
		func(c *types.UserPoolClientType) any { return setText(c.AllowedOAuthScopes) }},
	{jsonColumn("callback_urls", "CallbackURLs", "Where users may be sent after they signed in, as a JSON list."),
		func(c *types.UserPoolClientType) any { return setText(c.CallbackURLs) }},
	{column("default_redirect_uri", dataflow.String, "DefaultRedirectURI", "Where they are sent when nothing else is asked for."),
		func(c *types.UserPoolClientType) any { return text(c.DefaultRedirectURI) }},
	{jsonColumn("logout_urls", "LogoutURLs", "Where users may be sent after they signed out, as a JSON list."),
		func(c *types.UserPoolClientType) any { return setText(c.LogoutURLs) }},
	{jsonColumn("read_attributes", "ReadAttributes", "The attributes that the client may read, as a JSON list; absent: the standard ones."),
		func(c *types.UserPoolClientType) any { return setText(c.ReadAttributes) }},
	{jsonColumn("write_attributes", "WriteAttributes", "The attributes that the client may write, as a JSON list; absent: the standard ones."),
		func(c *types.UserPoolClientType) any { return setText(c.WriteAttributes) }},
	{column("access_token_validity", dataflow.Long, "AccessTokenValidity", "How long an access token can be used, in its unit."),
		func(c *types.UserPoolClientType) any { return long(c.AccessTokenValidity) }},
	{column("access_token_validity_unit", dataflow.String, "TokenValidityUnits.AccessToken", "The unit; absent: hours."),
		of(tokenUnits, func(u *types.TokenValidityUnitsType) any { return word(u.AccessToken) })},
	{column("id_token_validity", dataflow.Long, "IdTokenValidity", "How long an ID token can be used, in its unit."),
		func(c *types.UserPoolClientType) any { return long(c.IdTokenValidity) }},
	{column("id_token_validity_unit", dataflow.String, "TokenValidityUnits.IdToken", "The unit; absent: hours."),
		of(tokenUnits, func(u *types.TokenValidityUnitsType) any { return word(u.IdToken) })},
	{column("refresh_token_validity", dataflow.Long, "RefreshTokenValidity", "How long a refresh token can be used, in its unit."),
		func(c *types.UserPoolClientType) any { return int64(c.RefreshTokenValidity) }},
	{column("refresh_token_validity_unit", dataflow.String, "TokenValidityUnits.RefreshToken", "The unit; absent: days."),
		of(tokenUnits, func(u *types.TokenValidityUnitsType) any { return word(u.RefreshToken) })},
	{column("refresh_token_rotation", dataflow.String, "RefreshTokenRotation.Feature", "Whether a refresh token is used once: ENABLED or DISABLED."),
		of(tokenRotation, func(r *types.RefreshTokenRotationType) any { return word(r.Feature) })},
	{column("refresh_token_grace_seconds", dataflow.Long, "RefreshTokenRotation.RetryGracePeriodSeconds", "How long the one before can still be used."),
		of(tokenRotation, func(r *types.RefreshTokenRotationType) any { return long(r.RetryGracePeriodSeconds) })},
	{column("auth_session_minutes", dataflow.Long, "AuthSessionValidity", "How long a sign-in may take, in minutes."),
		func(c *types.UserPoolClientType) any { return long(c.AuthSessionValidity) }},
	{column("token_revocation_enabled", dataflow.Boolean, "EnableTokenRevocation", "Whether tokens can be revoked."),
		func(c *types.UserPoolClientType) any { return flag(c.EnableTokenRevocation) }},
	{column("prevent_user_existence_errors", dataflow.String, "PreventUserExistenceErrors", "Whether a sign-in does not tell that there is no such user: ENABLED or LEGACY."),
		func(c *types.UserPoolClientType) any { return word(c.PreventUserExistenceErrors) }},
	{column("propagates_user_context", dataflow.Boolean, "EnablePropagateAdditionalUserContextData", "Whether the client may tell the address of the user's device."),
		func(c *types.UserPoolClientType) any { return flag(c.EnablePropagateAdditionalUserContextData) }},
	{column("analytics_application_id", dataflow.String, "AnalyticsConfiguration.ApplicationId", "The Amazon Pinpoint project that learns of sign-ins."),
		of(analytics, func(a *types.AnalyticsConfigurationType) any { return text(a.ApplicationId) })},
	{column("analytics_application_arn", dataflow.String, "AnalyticsConfiguration.ApplicationArn", "The same project, by its ARN."),
		of(analytics, func(a *types.AnalyticsConfigurationType) any { return text(a.ApplicationArn) })},
	{column("analytics_role_arn", dataflow.String, "AnalyticsConfiguration.RoleArn", "The IAM role with which it is told."),
		of(analytics, func(a *types.AnalyticsConfigurationType) any { return text(a.RoleArn) })},
	{column("analytics_user_data_shared", dataflow.Boolean, "AnalyticsConfiguration.UserDataShared", "Whether it is told about users."),
		of(analytics, func(a *types.AnalyticsConfigurationType) any { return a.UserDataShared })},
}

func tokenUnits(c *types.UserPoolClientType) *types.TokenValidityUnitsType {
	return c.TokenValidityUnits
}

func tokenRotation(c *types.UserPoolClientType) *types.RefreshTokenRotationType {
	return c.RefreshTokenRotation
}

func analytics(c *types.UserPoolClientType) *types.AnalyticsConfigurationType {
	return c.AnalyticsConfiguration
}

var appClientsSchema = dataflow.Schema{Columns: columns(appClientFields), Key: []string{"client_id"}, Version: columnUpdatedAt}

// scanAppClients lists the app clients, and asks for each what the list leaves out.
func scanAppClients(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	list := func(ctx context.Context, token *string) ([]types.UserPoolClientDescription, *string, error) {
		out, err := call(ctx, p, listUserPoolClients, &cip.ListUserPoolClientsInput{
			UserPoolId: &p.target.poolID, MaxResults: aws.Int32(pageSize), NextToken: token,
		}, p.client.ListUserPoolClients)
		if err != nil {
			return nil, nil, err
		}
		return out.UserPoolClients, out.NextToken, nil
	}
	values := project(appClientFields, schema)
	return dataflow.ScanReport{}, p.describeEach(ctx, listUserPoolClients, func(ctx context.Context, take func(string) error) error {
		return each(ctx, p, listUserPoolClients, list, func(c *types.UserPoolClientDescription) error { return take(aws.ToString(c.ClientId)) })
	}, func(ctx context.Context, id string) error {
		client, err := p.appClient(ctx, id)
		if err != nil {
			return err
		}
		return to.Put(rowOf(values, client))
	})
}

func (p *Pool) appClient(ctx context.Context, id string) (*types.UserPoolClientType, error) {
	out, err := call(ctx, p, describeUserPoolClient, &cip.DescribeUserPoolClientInput{UserPoolId: &p.target.poolID, ClientId: &id}, p.client.DescribeUserPoolClient)
	if err != nil {
		return nil, err
	}
	if out.UserPoolClient == nil {
		return nil, p.noAnswer(describeUserPoolClient)
	}
	return out.UserPoolClient, nil
}

func probeAppClients(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listUserPoolClients, &cip.ListUserPoolClientsInput{UserPoolId: &p.target.poolID, MaxResults: aws.Int32(1)}, p.client.ListUserPoolClients)
	return err
}

func probeAppClient(ctx context.Context, p *Pool) error {
	_, err := p.appClient(ctx, "skypointconnectioncheck")
	return unlessAbsent(err)
}
