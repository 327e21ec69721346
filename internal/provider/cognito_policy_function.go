package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
)

var _ function.Function = (*cognitoPolicyFunction)(nil)

type cognitoPolicyFunction struct{}

func newCognitoPolicyFunction() function.Function { return cognitoPolicyFunction{} }

func (cognitoPolicyFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "cognito_policy"
}

func (cognitoPolicyFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The least-privilege IAM policy for importing tables of a user pool",
		MarkdownDescription: "Gives an IAM policy as JSON that allows the actions which importing these tables calls, on the pool, and no other. `cognito-idp:DescribeUserPool` is always in it: a connector can't be " +
			"made without. `cognito-idp:DescribeUserPoolDomain` is allowed on `*`, because AWS looks a domain up without a pool; it is in the policy only where `domains` is among the tables. " +
			"The table `signing_keys` needs no action: anybody may read a pool's public keys.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "user_pool_arn", MarkdownDescription: "The user pool's ARN, such as `arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123`."},
			function.ListParameter{
				Name: "tables", ElementType: types.StringType,
				MarkdownDescription: "The tables' keys, one at least: `keys(skypoint_dataflow.customers.tables)`, or some of " + strings.Join(quoted(cognitoTableKeys()), ", ") + ".",
			},
		},
		Return: function.StringReturn{},
	}
}

func (cognitoPolicyFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var arn string
	var tables []types.String
	if resp.Error = req.Arguments.Get(ctx, &arn, &tables); resp.Error != nil {
		return
	}
	if err := cognito.CheckPoolARN(arn); err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error()) // the CLI ends it with a full stop
		return
	}
	var keys []string
	for _, table := range tables {
		if table.IsNull() || !slices.Contains(cognitoTableKeys(), table.ValueString()) {
			resp.Error = function.NewArgumentFuncError(1, fmt.Sprintf("a user pool has no table %s; the tables are %s", table, strings.Join(cognitoTableKeys(), ", ")))
			return
		}
		keys = append(keys, table.ValueString())
	}
	policy, err := cognito.Policy(arn, keys)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, policy)
}

func cognitoTableKeys() []string { return connectorTypes{{ConnectorType: cognito.Type{}}}.tableKeys() }
