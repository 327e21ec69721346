package cognito

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// resourceServerPage is the most resource servers that AWS gives at once.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListResourceServers.html
const resourceServerPage = 50

// resourceServerFields are the columns of the resource_servers table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResourceServerType.html
var resourceServerFields = []field[*types.ResourceServerType]{
	{keyColumn("identifier", "Identifier", "The identifier of the resource server, often the address of an API."), func(r *types.ResourceServerType) any { return text(r.Identifier) }},
	{column("name", dataflow.String, "Name", "The name of the resource server."), func(r *types.ResourceServerType) any { return text(r.Name) }},
	{jsonColumn("scopes", "Scopes", "Its scopes, each with name and description, as a JSON list in the order of their names."),
		func(r *types.ResourceServerType) any { return scopesText(r.Scopes) }},
}

func scopesText(scopes []types.ResourceServerScopeType) any {
	if scopes == nil {
		return nil
	}
	list := make([]map[string]string, 0, len(scopes))
	for _, s := range scopes {
		list = append(list, map[string]string{"name": aws.ToString(s.ScopeName), "description": aws.ToString(s.ScopeDescription)})
	}
	slices.SortFunc(list, func(a, b map[string]string) int { return cmp.Compare(a["name"], b["name"]) })
	return jsonText(list)
}

var resourceServersSchema = dataflow.Schema{Columns: columns(resourceServerFields), Key: []string{"identifier"}}

// scanResourceServers reads every resource server.
func scanResourceServers(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	list := func(ctx context.Context, token *string) ([]types.ResourceServerType, *string, error) {
		out, err := call(ctx, p, listResourceServers, &cip.ListResourceServersInput{
			UserPoolId: &p.target.poolID, MaxResults: aws.Int32(resourceServerPage), NextToken: token,
		}, p.client.ListResourceServers)
		if err != nil {
			return nil, nil, err
		}
		return out.ResourceServers, out.NextToken, nil
	}
	values := project(resourceServerFields, schema)
	return dataflow.ScanReport{}, each(ctx, p, listResourceServers, list, func(r *types.ResourceServerType) error { return to.Put(rowOf(values, r)) })
}

func probeResourceServers(ctx context.Context, p *Pool) error {
	_, err := call(ctx, p, listResourceServers, &cip.ListResourceServersInput{UserPoolId: &p.target.poolID, MaxResults: aws.Int32(1)}, p.client.ListResourceServers)
	return err
}
