package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/lakehouse"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

// stringRule is a validator made of a rule. The rule sees known values only.
type stringRule struct {
	description string
	check       func(string) error
}

var _ validator.String = stringRule{}

func (r stringRule) Description(context.Context) string         { return r.description }
func (r stringRule) MarkdownDescription(context.Context) string { return r.description }

func (r stringRule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := r.check(req.ConfigValue.ValueString()); err != nil {
		detail := err.Error() + "."
		if len(req.Path.Steps()) > 1 { // older CLIs show where the resource begins, not the line of what is nested in it
			detail = fmt.Sprintf("Attribute %s: %s", req.Path, detail)
		}
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", detail)
	}
}

// duration checks a Go duration of at least the given length.
func duration(atLeast time.Duration) validator.String {
	return stringRule{
		description: fmt.Sprintf("a duration such as \"30m\" or \"24h\", at least %s", atLeast),
		check: func(text string) error {
			d, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("%q is not a duration: write a number and a unit, such as \"30m\" or \"24h\" (units: s, m, h)", text)
			}
			if d < atLeast {
				return fmt.Errorf("%q is too short: the shortest is %q", text, atLeast.String())
			}
			return nil
		},
	}
}

// unspaced refuses the line break that comes along when a key is read from a file: AWS would only say that the signature
// is wrong, or that a header is. The error never repeats the text, which may be a secret.
func unspaced() validator.String {
	return stringRule{
		description: "no white space or control characters",
		check: func(text string) error {
			if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
				return errors.New("it must have no white space or control characters: trimspace() takes away the line break at the end of a file")
			}
			return nil
		},
	}
}

// httpURL checks an address that requests can be sent to.
func httpURL() validator.String {
	return stringRule{
		description: "an http or https URL",
		check: func(text string) error {
			u, err := url.Parse(text)
			if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
				return fmt.Errorf("%q is not an http or https URL, such as \"https://vpce-1a2b.cognito-idp.us-east-1.vpce.amazonaws.com\"", redacted(text))
			}
			if u.User != nil {
				return fmt.Errorf("an endpoint takes no user and password: sign in with access_key_id, profile or assume_role")
			}
			return nil
		},
	}
}

// regularExpression checks a pattern that names are held against.
func regularExpression() validator.String {
	return stringRule{
		description: "a regular expression (RE2 syntax)",
		check: func(text string) error {
			_, err := regexp.Compile(text)
			return err
		},
	}
}

// localFolder checks a place on this machine.
func localFolder(what string) stringRule {
	return stringRule{
		description: "a path",
		check: func(text string) error {
			if text == "" {
				return fmt.Errorf("the %s can't be empty: leave it out for the default", what)
			}
			if scheme, _, found := strings.Cut(text, "://"); found {
				return fmt.Errorf("a %s at %s:// is not supported: give the path of a folder", what, scheme)
			}
			return nil
		},
	}
}

// workspacePlace checks the place of a workspace, as the ledger will.
func workspacePlace() stringRule {
	return stringRule{
		description: "a path, or the URL of a bucket",
		check: func(text string) error {
			if ledger.IsBucket(text) {
				return sentence(ledger.CheckBucketURL(text))
			}
			return localFolder("workspace").check(text)
		},
	}
}

// warehousePlace checks the place of tables in a bucket. A folder's path is checked once it is absolute.
func warehousePlace() stringRule {
	return stringRule{
		description: "a path, or s3://BUCKET/PREFIX",
		check: func(text string) error {
			if ledger.IsBucket(text) {
				return sentence(lakehouse.CheckWarehouse(text))
			}
			return localFolder("warehouse").check(text)
		},
	}
}

// secretsKeyURL checks a key's form, as the ledger will, without ever repeating it.
func secretsKeyURL() stringRule {
	return stringRule{
		description: "the URL of a key",
		check:       func(text string) error { return sentence(ledger.CheckSecretsKeyURL(text)) },
	}
}

// sentence gives an error of the parts below as a person reads it, without the full stop that the rules' callers set.
func sentence(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimSuffix(dataflow.Sentence(err), "."))
}

// redacted cuts what may be a password out of a URL that is shown.
func redacted(text string) string {
	if _, after, found := strings.Cut(text, "@"); found {
		return "…@" + after
	}
	return text
}
