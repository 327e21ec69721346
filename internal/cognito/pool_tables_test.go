package cognito

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// planted is in every secret that the test pool's answers hold.
const planted = "pl4nted-s3cret"

var (
	day   = time.Date(2024, 5, 1, 10, 0, 0, 123_000_000, time.UTC)
	later = day.Add(time.Hour)
)

// furnished is a pool with something in every table, and a secret wherever AWS's answers have one.
func furnished(t *testing.T, options cognitotest.Options) (*cognitotest.PoolHandle, *Pool) {
	t.Helper()
	s := cognitotest.New(options)
	handle := s.AddPool(cognitotest.Pool{
		ID: testPoolID, Name: "Customers", MFA: "OPTIONAL", ThreatProtection: "AUDIT", CreatedAt: day, Schema: []cognitotest.Attribute{
			{Name: "sub", Type: "String", Required: true, Min: "1", Max: "2048"},
			{Name: "custom:score", Type: "Number", Mutable: true, Min: "0", Max: "1e300"},
			{Name: "custom:note", Type: "String", Mutable: true, DeveloperOnly: true},
		},
		Settings: cognitotest.Fields{
			"UsernameAttributes": []string{"email", "phone_number"}, "AliasAttributes": []string{},
			"LambdaConfig":          map[string]any{"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:check"},
			"Policies":              map[string]any{"PasswordPolicy": map[string]any{"MinimumLength": 12, "RequireSymbols": true}, "SignInPolicy": map[string]any{"AllowedFirstAuthFactors": []string{"PASSWORD", "WEB_AUTHN"}}},
			"UserPoolTags":          map[string]string{"team": "identity", "empty": "", "<&>": "as it is"},
			"SmsConfiguration":      map[string]any{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": planted + "-external-id"},
			"UsernameConfiguration": map[string]any{"CaseSensitive": false},
			"AdminCreateUserConfig": map[string]any{
				"AllowAdminCreateUserOnly": true, "UnusedAccountValidityDays": 7, "InviteMessageTemplate": map[string]any{"EmailSubject": "Welcome"},
			},
			"SmsConfigurationFailure":     "SNSSandbox",
			"VerificationMessageTemplate": map[string]any{"DefaultEmailOption": "CONFIRM_WITH_CODE"},
			"AccountRecoverySetting": map[string]any{"RecoveryMechanisms": []cognitotest.Fields{
				{"Name": "verified_phone_number", "Priority": 2}, {"Name": "verified_email", "Priority": 1},
			}},
			"EmailConfiguration": map[string]any{"EmailSendingAccount": "COGNITO_DEFAULT"},
		},
		MFAConfig: cognitotest.Fields{"SoftwareTokenMfaConfiguration": map[string]any{"Enabled": true}},
	})
	handle.SetSigningKeys(cognitotest.Fields{"kid": "one=", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "sXch", "e": "AQAB", "d": planted + "-private-exponent"})
	for i := range 61 {
		handle.AddAppClient(fmt.Sprintf("plain%02d", i), cognitotest.Fields{})
	}
	handle.AddAppClient("client1", cognitotest.Fields{
		"ClientName": "Web", "ClientSecret": planted + "-client", "CreationDate": day, "LastModifiedDate": later,
		"ExplicitAuthFlows": []string{"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, "CallbackURLs": []string{"https://b.example.com/?a=1&b=2", "https://a.example.com"},
		"LogoutURLs": []string{}, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthFlowsUserPoolClient": true, "SupportedIdentityProviders": []string{"COGNITO", "Google"},
		"AccessTokenValidity": 60, "TokenValidityUnits": map[string]any{"AccessToken": "minutes"}, "EnableTokenRevocation": true,
		"RefreshTokenRotation":   map[string]any{"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
		"AnalyticsConfiguration": map[string]any{"ApplicationId": "pinpoint", "ExternalId": planted + "-analytics", "UserDataShared": false},
	})
	handle.AddIdentityProvider("Google", cognitotest.Fields{
		"ProviderType": "Google", "CreationDate": day, "LastModifiedDate": later, "IdpIdentifiers": []string{"goog", "example.com"},
		"AttributeMapping": map[string]string{"username": "sub", "email": "email"},
		"ProviderDetails": map[string]string{
			"client_id": "1example", "client_secret": planted + "-google", "authorize_scopes": "email profile", "oidc_issuer": "https://accounts.google.com",
			"a_key_of_tomorrow": planted + "-tomorrow",
		},
	})
	handle.AddIdentityProvider("Apple", cognitotest.Fields{"ProviderType": "SignInWithApple", "CreationDate": day, "LastModifiedDate": day,
		"ProviderDetails": map[string]string{"client_id": "com.example", "key_id": "K", "team_id": "T", "private_key": planted + "-apple"}})
	handle.AddIdentityProvider("Saml", cognitotest.Fields{"ProviderType": "SAML", "CreationDate": day, "LastModifiedDate": day,
		"ProviderDetails": map[string]string{"MetadataFile": "<xml>" + planted + "</xml>", "MetadataURL": "https://user:" + planted + "@idp.example.com/metadata?token=" + planted, "ActiveEncryptionCertificate": "MIIC"}})
	for i := range 55 {
		handle.AddResourceServer(fmt.Sprintf("https://api%02d.example.com", i), cognitotest.Fields{"Name": "API"})
	}
	handle.AddResourceServer("https://api.example.com", cognitotest.Fields{"Name": "API", "Scopes": []cognitotest.Fields{
		{"ScopeName": "write", "ScopeDescription": "Change"}, {"ScopeName": "read", "ScopeDescription": "Look"},
	}})
	handle.AddDomain("customers", cognitotest.Fields{"S3Bucket": "bucket", "ManagedLoginVersion": 2})
	handle.AddDomain("auth.example.com", cognitotest.Fields{"CustomDomainConfig": map[string]any{"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}, "CloudFrontDistribution": "d111.cloudfront.net"})
	handle.AddImportJob("import-1", cognitotest.Fields{"JobName": "first", "Status": "Succeeded", "CreationDate": day, "StartDate": later, "CompletionDate": later,
		"ImportedUsers": 7, "SkippedUsers": 1, "PreSignedUrl": "https://bucket.s3.amazonaws.com/?X-Amz-Signature=" + planted, "CompletionMessage": "done"})
	for i := range 130 {
		handle.Put(cognitotest.User{Sub: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i), Username: fmt.Sprint("user", i), Enabled: true, Status: "CONFIRMED", CreatedAt: day, UpdatedAt: day})
	}
	first := "00000000-0000-4000-8000-000000000000"
	handle.AddDevice(first, "us-east-1_phone", cognitotest.Fields{
		"DeviceCreateDate": day, "DeviceLastModifiedDate": later, "DeviceLastAuthenticatedDate": later, "DeviceAttributes": []cognitotest.Fields{
			{"Name": "device_name", "Value": "Phone"}, {"Name": "device_status", "Value": "valid"}, {"Name": "dev:device_remembered_status", "Value": "remembered"},
			{"Name": "last_ip_used", "Value": "192.0.2.1"}, {"Name": "dev:device_arn", "Value": "arn:aws:cognito-idp:us-east-1:123456789012:owner/device"},
		},
	})
	for i := range 65 {
		handle.AddDevice("00000001-0000-4000-8000-000000000000", fmt.Sprintf("us-east-1_%02d", i), cognitotest.Fields{"DeviceCreateDate": day, "DeviceLastModifiedDate": day})
		handle.AddAuthEvent("00000002-0000-4000-8000-000000000000", fmt.Sprintf("event%02d", i), cognitotest.Fields{"EventType": "SignIn", "EventResponse": "Fail", "CreationDate": day})
	}
	handle.AddAuthEvent(first, "event", cognitotest.Fields{
		"EventType": "SignIn", "EventResponse": "Pass", "CreationDate": day, "EventRisk": map[string]any{"RiskDecision": "AccountTakeover", "RiskLevel": "High", "CompromisedCredentialsDetected": false},
		"EventContextData":   map[string]any{"IpAddress": "192.0.2.1", "DeviceName": "Firefox", "City": "Ghent", "Country": "Belgium"},
		"ChallengeResponses": []cognitotest.Fields{{"ChallengeName": "Password", "ChallengeResponse": "Success"}, {"ChallengeName": "Mfa", "ChallengeResponse": "Success"}},
		"EventFeedback":      map[string]any{"FeedbackValue": "Valid", "Provider": "admin", "FeedbackDate": later},
	})
	return handle, open(t, keys(s.Start(t)))
}

// named gives the values of a row by their columns' names, without the absent ones.
func named(schema dataflow.Schema, row dataflow.Row) map[string]any {
	values := map[string]any{}
	for i, c := range schema.Columns {
		if row[i] != nil {
			values[c.Name] = row[i]
		}
	}
	return values
}

func TestScan_GivesTheRowsOfEveryTable(t *testing.T) {
	for name, options := range map[string]cognitotest.Options{
		"at peace": {},
		"short and empty pages, and three requests in ten fail": {Seed: 3, Pages: cognitotest.Pages{Short: 0.3, Empty: 0.3}, Faults: cognitotest.Faults{
			InternalError: 0.06, Unavailable: 0.06, Throttled: 0.06, Dropped: 0.06, Truncated: 0.06,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := furnished(t, options)
			givesTheRowsOfEveryTable(t, p)
		})
	}
}

func givesTheRowsOfEveryTable(t *testing.T, p *Pool) {
	t.Helper()
	sub := "00000000-0000-4000-8000-000000000000"
	for key, want := range map[string]struct {
		rows int
		key  string
		row  map[string]any
	}{
		"user_pool": {1, testPoolID, map[string]any{
			"id": testPoolID, "name": "Customers", "arn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example1", "tier": "ESSENTIALS",
			"deletion_protection": "ACTIVE", "created_at": day, "updated_at": later, "domain": "customers", "custom_domain": "auth.example.com",
			"username_attributes": `["email","phone_number"]`, "alias_attributes": `[]`, "username_case_sensitive": false, "admin_create_user_only": true,
			"recovery_mechanisms": `["verified_email","verified_phone_number"]`,
			"password_policy":     `{"MinimumLength":12,"RequireLowercase":false,"RequireNumbers":false,"RequireSymbols":true,"RequireUppercase":false,"TemporaryPasswordValidityDays":0}`,
			"first_auth_factors":  `["PASSWORD","WEB_AUTHN"]`, "mfa": "OPTIONAL", "software_token_mfa_enabled": true, "sms_mfa_enabled": false, "email_mfa_enabled": false,
			"threat_protection": "AUDIT", "lambda_triggers": `{"PreSignUp":"arn:aws:lambda:us-east-1:123456789012:function:check"}`,
			"email_configuration": `{"EmailSendingAccount":"COGNITO_DEFAULT"}`, "sms_caller_role_arn": "arn:aws:iam::123456789012:role/sms",
			"tags": `{"<&>":"as it is","empty":"","team":"identity"}`,
			"other_settings": `{"AdminCreateUserConfig.InviteMessageTemplate":{"EmailSubject":"Welcome"},"AdminCreateUserConfig.UnusedAccountValidityDays":7,` +
				`"SmsConfigurationFailure":"SNSSandbox","VerificationMessageTemplate":{"DefaultEmailOption":"CONFIRM_WITH_CODE"}}`,
		}},
		"user_attributes": {3, "custom:score", map[string]any{
			"name": "custom:score", "users_column": "custom:score", "data_type": "Number", "required": false, "mutable": true, "developer_only": false,
			"min_value": "0", "max_value": "1e300",
		}},
		"app_clients": {62, "client1", map[string]any{
			"client_id": "client1", "client_name": "Web", "has_secret": true, "created_at": day, "updated_at": later,
			"explicit_auth_flows": `["ALLOW_CUSTOM_AUTH","ALLOW_REFRESH_TOKEN_AUTH","ALLOW_USER_SRP_AUTH"]`, "supported_identity_providers": `["COGNITO","Google"]`,
			"oauth_enabled": true, "allowed_oauth_flows": `["code"]`, "callback_urls": `["https://a.example.com","https://b.example.com/?a=1&b=2"]`, "logout_urls": `[]`,
			"access_token_validity": int64(60), "access_token_validity_unit": "minutes", "refresh_token_validity": int64(30), "refresh_token_rotation": "ENABLED",
			"refresh_token_grace_seconds": int64(10), "token_revocation_enabled": true, "analytics_application_id": "pinpoint", "analytics_user_data_shared": false,
		}},
		"identity_providers": {3, "Google", map[string]any{
			"provider_name": "Google", "provider_type": "Google", "identifiers": `["example.com","goog"]`, "attribute_mapping": `{"email":"email","username":"sub"}`,
			"provider_details": `{"authorize_scopes":"email profile","client_id":"1example","oidc_issuer":"https://accounts.google.com"}`, "created_at": day, "updated_at": later,
		}},
		"resource_servers": {56, "https://api.example.com", map[string]any{
			"identifier": "https://api.example.com", "name": "API", "scopes": `[{"description":"Look","name":"read"},{"description":"Change","name":"write"}]`,
		}},
		"domains": {2, "auth.example.com", map[string]any{
			"domain": "auth.example.com", "custom": true, "status": "ACTIVE", "version": "20210101000000", "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
			"cloudfront_distribution": "d111.cloudfront.net", "account_id": "123456789012",
		}},
		"signing_keys": {1, "one=", map[string]any{"key_id": "one=", "key_type": "RSA", "algorithm": "RS256", "public_key_use": "sig", "modulus": "sXch", "exponent": "AQAB"}},
		"import_jobs": {1, "import-1", map[string]any{
			"job_id": "import-1", "job_name": "first", "status": "Succeeded", "completion_message": "done", "imported_users": int64(7), "skipped_users": int64(1),
			"failed_users": int64(0), "created_at": day, "started_at": later, "completed_at": later,
		}},
		"devices": {66, sub + "\x00us-east-1_phone", map[string]any{
			"sub": sub, "device_key": "us-east-1_phone", "username": "user0", "device_name": "Phone", "device_status": "valid", "remembered_status": "remembered",
			"last_ip_address": "192.0.2.1", "created_at": day, "updated_at": later, "last_authenticated_at": later,
			"other_attributes": map[string]string{"dev:device_arn": "arn:aws:cognito-idp:us-east-1:123456789012:owner/device"},
		}},
		"auth_events": {66, sub + "\x00event", map[string]any{
			"sub": sub, "event_id": "event", "username": "user0", "created_at": day, "event_type": "SignIn", "event_response": "Pass", "risk_decision": "AccountTakeover",
			"risk_level": "High", "compromised_credentials": false, "ip_address": "192.0.2.1", "device_name": "Firefox", "city": "Ghent", "country": "Belgium",
			"challenges":     `[{"ChallengeName":"Password","ChallengeResponse":"Success"},{"ChallengeName":"Mfa","ChallengeResponse":"Success"}]`,
			"feedback_value": "Valid", "feedback_provider": "admin", "feedback_at": later,
		}},
	} {
		table := described(t, p, key)
		rows, _ := scanAll(t, p, table)
		if len(rows) != want.rows {
			t.Errorf("%s has %d rows, want %d", key, len(rows), want.rows)
		}
		if rows[want.key] == nil {
			t.Errorf("%s has no row %q", key, want.key)
			continue
		}
		if diff := cmp.Diff(want.row, named(table.Schema, rows[want.key])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestScan_GivesTheSameRowsOfAnUnchangedPool(t *testing.T) {
	_, p := furnished(t, cognitotest.Options{}) // which begins each list elsewhere in every answer
	for _, info := range allTables() {
		table := described(t, p, info.Key)
		first, _ := scanAll(t, p, table)
		for range 3 {
			again, _ := scanAll(t, p, table)
			if diff := cmp.Diff(first, again); diff != "" {
				t.Fatalf("%s (-first +again):\n%s", info.Key, diff)
			}
		}
	}
}

func TestScan_GivesNoSecret(t *testing.T) {
	_, p := furnished(t, cognitotest.Options{})
	for _, info := range allTables() {
		table := described(t, p, info.Key)
		rows, _ := scanAll(t, p, table)
		if len(rows) == 0 && info.Key != "groups" && info.Key != "group_memberships" {
			t.Errorf("%s has no row: this test would see no secret there", info.Key)
		}
		text, err := json.Marshal([]any{table, rows})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), planted) {
			t.Errorf("%s holds a secret: %s", info.Key, text)
		}
	}
	for i, c := range described(t, p, "app_clients").Schema.Columns {
		if strings.Contains(c.Name, "secret") && c.Type != dataflow.Boolean {
			t.Errorf("column %d is %s", i, c.Name)
		}
	}
}

func TestScan_WhatIsDeletedMeanwhileIsLeftOut(t *testing.T) {
	var handle *cognitotest.PoolHandle
	h, p := furnished(t, cognitotest.Options{OnRequest: func(op string, n int) {
		if n != 1 {
			return
		}
		switch op {
		case "DescribeUserPoolClient":
			handle.RemoveAppClient("client1")
		case "DescribeIdentityProvider":
			handle.RemoveIdentityProvider("Saml")
		case "DescribeUserPoolDomain":
			handle.RemoveDomain("auth.example.com")
		case "AdminListDevices", "AdminListUserAuthEvents":
			for i := 100; i < 130; i++ {
				handle.Delete(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i))
			}
		}
	}})
	handle = h
	for key, want := range map[string]int{"app_clients": 61, "identity_providers": 2, "domains": 1, "devices": 66, "auth_events": 66} {
		if rows, _ := scanAll(t, p, described(t, p, key)); len(rows) != want {
			t.Errorf("%s has %d rows, want %d", key, len(rows), want)
		}
	}
}

func TestScan_APoolThatIsGoneIsNotAPoolWithoutThem(t *testing.T) {
	gone := func(int, map[string]any) answer {
		return refusal("ResourceNotFoundException", "User pool us-east-1_Example1 does not exist.")
	}
	endpoint, _ := script{
		"DescribeUserPool": gone, "DescribeUserPoolClient": gone, "DescribeIdentityProvider": gone, "AdminListDevices": gone, "AdminListUserAuthEvents": gone,
		"ListUsers": func(int, map[string]any) answer { return page(nil, "a") },
		"ListUserPoolClients": func(int, map[string]any) answer {
			return answer{200, object{"UserPoolClients": []object{{"ClientId": "a"}}}}
		},
		"ListIdentityProviders": func(int, map[string]any) answer {
			return answer{200, object{"Providers": []object{{"ProviderName": "a"}}}}
		},
	}.start(t)
	p := open(t, keys(endpoint))
	for _, key := range []string{"app_clients", "identity_providers", "devices", "auth_events"} {
		_, err := p.Scan(t.Context(), key, described(t, p, key).Schema, rowSink(func(dataflow.Row) error { return nil }))
		if !dataflow.IsCode(err, dataflow.CodeNoSource) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestScan_ARefusalDoesNotNameTheUser(t *testing.T) {
	const customer = "jane.doe'@example.com"
	endpoint, _ := script{
		"ListUsers": func(int, map[string]any) answer {
			return answer{200, object{"Users": []object{{"Username": customer, "Attributes": []object{{"Name": "sub", "Value": "s"}}}}}}
		},
		"AdminListDevices": func(int, map[string]any) answer {
			return refusal("InvalidParameterException", "1 validation error detected: Value '"+customer+"' at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: x")
		},
	}.start(t)
	p := open(t, keys(endpoint))
	_, err := p.Scan(t.Context(), "devices", described(t, p, "devices").Schema, rowSink(func(dataflow.Row) error { return nil }))
	if err == nil || strings.Contains(err.Error(), "jane") || !strings.Contains(err.Error(), "AdminListDevices: InvalidParameterException: ") {
		t.Errorf("%v", err)
	}
}

func TestPerUserCost_IsACallPerUserAtTheRateThatIsLetThrough(t *testing.T) {
	for _, c := range []struct {
		key         string
		users, rate int64
		calls       int64
		takes       time.Duration
		ok          bool
	}{
		{"devices", 1_200_000, 20, 1_200_000, 10 * time.Hour, true}, // 50/s × 20/30
		{"auth_events", 1_200_000, 30, 1_200_000, 400 * time.Minute, true},
		{"auth_events", 0, 20, 0, 0, true},
		{"users", 1_000, 20, 0, 0, false},
		{"teams", 1_000, 20, 0, 0, false},
	} {
		calls, takes, ok := PerUserCost(c.key, c.users, c.rate)
		if calls != c.calls || takes.Round(time.Second) != c.takes || ok != c.ok {
			t.Errorf("%+v: %d %v %t", c, calls, takes, ok)
		}
	}
}
