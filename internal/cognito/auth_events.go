package cognito

import (
	"context"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// authEvent is a sign-in event of a user.
type authEvent struct {
	user poolUser
	*types.AuthEventType
}

// authEventFields are the columns of the auth_events table.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AuthEventType.html
var authEventFields = []field[authEvent]{
	{subColumn(), func(e authEvent) any { return e.user.sub }},
	{keyColumn("event_id", "EventId", "The identifier of the event."), func(e authEvent) any { return text(e.EventId) }},
	{column("username", dataflow.String, "Username", "The name the user signs in with."), func(e authEvent) any { return word(e.user.username) }},
	{column("created_at", dataflow.Timestamp, "CreationDate", "When it happened."), func(e authEvent) any { return moment(e.CreationDate) }},
	{column("event_type", dataflow.String, "EventType", "SignIn, SignUp, ForgotPassword, PasswordChange or ResendCode."), func(e authEvent) any { return word(e.EventType) }},
	{column("event_response", dataflow.String, "EventResponse", "How it ended: Pass, Fail or InProgress."), func(e authEvent) any { return word(e.EventResponse) }},
	{column("risk_decision", dataflow.String, "EventRisk.RiskDecision", "NoRisk, AccountTakeover or Block."), of(eventRisk, func(r *types.EventRiskType) any { return word(r.RiskDecision) })},
	{column("risk_level", dataflow.String, "EventRisk.RiskLevel", "Low, Medium or High."), of(eventRisk, func(r *types.EventRiskType) any { return word(r.RiskLevel) })},
	{column("compromised_credentials", dataflow.Boolean, "EventRisk.CompromisedCredentialsDetected", "Whether the password is known to have leaked elsewhere."),
		of(eventRisk, func(r *types.EventRiskType) any { return flag(r.CompromisedCredentialsDetected) })},
	{column("ip_address", dataflow.String, "EventContextData.IpAddress", "The address that it came from."), of(eventContext, func(c *types.EventContextDataType) any { return text(c.IpAddress) })},
	{column("device_name", dataflow.String, "EventContextData.DeviceName", "The device that it came from."), of(eventContext, func(c *types.EventContextDataType) any { return text(c.DeviceName) })},
	{column("timezone", dataflow.String, "EventContextData.Timezone", "The time zone of the user's device."), of(eventContext, func(c *types.EventContextDataType) any { return text(c.Timezone) })},
	{column("city", dataflow.String, "EventContextData.City", "The city that it came from."), of(eventContext, func(c *types.EventContextDataType) any { return text(c.City) })},
	{column("country", dataflow.String, "EventContextData.Country", "The country that it came from."), of(eventContext, func(c *types.EventContextDataType) any { return text(c.Country) })},
	{jsonColumn("challenges", "ChallengeResponses", "The challenges of the sign-in and how they ended, in their order, as a JSON list."),
		func(e authEvent) any { return jsonText(e.ChallengeResponses) }},
	{column("feedback_value", dataflow.String, "EventFeedback.FeedbackValue", "What somebody said about it: Valid or Invalid."), of(eventFeedback, func(f *types.EventFeedbackType) any { return word(f.FeedbackValue) })},
	{column("feedback_provider", dataflow.String, "EventFeedback.Provider", "Who said so."), of(eventFeedback, func(f *types.EventFeedbackType) any { return text(f.Provider) })},
	{column("feedback_at", dataflow.Timestamp, "EventFeedback.FeedbackDate", "When."), of(eventFeedback, func(f *types.EventFeedbackType) any { return moment(f.FeedbackDate) })},
}

func eventRisk(e authEvent) *types.EventRiskType { return e.EventRisk }

func eventContext(e authEvent) *types.EventContextDataType { return e.EventContextData }

func eventFeedback(e authEvent) *types.EventFeedbackType { return e.EventFeedback }

var authEventsSchema = dataflow.Schema{Columns: columns(authEventFields), Key: []string{attributeSub, "event_id"}}

// scanAuthEvents reads the sign-in events of every user.
func scanAuthEvents(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	values := project(authEventFields, schema)
	return dataflow.ScanReport{}, p.eachUser(ctx, func(ctx context.Context, user poolUser) error {
		return ofUser(ctx, p, adminListUserAuthEvents, p.authEventsOf(user.username, pageSize), func(e *types.AuthEventType) error {
			return to.Put(rowOf(values, authEvent{user, e}))
		})
	})
}

func (p *Pool) authEventsOf(username string, limit int32) fetch[types.AuthEventType] {
	return func(ctx context.Context, token *string) ([]types.AuthEventType, *string, error) {
		out, err := call(ctx, p, adminListUserAuthEvents, &cip.AdminListUserAuthEventsInput{
			UserPoolId: &p.target.poolID, Username: &username, MaxResults: &limit, NextToken: token,
		}, p.client.AdminListUserAuthEvents)
		if err != nil {
			return nil, nil, err
		}
		return out.AuthEvents, out.NextToken, nil
	}
}

// probeAuthEvents asks the pool whether it keeps sign-in events before it tries the operation: AWS does not promise which of a missing
// user and a missing feature it says first.
func probeAuthEvents(ctx context.Context, p *Pool) error {
	_, _, err := p.authEventsOf(nobody, 1)(ctx, nil)
	if err := unlessAbsent(err); err != nil {
		return err
	}
	pool, err := p.describe(ctx)
	if err != nil {
		return err
	}
	if pool.UserPoolAddOns == nil || pool.UserPoolAddOns.AdvancedSecurityMode == "" || pool.UserPoolAddOns.AdvancedSecurityMode == types.AdvancedSecurityModeTypeOff {
		return &dataflow.Error{
			Code: dataflow.CodeInvalid, Op: adminListUserAuthEvents.name, Object: p.target.object(),
			Cause: &serviceError{code: codeAddOnNotEnabled, message: "the pool has no threat protection"}, Hint: hintThreatProtection,
		}
	}
	return nil
}
