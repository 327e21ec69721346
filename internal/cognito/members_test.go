package cognito

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// withoutColumn are the members of AWS's answers that no table has, and why.
var withoutColumn = map[string]string{
	"UserType.MFAOptions":                                  "Cognito fills it no more",
	"UserPoolType.EstimatedNumberOfUsers":                  "it changes with every sign-up; the users table has the real number",
	"UserPoolType.Status":                                  "AWS gives it no more",
	"UserPoolType.SchemaAttributes":                        "they are the user_attributes table",
	"UserPoolType.SmsConfiguration.ExternalId":             "what it is for is to be known to few",
	"UserPoolClientType.AnalyticsConfiguration.ExternalId": "what it is for is to be known to few",
	"UserImportJobType.PreSignedUrl":                       "whoever has it may upload users",
	"GroupType.UserPoolId":                                 "it is the pool's, the same in every row",
	"UserPoolClientType.UserPoolId":                        "it is the pool's, the same in every row",
	"IdentityProviderType.UserPoolId":                      "it is the pool's, the same in every row",
	"ResourceServerType.UserPoolId":                        "it is the pool's, the same in every row",
	"DomainDescriptionType.UserPoolId":                     "it is the pool's, the same in every row",
	"UserImportJobType.UserPoolId":                         "it is the pool's, the same in every row",
}

// Every member of what AWS answers is in a column, or has a reason why not. A new version of the SDK that has a new member fails here.
func TestTables_HaveEveryMemberOfAWSsAnswers(t *testing.T) {
	answers := []struct {
		answer  any
		columns []dataflow.Column
	}{
		{types.UserType{}, schemaOfUsers(nil).Columns},
		{types.GroupType{}, columns(groupFields)},
		{types.UserPoolType{}, append(columns(userPoolFields), others(otherPoolMembers)...)},
		{cip.GetUserPoolMfaConfigOutput{}, columns(userPoolFields)},
		{types.SchemaAttributeType{}, columns(attributeFields)},
		{types.UserPoolClientType{}, columns(appClientFields)},
		{types.IdentityProviderType{}, columns(identityProviderFields)},
		{types.ResourceServerType{}, columns(resourceServerFields)},
		{types.DomainDescriptionType{}, columns(domainFields)},
		{types.UserImportJobType{}, columns(importJobFields)},
		{types.DeviceType{}, columns(deviceFields)},
		{types.AuthEventType{}, columns(authEventFields)},
	}
	var missing []string
	left := map[string]bool{}
	for member := range withoutColumn {
		left[member] = true
	}
	for _, a := range answers {
		answer := reflect.TypeOf(a.answer)
		var sources []string
		for _, c := range a.columns {
			sources = append(sources, c.Source)
		}
		for _, member := range uncovered(answer, "", sources) {
			name := answer.Name() + "." + member
			if _, known := withoutColumn[name]; !known {
				missing = append(missing, name)
			}
			delete(left, name)
		}
	}
	if len(missing) > 0 {
		t.Errorf("members without a column:\n%s", strings.Join(missing, "\n"))
	}
	if len(left) > 0 {
		t.Errorf("these have a column, or are no more: %v", left)
	}
}

// uncovered lists the members of a structure that are in no column, by their paths. A column may hold a structure whole, or a part of it.
func uncovered(of reflect.Type, path string, sources []string) []string {
	var all []string
	for member := range of.Fields() {
		if !member.IsExported() || member.Name == "ResultMetadata" {
			continue
		}
		at := path + member.Name
		if slices.Contains(sources, at) {
			continue
		}
		inner := member.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && slices.ContainsFunc(sources, func(s string) bool { return strings.HasPrefix(s, at+".") }) {
			all = append(all, uncovered(inner, at+".", sources)...)
			continue
		}
		all = append(all, at)
	}
	return all
}

// others gives the members that one column has together, as if each had one.
func others(members map[string]func(*types.UserPoolType) any) []dataflow.Column {
	var all []dataflow.Column
	for member := range members {
		all = append(all, dataflow.Column{Source: member})
	}
	return all
}
