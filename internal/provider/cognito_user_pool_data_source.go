package provider

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/columnpolicy"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var _ datasource.DataSourceWithConfigure = (*cognitoUserPoolDataSource)(nil)

// cognitoUserPoolDataSource looks at a pool itself: the one data source that calls AWS.
type cognitoUserPoolDataSource struct {
	dataSourceObject
	kind cognito.Type
}

type cognitoUserPoolModel struct {
	ConnectorID          types.String                 `tfsdk:"connector_id"`
	UserPoolID           types.String                 `tfsdk:"user_pool_id"`
	Region               types.String                 `tfsdk:"region"`
	Profile              types.String                 `tfsdk:"profile"`
	AssumeRole           *assumeRoleModel             `tfsdk:"assume_role"`
	Endpoint             types.String                 `tfsdk:"endpoint"`
	MaxRequestsPerSecond types.Int64                  `tfsdk:"max_requests_per_second"`
	Tables               []types.String               `tfsdk:"tables"`
	Name                 types.String                 `tfsdk:"name"`
	ARN                  types.String                 `tfsdk:"arn"`
	Tier                 types.String                 `tfsdk:"tier"`
	MFA                  types.String                 `tfsdk:"mfa"`
	EstimatedUsers       types.Int64                  `tfsdk:"estimated_users"`
	Domains              []types.String               `tfsdk:"domains"`
	Attributes           []poolAttributeModel         `tfsdk:"attributes"`
	Columns              map[string][]poolColumnModel `tfsdk:"columns"`
	Forecast             *forecastModel               `tfsdk:"forecast"`
}

type poolAttributeModel struct {
	Name       types.String `tfsdk:"name"`
	Type       types.String `tfsdk:"type"`
	Required   types.Bool   `tfsdk:"required"`
	Mutable    types.Bool   `tfsdk:"mutable"`
	Column     types.String `tfsdk:"column"`
	ColumnType types.String `tfsdk:"column_type"`
}

type poolColumnModel struct {
	Name     types.String   `tfsdk:"name"`
	Type     types.String   `tfsdk:"type"`
	Policies []types.String `tfsdk:"policies"`
	HasInner types.Bool     `tfsdk:"has_inner"`
}

type forecastModel struct {
	Tables  []tableForecastModel `tfsdk:"tables"`
	Calls   types.Int64          `tfsdk:"calls"`
	Minutes types.Float64        `tfsdk:"minutes"`
	Assumes []types.String       `tfsdk:"assumes"`
}

type tableForecastModel struct {
	Key     types.String  `tfsdk:"key"`
	Calls   types.Int64   `tfsdk:"calls"`
	Minutes types.Float64 `tfsdk:"minutes"`
}

var poolColumnType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"name": types.StringType, "type": types.StringType, "policies": types.ListType{ElemType: types.StringType}, "has_inner": types.BoolType,
}}

func (*cognitoUserPoolDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cognito_user_pool"
}

func (d *cognitoUserPoolDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	connector, pool := path.MatchRoot("connector_id"), path.MatchRoot("user_pool_id")
	withPool := func(rules []validator.String, more ...path.Expression) []validator.String {
		return append(rules, stringvalidator.ConflictsWith(append(more, connector)...))
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A user pool as it is now: its schema with the column that each attribute becomes, its size, and what importing it would take. Each read calls `DescribeUserPool` once. " +
			"Give the `connector_id` of a connector, or a `user_pool_id` and a way to sign in that needs no secret: `profile`, `assume_role` or AWS's default chain.",
		Attributes: map[string]schema.Attribute{
			"connector_id": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The `id` of the connector whose pool is looked at, with its sign-in. Either this or `user_pool_id`.",
				Validators: []validator.String{referenceValidator(), stringvalidator.ExactlyOneOf(connector, pool)},
			},
			"user_pool_id": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "The user pool's id, such as `us-east-1_AbCdEf123`. Either this or `connector_id`.",
				Validators: userPoolIDRules(),
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true, MarkdownDescription: "The AWS Region that is asked. Default: the connector's, or the part of `user_pool_id` before `_`. Not with `connector_id`.",
				Validators: withPool(regionRules()),
			},
			"profile": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The profile of the shared AWS configuration files to sign in with. Not with `connector_id` or `assume_role`.",
				Validators: withPool(profileRules(), path.MatchRoot("assume_role")),
			},
			"assume_role": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The IAM role to sign in with; AWS's default chain is used to assume it. Not with `connector_id`.",
				Validators: []validator.Object{objectvalidator.ConflictsWith(connector)},
				Attributes: map[string]schema.Attribute{
					"role_arn":    schema.StringAttribute{Required: true, MarkdownDescription: "The role's ARN.", Validators: roleARNRules()},
					"external_id": schema.StringAttribute{Optional: true, MarkdownDescription: "The external id that the role's trust policy asks for.", Validators: externalIDRules()},
				},
			},
			"endpoint": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The http or https URL of a VPC endpoint or an emulator. Default: AWS's endpoint of the Region. Not with `connector_id`.",
				Validators: withPool([]validator.String{httpURL()}),
			},
			"max_requests_per_second": schema.Int64Attribute{
				Optional: true, Computed: true,
				MarkdownDescription: fmt.Sprintf("The rate that `forecast` is made for, 1 to 10,000 requests per second. Default: the connector's, else `%d`.", cognito.DefaultMaxRequestsPerSecond),
				Validators:          maxRequestsRules(),
			},
			"tables": schema.ListAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "The keys of the tables that `forecast` is made for. Default: all but " + strings.Join(quoted(cognito.PerUserTables()), " and ") + ", which cost a call per user.",
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.NoNullValues(), listvalidator.ValueStringsAre(tableKeyValidator(connectorTypes{{ConnectorType: d.kind}}))},
			},
			"name":            computedText("The pool's name."),
			"arn":             computedText("The pool's ARN: what `provider::skypoint::cognito_policy` takes."),
			"tier":            computedText("The feature plan: `LITE`, `ESSENTIALS` or `PLUS`."),
			"mfa":             computedText("Whether a second factor is asked for: `OFF`, `ON` or `OPTIONAL`."),
			"estimated_users": computedNumber("The pool's own estimate of its users, which AWS updates now and then."),
			"domains":         schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The pool's domains: the prefix of one at Amazon, and the whole name of one of its own."},
			"attributes": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The attributes that the pool's schema defines, in the order of their columns.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":        computedText("Its name; a custom one begins with `custom:`."),
					"type":        computedText("`String`, `Number`, `DateTime` or `Boolean`."),
					"required":    computedBool("Whether nobody can sign up without it."),
					"mutable":     computedBool("Whether its value can change."),
					"column":      computedText("The column that it becomes in a table `users` that is made now. A table that exists keeps the columns it has: see `skypoint_table`."),
					"column_type": computedText("The column's type: `string`, `number` (a decimal with 29 digits before and 9 after its point), `timestamp` or `boolean`."),
				}},
			},
			"columns": schema.MapAttribute{
				Computed: true, ElementType: types.ListType{ElemType: poolColumnType},
				MarkdownDescription: "The columns of every table as one is made now, by the table's key, in their order. Of each its `name` and `type`, the `policies` that a dataflow's `tables` may give it under `columns`, " +
					"and with `has_inner` whether it has names inside that a policy may be for: `identities.userId`.",
			},
			"forecast": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "What one import of `tables` would ask of AWS.",
				Attributes: map[string]schema.Attribute{
					"tables": schema.ListNestedAttribute{
						Computed: true, MarkdownDescription: "The same per table. A run reads one after the other.",
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"key":     computedText("The table's key."),
							"calls":   computedNumber("Requests."),
							"minutes": schema.Float64Attribute{Computed: true, MarkdownDescription: "How long they take at `max_requests_per_second`, in minutes, rounded up to a tenth."},
						}},
					},
					"calls":   computedNumber("Requests in total."),
					"minutes": schema.Float64Attribute{Computed: true, MarkdownDescription: "How long they take in total at `max_requests_per_second`, in minutes, rounded up to a tenth."},
					"assumes": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What these numbers take for granted, in whole sentences."},
				},
			},
		},
	}
}

func (d *cognitoUserPoolDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model cognitoUserPoolModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || (!model.ConnectorID.IsNull() && !d.ready(&resp.Diagnostics)) {
		return
	}
	config, err := d.config(ctx, model)
	if err != nil {
		report(&resp.Diagnostics, "The connector can't be used", err, blame{dataflow.CodeNoConnector: path.Root("connector_id"), dataflow.CodeInvalid: path.Root("connector_id")})
		return
	}
	pool, err := cognito.Open(ctx, config)
	if err == nil {
		defer func() { _ = pool.Close() }() // nothing was written through it
		var described cognito.PoolDescription
		if described, err = pool.Describe(ctx); err == nil {
			err = model.show(config, described)
		}
	}
	if err != nil {
		report(&resp.Diagnostics, "User pool can't be read", err, model.blame())
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// config says which pool is asked, and how to sign in to it.
func (d *cognitoUserPoolDataSource) config(ctx context.Context, m cognitoUserPoolModel) (cognito.Config, error) {
	if m.ConnectorID.IsNull() {
		c := cognito.Config{
			UserPoolID: m.UserPoolID.ValueString(), Region: cmp.Or(m.Region.ValueString(), regionOf(m.UserPoolID.ValueString())), Profile: m.Profile.ValueString(),
			Endpoint: m.Endpoint.ValueString(), MaxRequestsPerSecond: cognito.DefaultMaxRequestsPerSecond, UserAgent: d.kind.UserAgent,
		}
		if m.AssumeRole != nil {
			c.RoleARN, c.ExternalID = m.AssumeRole.RoleARN.ValueString(), m.AssumeRole.ExternalID.ValueString()
		}
		return c, nil
	}
	connector, err := d.services.connector(ctx, m.ConnectorID.ValueString())
	if err != nil {
		return cognito.Config{}, err
	}
	return d.kind.Config(ctx, connector, d.services.secretOf(connector.Name))
}

func (m cognitoUserPoolModel) blame() blame {
	asked := path.Root("user_pool_id")
	if !m.ConnectorID.IsNull() {
		asked = path.Root("connector_id")
	}
	signIn := asked
	switch {
	case !m.Profile.IsNull():
		signIn = path.Root("profile")
	case m.AssumeRole != nil:
		signIn = path.Root("assume_role")
	}
	b := blame{
		dataflow.CodeInvalid: asked, dataflow.CodeNoSource: asked, dataflow.CodeUnreachable: asked,
		dataflow.CodeUnauthenticated: signIn, dataflow.CodeAccessDenied: signIn,
	}
	if !m.Endpoint.IsNull() {
		b[dataflow.CodeUnreachable] = path.Root("endpoint")
	}
	return b
}

func (m *cognitoUserPoolModel) show(config cognito.Config, d cognito.PoolDescription) error {
	if m.MaxRequestsPerSecond.IsNull() {
		m.MaxRequestsPerSecond = types.Int64Value(config.MaxRequestsPerSecond)
	}
	m.UserPoolID, m.Region = types.StringValue(config.UserPoolID), types.StringValue(config.Region)
	m.Name, m.ARN, m.Tier, m.MFA = textOrNull(d.Name), textOrNull(d.ARN), textOrNull(d.Tier), textOrNull(d.MFA)
	m.EstimatedUsers = types.Int64Value(d.EstimatedUsers)
	m.Domains, m.Attributes = texts(d.Domains), []poolAttributeModel{}
	for _, a := range d.Attributes {
		m.Attributes = append(m.Attributes, poolAttributeModel{
			Name: types.StringValue(a.Name), Type: types.StringValue(a.Type), Required: types.BoolValue(a.Required), Mutable: types.BoolValue(a.Mutable),
			Column: types.StringValue(a.Column), ColumnType: types.StringValue(a.ColumnType),
		})
	}
	m.Columns = map[string][]poolColumnModel{}
	for key, schema := range d.Schemas {
		for _, c := range schema.Columns {
			m.Columns[key] = append(m.Columns[key], poolColumnModel{
				Name: types.StringValue(c.Name), Type: types.StringValue(string(c.Type)), Policies: texts(columnpolicy.Allowed(c, schema)), HasInner: types.BoolValue(columnpolicy.HasInner(c)),
			})
		}
	}
	var keys []string
	for _, key := range m.Tables {
		keys = append(keys, key.ValueString())
	}
	if m.Tables == nil {
		keys = slices.DeleteFunc(cognitoTableKeys(), func(key string) bool { return slices.Contains(cognito.PerUserTables(), key) })
	}
	forecast, err := cognito.Forecast(keys, d.EstimatedUsers, m.MaxRequestsPerSecond.ValueInt64())
	if err != nil {
		return err
	}
	m.Forecast = &forecastModel{Assumes: texts(cognito.ForecastAssumes())}
	var calls int64
	var takes time.Duration
	for _, f := range forecast {
		calls, takes = calls+f.Calls, takes+f.Takes
		m.Forecast.Tables = append(m.Forecast.Tables, tableForecastModel{Key: types.StringValue(f.Key), Calls: types.Int64Value(f.Calls), Minutes: minutes(f.Takes)})
	}
	m.Forecast.Calls, m.Forecast.Minutes = types.Int64Value(calls), minutes(takes)
	return nil
}

// minutes gives a time in minutes, rounded up to a tenth.
func minutes(d time.Duration) types.Float64 {
	return types.Float64Value(math.Ceil(d.Minutes()*10) / 10)
}

func texts(all []string) []types.String {
	values := []types.String{}
	for _, s := range all {
		values = append(values, types.StringValue(s))
	}
	return values
}
