package provider

import (
	"context"
	"iter"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/ledger"
)

// stream gives what is listed to Terraform, until it has enough: what comes after that is not read. show says what of a thing
// Terraform gets, or that it is not asked for.
func stream[T any](ctx context.Context, req list.ListRequest, things iter.Seq2[T, error], show func(T, *list.ListResult) (asked bool)) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		var pushed int64
		for thing, err := range things {
			result := req.NewListResult(ctx)
			if err != nil {
				report(&result.Diagnostics, "The workspace can't be listed", err, nil)
				push(result)
				return
			}
			if !show(thing, &result) {
				continue
			}
			if pushed++; !push(result) || pushed == req.Limit {
				return
			}
		}
	}
}

// openList gives what a listing reads, and the rule that its filter name_regex makes for names; null lets every name pass.
func (o *configured) openList(ctx context.Context, nameRegex types.String, diags *diag.Diagnostics) (*ledger.Ledger, *regexp.Regexp) {
	rule, err := regexp.Compile(nameRegex.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("name_regex"), "Invalid value", err.Error())
	}
	if o.services.unknown {
		diags.AddError("The provider's configuration is not known yet", o.services.sayUnknown()+"List again after that apply.")
		return nil, nil
	}
	l, err := o.services.ledger(ctx)
	if err != nil {
		report(diags, "The workspace can't be used", err, nil)
	}
	return l, rule
}

// nameRegexAttribute is the filter that every list resource has.
func nameRegexAttribute(what string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, MarkdownDescription: sayNameRegex(what), Validators: []validator.String{regularExpression()},
	}
}

func sayNameRegex(what string) string {
	return "Only " + what + " whose name this regular expression matches, anywhere in the name unless it is anchored with `^` and `$` " +
		"([RE2 syntax](https://github.com/google/re2/wiki/Syntax)). Default: all of them."
}

// equalOrNull says whether a filter lets a value pass.
func equalOrNull(filter types.String, value string) bool {
	return filter.IsNull() || filter.ValueString() == value
}

// displayName is what people call it.
func displayName(name string, display *string) string {
	if text(display) == "" {
		return name
	}
	return *display + " (" + name + ")"
}
