package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// reportExists says that a create met an object of its name, and what to do: the create changed nothing.
//
// A state that was lost, a second CLI workspace and `terraform test` all look like this from here, and only the first may go on
// with what is there: so the person decides. Lines that begin with a space are printed as they are, for copying.
func reportExists(diags *diag.Diagnostics, summary string, err error, resourceType, name string) {
	diags.AddAttributeError(path.Root("name"), summary, fmt.Sprintf(`%s A create takes over nothing that is complete, and has changed nothing.

If it is yours, and the state that had it is lost or was never written, import it and apply again:

  terraform import %[2]s.ADDRESS %[3]s

or, as a block in the configuration:

  import {
    to = %[2]s.ADDRESS
    id = "%[3]s"
  }

If another state has it, give this one a workspace of its own:
- a second CLI workspace: workspace = ".skypoint/${terraform.workspace}" in provider "skypoint";
- terraform test: a provider "skypoint" block in the test file, with another workspace.`, dataflow.Sentence(err), resourceType, name))
}
