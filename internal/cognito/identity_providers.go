package cognito

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// identityProviderFields are the columns of the identity_providers table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IdentityProviderType.html
var identityProviderFields = []field[*types.IdentityProviderType]{
	{keyColumn("provider_name", "ProviderName", "The name of the identity provider in the pool."), func(i *types.IdentityProviderType) any { return text(i.ProviderName) }},
	{column("provider_type", dataflow.String, "ProviderType", "SAML, OIDC, or the name of a social provider: Google, Facebook, LoginWithAmazon, SignInWithApple."),
		func(i *types.IdentityProviderType) any { return word(i.ProviderType) }},
	{jsonColumn("identifiers", "IdpIdentifiers", "Other names that choose the provider at sign-in, as a JSON list."),
		func(i *types.IdentityProviderType) any { return setText(i.IdpIdentifiers) }},
	{jsonColumn("attribute_mapping", "AttributeMapping", "For each attribute of the pool the provider's own, as JSON text."),
		func(i *types.IdentityProviderType) any { return jsonText(i.AttributeMapping) }},
	{jsonColumn("provider_details", "ProviderDetails", "Scopes, addresses and identifiers of the provider, as JSON text; never a secret."),
		func(i *types.IdentityProviderType) any { return jsonText(publicDetails(i.ProviderDetails)) }},
	{column("created_at", dataflow.Timestamp, "CreationDate", "When the identity provider was created."), func(i *types.IdentityProviderType) any { return moment(i.CreationDate) }},
	{column(columnUpdatedAt, dataflow.Timestamp, "LastModifiedDate", "When the identity provider was last changed."), func(i *types.IdentityProviderType) any { return moment(i.LastModifiedDate) }},
}

// publicProviderDetails are the provider details that are known to be no secret. AWS says that the keys are subject to change, so one that
// is not known here (or is a secret: client_secret, private_key) is left out. MetadataFile is too: whoever pasted that document may
// have put anything into it.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IdentityProviderType.html#CognitoUserPools-Type-IdentityProviderType-ProviderDetails
var publicProviderDetails = map[string]bool{
	"api_version": true, "attributes_request_method": true, "attributes_url": true, "attributes_url_add_attributes": true,
	"authorize_scopes": true, "authorize_url": true, "client_id": true, "jwks_uri": true, "key_id": true, "oidc_issuer": true,
	"team_id": true, "token_request_method": true, "token_url": true,
	"ActiveEncryptionCertificate": true, "EncryptedResponses": true, "IDPInit": true, "IDPSignout": true, "MetadataURL": true,
	"RequestSigningAlgorithm": true, "SLORedirectBindingURI": true, "SSORedirectBindingURI": true,
}

func publicDetails(details map[string]string) map[string]string {
	if details == nil {
		return nil
	}
	public := map[string]string{}
	for name, value := range details {
		if !publicProviderDetails[name] {
			continue
		}
		if value, ok := withoutCredentials(value); ok {
			public[name] = value
		}
	}
	return public
}

// withoutCredentials takes user, password, query and fragment from an address: that is where people put what lets them in
// (MetadataURL = https://user:password@host/saml?token=…). What is no address stays as it is; an address that can't be read is left out.
func withoutCredentials(value string) (string, bool) {
	if !strings.Contains(value, "://") {
		return value, true
	}
	address, err := url.Parse(value)
	if err != nil {
		return "", false
	}
	if address.User == nil && address.RawQuery == "" && !address.ForceQuery && address.Fragment == "" {
		return value, true
	}
	address.User, address.RawQuery, address.ForceQuery, address.Fragment, address.RawFragment = nil, "", false, "", ""
	return address.String(), true
}

var identityProvidersSchema = dataflow.Schema{Columns: columns(identityProviderFields), Key: []string{"provider_name"}, Version: columnUpdatedAt}

// scanIdentityProviders lists the identity providers, and asks for each what the list leaves out.
func scanIdentityProviders(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	list := func(ctx context.Context, token *string) ([]types.ProviderDescription, *string, error) {
		out, err := call(ctx, p, listIdentityProviders, &cip.ListIdentityProvidersInput{
			UserPoolId: &p.target.poolID, MaxResults: aws.Int32(pageSize), NextToken: token,
		}, p.client.ListIdentityProviders)
		if err != nil {
			return nil, nil, err
		}
		return out.Providers, out.NextToken, nil
	}
	values := project(identityProviderFields, schema)
	return dataflow.ScanReport{}, p.describeEach(ctx, listIdentityProviders, func(ctx context.Context, take func(string) error) error {
		return each(ctx, p, listIdentityProviders, list, func(d *types.ProviderDescription) error { return take(aws.ToString(d.ProviderName)) })
	}, func(ctx context.Context, name string) error {
		provider, err := p.identityProvider(ctx, name)
		if err != nil {
			return err
		}
		return to.Put(rowOf(values, provider))
	})
}

func (p *Pool) identityProvider(ctx context.Context, name string) (*types.IdentityProviderType, error) {
	out, err := call(ctx, p, describeIdentityProvider, &cip.DescribeIdentityProviderInput{UserPoolId: &p.target.poolID, ProviderName: &name}, p.client.DescribeIdentityProvider)
	if err != nil {
		return nil, err
	}
	if out.IdentityProvider == nil {
		return nil, p.noAnswer(describeIdentityProvider)
	}
	return out.IdentityProvider, nil
}

func probeIdentityProviders(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listIdentityProviders, &cip.ListIdentityProvidersInput{UserPoolId: &p.target.poolID, MaxResults: aws.Int32(1)}, p.client.ListIdentityProviders)
	return err
}

func probeIdentityProvider(ctx context.Context, p *Pool) error {
	_, err := p.identityProvider(ctx, nobody)
	return unlessAbsent(err)
}
