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

// poolSettings is what the user_pool table is made of.
type poolSettings struct {
	pool *types.UserPoolType
	mfa  *cip.GetUserPoolMfaConfigOutput
}

// userPoolFields are the columns of the user_pool table.
//
// EstimatedNumberOfUsers is none of them: it changes with every sign-up, so the row would never be unchanged; the users table has the
// real number. Neither is the external ID with which the pool assumes the role that sends text messages.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html
var userPoolFields = []field[poolSettings]{
	{keyColumn("id", "Id", "The identifier of the user pool."), func(s poolSettings) any { return text(s.pool.Id) }},
	{column("name", dataflow.String, "Name", "The name of the user pool."), func(s poolSettings) any { return text(s.pool.Name) }},
	{column("arn", dataflow.String, "Arn", "The ARN of the user pool."), func(s poolSettings) any { return text(s.pool.Arn) }},
	{column("tier", dataflow.String, "UserPoolTier", "The feature plan: LITE, ESSENTIALS or PLUS."), func(s poolSettings) any { return word(s.pool.UserPoolTier) }},
	{column("deletion_protection", dataflow.String, "DeletionProtection", "Whether the pool is protected from deletion: ACTIVE or INACTIVE."),
		func(s poolSettings) any { return word(s.pool.DeletionProtection) }},
	{column("created_at", dataflow.Timestamp, "CreationDate", "When the user pool was created."), func(s poolSettings) any { return moment(s.pool.CreationDate) }},
	{column(columnUpdatedAt, dataflow.Timestamp, "LastModifiedDate", "When the user pool was last changed."), func(s poolSettings) any { return moment(s.pool.LastModifiedDate) }},
	{column("domain", dataflow.String, "Domain", "The prefix of the pool's domain at Amazon."), func(s poolSettings) any { return text(s.pool.Domain) }},
	{column("custom_domain", dataflow.String, "CustomDomain", "The pool's own domain."), func(s poolSettings) any { return text(s.pool.CustomDomain) }},

	{jsonColumn("username_attributes", "UsernameAttributes", "What a user may sign up with instead of a username, as a JSON list."),
		func(s poolSettings) any { return setText(s.pool.UsernameAttributes) }},
	{jsonColumn("alias_attributes", "AliasAttributes", "What a user may sign in with beside the username, as a JSON list."),
		func(s poolSettings) any { return setText(s.pool.AliasAttributes) }},
	{jsonColumn("auto_verified_attributes", "AutoVerifiedAttributes", "Attributes that are verified when a user signs up, as a JSON list."),
		func(s poolSettings) any { return setText(s.pool.AutoVerifiedAttributes) }},
	{jsonColumn("attributes_verified_before_update", "UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate", "Attributes whose new value holds once it is verified, as a JSON list."),
		of(func(s poolSettings) *types.UserAttributeUpdateSettingsType { return s.pool.UserAttributeUpdateSettings },
			func(u *types.UserAttributeUpdateSettingsType) any {
				return setText(u.AttributesRequireVerificationBeforeUpdate)
			})},
	{column("username_case_sensitive", dataflow.Boolean, "UsernameConfiguration.CaseSensitive", "Whether usernames that differ only in case are different."),
		of(func(s poolSettings) *types.UsernameConfigurationType { return s.pool.UsernameConfiguration },
			func(u *types.UsernameConfigurationType) any { return flag(u.CaseSensitive) })},
	{column("admin_create_user_only", dataflow.Boolean, "AdminCreateUserConfig.AllowAdminCreateUserOnly", "Whether nobody can sign up."),
		of(func(s poolSettings) *types.AdminCreateUserConfigType { return s.pool.AdminCreateUserConfig },
			func(a *types.AdminCreateUserConfigType) any { return a.AllowAdminCreateUserOnly })},
	{jsonColumn("recovery_mechanisms", "AccountRecoverySetting.RecoveryMechanisms", "How a user who forgot the password gets a new one, the first choice first, as a JSON list."),
		of(func(s poolSettings) *types.AccountRecoverySettingType { return s.pool.AccountRecoverySetting },
			func(a *types.AccountRecoverySettingType) any { return recoveryMechanisms(a.RecoveryMechanisms) })},
	{jsonColumn("password_policy", "Policies.PasswordPolicy", "What a password must have, as JSON text."),
		of(func(s poolSettings) *types.UserPoolPolicyType { return s.pool.Policies },
			func(p *types.UserPoolPolicyType) any { return settingsText(p.PasswordPolicy) })},
	{jsonColumn("first_auth_factors", "Policies.SignInPolicy.AllowedFirstAuthFactors", "What a user may sign in with first, as a JSON list."),
		of(func(s poolSettings) *types.UserPoolPolicyType { return s.pool.Policies },
			func(p *types.UserPoolPolicyType) any {
				if p.SignInPolicy == nil {
					return nil
				}
				return setText(p.SignInPolicy.AllowedFirstAuthFactors)
			})},

	{column("mfa", dataflow.String, "MfaConfiguration", "Whether a second factor is asked for: OFF, ON or OPTIONAL."), func(s poolSettings) any { return word(s.mfa.MfaConfiguration) }},
	{column("software_token_mfa_enabled", dataflow.Boolean, "SoftwareTokenMfaConfiguration.Enabled", "Whether an authenticator app can be the second factor."),
		of(func(s poolSettings) *types.SoftwareTokenMfaConfigType { return s.mfa.SoftwareTokenMfaConfiguration },
			func(m *types.SoftwareTokenMfaConfigType) any { return m.Enabled })},
	{column("sms_mfa_enabled", dataflow.Boolean, "SmsMfaConfiguration", "Whether a text message can be the second factor."),
		func(s poolSettings) any { return s.mfa.SmsMfaConfiguration != nil }},
	{column("email_mfa_enabled", dataflow.Boolean, "EmailMfaConfiguration", "Whether an email message can be the second factor."),
		func(s poolSettings) any { return s.mfa.EmailMfaConfiguration != nil }},
	{jsonColumn("passkeys", "WebAuthnConfiguration", "How users sign in with passkeys, as JSON text."),
		func(s poolSettings) any { return settingsText(s.mfa.WebAuthnConfiguration) }},
	{column("threat_protection", dataflow.String, "UserPoolAddOns.AdvancedSecurityMode", "Whether sign-ins are judged: OFF, AUDIT or ENFORCED."),
		of(func(s poolSettings) *types.UserPoolAddOnsType { return s.pool.UserPoolAddOns },
			func(a *types.UserPoolAddOnsType) any { return word(a.AdvancedSecurityMode) })},
	{column("device_challenge_required", dataflow.Boolean, "DeviceConfiguration.ChallengeRequiredOnNewDevice", "Whether a remembered device can stand for the second factor."),
		of(func(s poolSettings) *types.DeviceConfigurationType { return s.pool.DeviceConfiguration },
			func(d *types.DeviceConfigurationType) any { return d.ChallengeRequiredOnNewDevice })},
	{column("device_remembered_on_prompt", dataflow.Boolean, "DeviceConfiguration.DeviceOnlyRememberedOnUserPrompt", "Whether a device is remembered only when the user says so."),
		of(func(s poolSettings) *types.DeviceConfigurationType { return s.pool.DeviceConfiguration },
			func(d *types.DeviceConfigurationType) any { return d.DeviceOnlyRememberedOnUserPrompt })},

	{jsonColumn("lambda_triggers", "LambdaConfig", "The Lambda functions that the pool calls, as JSON text."), func(s poolSettings) any { return settingsText(s.pool.LambdaConfig) }},
	{jsonColumn("email_configuration", "EmailConfiguration", "How the pool sends email messages, as JSON text."), func(s poolSettings) any { return settingsText(s.pool.EmailConfiguration) }},
	{column("sms_caller_role_arn", dataflow.String, "SmsConfiguration.SnsCallerArn", "The IAM role with which the pool sends text messages."),
		of(func(s poolSettings) *types.SmsConfigurationType { return s.pool.SmsConfiguration },
			func(m *types.SmsConfigurationType) any { return text(m.SnsCallerArn) })},
	{column("sms_region", dataflow.String, "SmsConfiguration.SnsRegion", "The Region from which the pool sends text messages."),
		of(func(s poolSettings) *types.SmsConfigurationType { return s.pool.SmsConfiguration },
			func(m *types.SmsConfigurationType) any { return text(m.SnsRegion) })},
	{column("kms_key_arn", dataflow.String, "KeyConfiguration.KmsKeyArn", "The key of AWS KMS that the pool is encrypted with, where it is the customer's own."),
		of(func(s poolSettings) *types.KeyConfigurationType { return s.pool.KeyConfiguration },
			func(k *types.KeyConfigurationType) any { return text(k.KmsKeyArn) })},
	{jsonColumn("tags", "UserPoolTags", "The pool's tags, as JSON text."), func(s poolSettings) any { return jsonText(s.pool.UserPoolTags) }},
	{jsonColumn("other_settings", "UserPool", "Settings without a column of their own, the texts of messages too, under AWS's names, as JSON text."),
		func(s poolSettings) any { return otherSettings(s.pool) }},
}

// otherPoolMembers are the members of a pool that other_settings has, by their paths.
var otherPoolMembers = map[string]func(*types.UserPoolType) any{
	"AdminCreateUserConfig.InviteMessageTemplate": of(adminCreateUser, func(a *types.AdminCreateUserConfigType) any { return a.InviteMessageTemplate }),
	"AdminCreateUserConfig.UnusedAccountValidityDays": of(adminCreateUser, func(a *types.AdminCreateUserConfigType) any {
		return unlessZero(int64(a.UnusedAccountValidityDays))
	}),
	"EmailConfigurationFailure": func(p *types.UserPoolType) any { return text(p.EmailConfigurationFailure) },
	"EmailVerificationMessage":  func(p *types.UserPoolType) any { return text(p.EmailVerificationMessage) },
	"EmailVerificationSubject":  func(p *types.UserPoolType) any { return text(p.EmailVerificationSubject) },
	"IssuerConfiguration":       func(p *types.UserPoolType) any { return p.IssuerConfiguration },
	"KeyConfiguration.KeyType": of(func(p *types.UserPoolType) *types.KeyConfigurationType { return p.KeyConfiguration },
		func(k *types.KeyConfigurationType) any { return word(k.KeyType) }),
	"SmsAuthenticationMessage": func(p *types.UserPoolType) any { return text(p.SmsAuthenticationMessage) },
	"SmsConfigurationFailure":  func(p *types.UserPoolType) any { return text(p.SmsConfigurationFailure) },
	"SmsVerificationMessage":   func(p *types.UserPoolType) any { return text(p.SmsVerificationMessage) },
	"UserPoolAddOns.AdvancedSecurityAdditionalFlows": of(func(p *types.UserPoolType) *types.UserPoolAddOnsType { return p.UserPoolAddOns },
		func(a *types.UserPoolAddOnsType) any { return a.AdvancedSecurityAdditionalFlows }),
	"VerificationMessageTemplate": func(p *types.UserPoolType) any { return p.VerificationMessageTemplate },
}

func adminCreateUser(p *types.UserPoolType) *types.AdminCreateUserConfigType {
	return p.AdminCreateUserConfig
}

// unlessZero gives a number, or nil for zero, which is how the SDK gives one that AWS left out.
func unlessZero(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// otherSettings gives the members without a column; nil: AWS gave none of them.
func otherSettings(p *types.UserPoolType) any {
	settings := map[string]any{}
	for member, value := range otherPoolMembers {
		settings[member] = value(p)
	}
	if settings := settingsText(&settings); settings != "{}" {
		return settings
	}
	return nil
}

// recoveryMechanisms gives the names in the order of their priority.
func recoveryMechanisms(options []types.RecoveryOptionType) any {
	options = slices.Clone(options)
	slices.SortFunc(options, func(a, b types.RecoveryOptionType) int {
		return cmp.Or(cmp.Compare(aws.ToInt32(a.Priority), aws.ToInt32(b.Priority)), cmp.Compare(a.Name, b.Name))
	})
	var names []types.RecoveryOptionNameType
	for _, o := range options {
		names = append(names, o.Name)
	}
	return jsonText(names)
}

var userPoolSchema = dataflow.Schema{Columns: columns(userPoolFields), Key: []string{"id"}, Version: columnUpdatedAt}

// scanUserPool gives the pool's one row.
func scanUserPool(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	mfa, err := p.mfaConfig(ctx)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	return dataflow.ScanReport{}, to.Put(rowOf(project(userPoolFields, schema), poolSettings{pool, mfa}))
}

func (p *Pool) mfaConfig(ctx context.Context) (*cip.GetUserPoolMfaConfigOutput, error) {
	return call(ctx, p, getUserPoolMfaConfig, &cip.GetUserPoolMfaConfigInput{UserPoolId: &p.target.poolID}, p.client.GetUserPoolMfaConfig)
}

func probeMFAConfig(ctx context.Context, p *Pool) error {
	_, err := p.mfaConfig(ctx)
	return err
}
