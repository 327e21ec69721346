package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognito"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/process"
)

var (
	_ resource.Resource                 = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithConfigure    = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithModifyPlan   = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithImportState  = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithIdentity     = (*cognitoConnectorResource)(nil)
	_ resource.ResourceWithUpgradeState = (*cognitoConnectorResource)(nil)
)

type cognitoConnectorResource struct {
	resourceObject
	named
}

func newCognitoConnectorResource() resource.Resource { return &cognitoConnectorResource{} }

func (*cognitoConnectorResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cognito_connector"
}

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

// Create checks the connection and then makes the record. A connection that does not work leaves nothing behind.
func (r *cognitoConnectorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan cognitoConnectorModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	secret := r.secret(ctx, req.Config.GetAttribute, &resp.Diagnostics)
	connector, diags := plan.connector(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	l, err := r.services.ledger(ctx)
	if err != nil {
		report(&resp.Diagnostics, "The workspace can't be used", err, nil)
		return
	}
	if connector.Check, err = r.check(ctx, connector, text(secret)); err != nil {
		report(&resp.Diagnostics, "Connection check failed", err, plan.blame())
		return
	}
	connector.UID = uuid.NewString()
	connector.CreatedAt = now()
	connector.UpdatedAt = connector.CreatedAt
	connector.Creator = process.Current()
	if err := createConnector(ctx, l, connector, secret); err != nil {
		if dataflow.IsCode(err, dataflow.CodeExists) {
			err = fmt.Errorf("%w. To manage it from here: terraform import skypoint_cognito_connector.ADDRESS %s", err, connector.Name)
		}
		report(&resp.Diagnostics, "Connector was not created", err, blame{dataflow.CodeExists: path.Root("name")})
		return
	}
	resp.Diagnostics.Append(setPrivateText(ctx, resp.Private, privateUID, connector.UID)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, plan.Name)...)
	resp.Diagnostics.Append(plan.show(ctx, connector)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// createConnector creates the record, or takes over one that this root module has created already and lost: its CLI was killed
// before it had written its state. Such a record was made in this folder by a process that is dead, with the same arguments.
func createConnector(ctx context.Context, l *ledger.Ledger, connector dataflow.Connector, secret *string) error {
	err := l.CreateConnector(ctx, connector, secret)
	if !dataflow.IsCode(err, dataflow.CodeExists) {
		return err
	}
	standing, readErr := l.Connector(ctx, connector.Name)
	if readErr != nil || !standing.SameArguments(connector) || !standing.Creator.SameRoot(connector.Creator) || process.Probe(standing.Creator) != process.Dead {
		return err
	}
	connector.CreatedAt = standing.CreatedAt
	return l.PutConnector(ctx, connector, secret)
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
	resp.Diagnostics.Append(model.show(ctx, connector)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// find gives the connector that this resource is about; another uid is another connector of the same name.
func (r *cognitoConnectorResource) find(ctx context.Context, private privateReader, name string, diags *diag.Diagnostics) (dataflow.Connector, bool) {
	uid, more := privateText(ctx, private, privateUID)
	diags.Append(more...)
	l, err := r.services.ledger(ctx)
	if err != nil {
		report(diags, "The workspace can't be used", err, nil)
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
	standing, found := r.find(ctx, req.Private, state.ID.ValueString(), &resp.Diagnostics)
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
	connector.UID, connector.CreatedAt, connector.UpdatedAt, connector.Check = standing.UID, standing.CreatedAt, now(), standing.Check
	connector.Creator = standing.Creator
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
		shown.AvailableTables, shown.UserPoolName, shown.EstimatedUsers = plan.AvailableTables, plan.UserPoolName, plan.EstimatedUsers
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &shown)...)
}

// Delete removes the record with its sealed secret. A dataflow that names the connector says so at its next run.
func (r *cognitoConnectorResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state cognitoConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	connector, found := r.find(ctx, req.Private, state.ID.ValueString(), &resp.Diagnostics)
	if !found || resp.Diagnostics.HasError() {
		return
	}
	l, err := r.services.ledger(ctx)
	if err == nil {
		err = l.DeleteConnector(ctx, connector.Name)
	}
	if err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
		report(&resp.Diagnostics, "Connector was not removed", err, nil)
	}
}

// secret reads the write-only secret, which only the configuration has; nil: none was given.
func (*cognitoConnectorResource) secret(ctx context.Context, get func(context.Context, path.Path, any) diag.Diagnostics, diags *diag.Diagnostics) *string {
	var secret types.String
	diags.Append(get(ctx, path.Root("secret_access_key_wo"), &secret)...)
	return secret.ValueStringPointer()
}

func (r *cognitoConnectorResource) check(ctx context.Context, connector dataflow.Connector, secret string) (dataflow.ConnectionCheck, error) {
	pool, err := cognito.Open(ctx, cognitoConfig(connector, secret, r.services.userAgent()))
	if err != nil {
		return dataflow.ConnectionCheck{}, err
	}
	defer func() { _ = pool.Close() }() // nothing was written through it
	return pool.Check(ctx)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
