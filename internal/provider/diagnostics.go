package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// blame says which attribute an error of this code is about. A code that is not in it is about the object as a whole.
type blame map[dataflow.Code]path.Path

// report adds err as an error at the attribute that it is about.
func report(diags *diag.Diagnostics, summary string, err error, attributes blame) {
	if reportColumn(diags, summary, err) {
		return
	}
	detail := dataflow.Sentence(err)
	if at, ok := attributes[dataflow.CodeOf(err)]; ok {
		diags.AddAttributeError(at, summary, detail)
		return
	}
	diags.AddError(summary, detail)
}
