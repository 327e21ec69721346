package provider

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

var (
	_ resource.Resource                 = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithConfigure    = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithModifyPlan   = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithImportState  = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithIdentity     = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithUpgradeState = (*cognitoConnectorResource)(nil)
)

// cognitoConnectorType is the type of connectors to user pools.
func cognitoConnectorType(version string) connectorType {
	kind := cognito.Type{UserAgent: "terraform-provider-skypoint/" + version}
	return connectorType{
		ConnectorType: kind, resourceType: "skypoint_cognito_connector",
		resource:     func() resource.Resource { return &cognitoConnectorResource{kind: kind} },
		listResource: func() list.ListResource { return &cognitoConnectorListResource{cognitoConnectorResource{kind: kind}} },
		dataSources: []func() datasource.DataSource{
			newCognitoConnectorDataSource, func() datasource.DataSource { return &cognitoUserPoolDataSource{kind: kind} },
		},
		functions: []func() function.Function{newCognitoPolicyFunction},
	}
}

type cognitoConnectorResource struct {
	resourceObject
	named
	kind cognito.Type
}

func (*cognitoConnectorResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cognito_connector"
}

func connectorObject(name string) string { return fmt.Sprintf("Connector %q", name) }

// connectorBlame says which argument a failed connection check is about.
var connectorBlame = blame{
	dataflow.CodeInvalid:         path.Root("user_pool_id"),
	dataflow.CodeNoSource:        path.Root("user_pool_id"),
	dataflow.CodeUnauthenticated: path.Root("access_key_id"),
	dataflow.CodeAccessDenied:    path.Root("access_key_id"),
	dataflow.CodeUnreachable:     path.Root("endpoint"),
	dataflow.CodeExists:          path.Root("name"),
}

// blame points at the way to sign in that the connector really uses.
func (m cognitoConnectorModel) blame() blame {
	b := blame{}
	maps.Copy(b, connectorBlame)
	signIn := path.Root("access_key_id")
	switch {
	case !m.Profile.IsNull():
		signIn = path.Root("profile")
	case !m.AssumeRole.IsNull():
		signIn = path.Root("assume_role")
	case m.AccessKeyID.IsNull():
		signIn = path.Root("user_pool_id")
	}
	b[dataflow.CodeUnauthenticated], b[dataflow.CodeAccessDenied] = signIn, signIn
	if m.Endpoint.IsNull() {
		b[dataflow.CodeUnreachable] = path.Root("region")
	}
	return b
}

// Create checks the connection and then makes the record. A connection that does not work leaves nothing behind,
// and a connector that is there is never taken over.
func (r *cognitoConnectorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan cognitoConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	secret := r.secret(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	connector, diags := plan.connector(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	l, ok := r.ledger(ctx, &resp.Diagnostics)
	if !ok {
		return
	}
	check, err := r.check(ctx, connector, text(secret))
	if err != nil {
		report(&resp.Diagnostics, "Connection check failed", err, plan.blame())
		return
	}
	connector.Check = check
	connector.UID = uuid.NewString()
	connector.CreatedAt = now()
	connector.UpdatedAt = connector.CreatedAt
	err = l.CreateConnector(ctx, connector, secret)
	if dataflow.IsCode(err, dataflow.CodeExists) {
		if there, readErr := l.Connector(ctx, connector.Name); readErr == nil {
			err = connectorExists(there)
		}
		reportExists(&resp.Diagnostics, "Connector was not created", err, "skypoint_cognito_connector", connector.Name)
		return
	}
	if err != nil {
		report(&resp.Diagnostics, "Connector was not created", err, nil)
		return
	}
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, connector.UID)...)
	resp.Diagnostics.Append(r.services.markWorkspace(ctx, resp.Private)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.Name)...)
	resp.Diagnostics.Append(plan.show(ctx, connector)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// connectorExists says that a connector of this name is there, and what it leads to.
func connectorExists(there dataflow.Connector) error {
	what := fmt.Sprintf("is of type %q", there.Type)
	if settings, err := cognito.SettingsOf(there); err == nil {
		what = "leads to user pool " + settings.UserPoolID
	}
	return &dataflow.Error{
		Code: dataflow.CodeExists, Object: fmt.Sprintf("connector %q", there.Name), Op: "create",
		Cause: fmt.Errorf("the workspace has a connector of this name, which was created on %s and %s",
			there.CreatedAt.Format(time.RFC3339), what),
	}
}

// Read shows the record. It calls no AWS.
func (r *cognitoConnectorResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model cognitoConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, model.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.services.unknown {
		resp.Diagnostics.AddWarning("Connector was not refreshed", "The provider's configuration is not known yet, so the state is shown as it was.")
		return
	}
	connector, found := r.find(ctx, req.Private, model.ID.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, connector.UID)...)
	resp.Diagnostics.Append(r.services.markWorkspace(ctx, resp.Private)...)
	resp.Diagnostics.Append(model.show(ctx, connector)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// find gives the connector that this resource is about; another uid is another connector of the same name.
func (r *cognitoConnectorResource) find(ctx context.Context, private privateReader, name string, diags *diag.Diagnostics) (dataflow.Connector, bool) {
	uid, more := privateText(ctx, private, privateUID)
	diags.Append(more...)
	if !r.services.checkWorkspace(ctx, private, connectorObject(name), diags) {
		return dataflow.Connector{}, false
	}
	l, ok := r.ledger(ctx, diags)
	if !ok {
		return dataflow.Connector{}, false
	}
	connector, err := l.Connector(ctx, name)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return dataflow.Connector{}, false
	}
	if err != nil {
		report(diags, "Connector can't be read", err, blame{dataflow.CodeInvalid: path.Root("name")})
		return dataflow.Connector{}, false
	}
	if _, err := cognito.SettingsOf(connector); err != nil {
		report(diags, "Connector is another type's", err, blame{dataflow.CodeInvalid: path.Root("name")})
		return dataflow.Connector{}, false
	}
	return connector, uid == "" || uid == connector.UID
}

// Update checks the connection anew when the pool or the sign-in changed, and then replaces the record.
func (r *cognitoConnectorResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state cognitoConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, state.ID)...)
	given := r.secret(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	connector, diags := plan.connector(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	there, found := r.find(ctx, req.Private, state.ID.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	l, err := r.services.ledger(ctx)
	if err != nil || !found {
		resp.Diagnostics.AddError("Connector is gone", fmt.Sprintf("Connector %q is not in the workspace any more. Plan again.", state.Name.ValueString()))
		return
	}
	// The sealed secret stays unless its version says that there is a new one; without a key there is none to keep.
	var secret *string
	switch {
	case plan.AccessKeyID.IsNull():
		secret = new(string)
	case !plan.SecretVersion.Equal(state.SecretVersion):
		secret = given
	}
	connector.UID, connector.CreatedAt, connector.UpdatedAt, connector.Check = there.UID, there.CreatedAt, now(), there.Check
	if !plan.sameSignIn(state) {
		use := text(secret)
		if secret == nil {
			if use, err = l.ConnectorSecret(ctx, connector.Name); err != nil {
				report(&resp.Diagnostics, "The connector's secret can't be opened", err, nil)
				return
			}
		}
		if connector.Check, err = r.check(ctx, connector, use); err != nil {
			report(&resp.Diagnostics, "Connection check failed", err, plan.blame())
			return
		}
	}
	if err := l.PutConnector(ctx, connector, secret); err != nil {
		report(&resp.Diagnostics, "Connector was not changed", err, nil)
		return
	}
	shown := plan
	resp.Diagnostics.Append(shown.show(ctx, connector)...)
	if plan.sameSignIn(state) { // planned as they were: what somebody else's check has seen since, the next refresh shows
		shown.UnreadableTables, shown.UserPoolName, shown.EstimatedUsers = plan.UnreadableTables, plan.UserPoolName, plan.EstimatedUsers
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &shown)...)
}

// Delete removes the record with its sealed secret. While a dataflow imports through the connector it is refused, and names the dataflow,
// which may be another root module's. A replace by one of the same name goes through: the plan has left word when the name goes (privateLeaves),
// since nothing else tells a destroy from the first half of a replace.
func (r *cognitoConnectorResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state cognitoConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	leaves, diags := privateText(ctx, req.Private, privateLeaves)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	connector, found := r.find(ctx, req.Private, state.ID.ValueString(), &resp.Diagnostics)
	if !found || resp.Diagnostics.HasError() {
		return
	}
	l, err := r.services.ledger(ctx)
	if err == nil && leaves != "" {
		err = unused(ctx, l, connector.Name)
	}
	if err == nil {
		err = l.DeleteConnector(ctx, connector.Name)
	}
	if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
		report(&resp.Diagnostics, "Connector was not removed", err, nil)
	}
}

// unused refuses a connector that dataflows import through.
func unused(ctx context.Context, l *ledger.Ledger, name string) error {
	dataflows, err := l.DataflowsOf(ctx, name)
	if err != nil || len(dataflows) == 0 {
		return err
	}
	for i, d := range dataflows {
		dataflows[i] = strconv.Quote(d)
	}
	which := "dataflow " + dataflows[0] + " imports"
	if len(dataflows) > 1 {
		which = "dataflows " + strings.Join(dataflows, ", ") + " import"
	}
	return &dataflow.Error{
		Code: dataflow.CodeInUse, Object: fmt.Sprintf("connector %q", name), Op: "remove",
		Cause: fmt.Errorf("%s through it", which),
		Hint: "Destroy that first, or give it another connector_id and apply; it may be in another root module. " +
			"To give a connector another name, set lifecycle { create_before_destroy = true } on it, so that its dataflows move to the new one first.",
	}
}

// secret reads the write-only secret, which only the configuration has; nil: none was given.
func (*cognitoConnectorResource) secret(ctx context.Context, get func(context.Context, path.Path, any) diag.Diagnostics, diags *diag.Diagnostics) *string {
	var secret types.String
	diags.Append(get(ctx, path.Root("secret_access_key_wo"), &secret)...)
	return secret.ValueStringPointer()
}

func (r *cognitoConnectorResource) check(ctx context.Context, connector dataflow.Connector, secret string) (dataflow.ConnectionCheck, error) {
	config, err := r.kind.Config(ctx, connector, func(context.Context) (string, error) { return secret, nil })
	if err != nil {
		return dataflow.ConnectionCheck{}, err
	}
	pool, err := cognito.Open(ctx, config)
	if err != nil {
		return dataflow.ConnectionCheck{}, err
	}
	defer func() { _ = pool.Close() }() // nothing was written through it
	return pool.Check(ctx)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
