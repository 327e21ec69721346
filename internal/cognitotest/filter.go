package cognitotest

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// filter is a Filter of ListUsers: one attribute, equal to a value or beginning with it. Without a name it lets everybody pass.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html#CognitoUserPools-ListUsers-request-Filter
type filter struct {
	name   string
	prefix bool
	value  string
}

const maxFilter = 256 // characters

var (
	filterRule    = regexp.MustCompile(`(?s)^\s*([^\s"=^]+)\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$`)
	filterEscapes = regexp.MustCompile(`(?s)\\(.)`)
	filterNames   = map[string]bool{
		"username": true, "email": true, "phone_number": true, "name": true, "given_name": true, "family_name": true,
		"preferred_username": true, "cognito:user_status": true, "status": true, "sub": true,
	}
)

func parseFilter(text string) (filter, error) {
	if n := utf8.RuneCountInString(text); n > maxFilter {
		return filter{}, violated(text, "filter", "Member must have length less than or equal to 256")
	}
	if text == "" {
		return filter{}, nil
	}
	parts := filterRule.FindStringSubmatch(text)
	if parts == nil {
		return filter{}, invalid("Error while parsing filter.")
	}
	f := filter{name: parts[1], prefix: parts[2] == "^=", value: filterEscapes.ReplaceAllString(parts[3], "$1")}
	if !filterNames[f.name] {
		return filter{}, invalid("Invalid search attribute: " + f.name)
	}
	return f, nil
}

// FilterMatches says whether a Filter of ListUsers lets a user pass. It fails as Cognito does.
func FilterMatches(text string, u User) (bool, error) {
	f, err := parseFilter(text)
	return err == nil && f.matches(u), err
}

func (f filter) matches(u User) bool {
	switch f.name {
	case "":
		return true
	case "username":
		return f.match(u.Username)
	case "sub":
		return f.match(u.Sub)
	case "status": // the console calls it Enabled
		if u.Enabled {
			return f.match("Enabled")
		}
		return f.match("Disabled")
	case "cognito:user_status": // the only one without regard to case
		folded := filter{name: f.name, prefix: f.prefix, value: strings.ToUpper(f.value)}
		return folded.match(u.Status)
	}
	value, ok := u.Attribute(f.name)
	return ok && f.match(value)
}

func (f filter) match(value string) bool {
	if f.prefix {
		return strings.HasPrefix(value, f.value)
	}
	return value == f.value
}
