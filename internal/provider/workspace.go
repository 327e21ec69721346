package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// workspaceMark is what the private state of every resource knows of the workspace that has its record. Without it, a workspace that is
// missing on this machine, or another one, would look as if everything had been deleted: a plan would create it all anew, and a
// destroy would end well and leave the data where it is.
type workspaceMark struct {
	ID       string `json:"id"`
	Location string `json:"location"` // where it was when the state was last read
}

// markWorkspace leaves the mark of the workspace in a resource's private state.
func (s *services) markWorkspace(ctx context.Context, private privateWriter) diag.Diagnostics {
	var diags diag.Diagnostics
	l, err := s.ledger(ctx)
	var mark workspaceMark
	if err == nil {
		mark.Location = s.workspace
		mark.ID, err = l.ID(ctx, false)
	}
	if err != nil {
		report(&diags, "The workspace can't be used", err, nil)
		return diags
	}
	raw, err := json.Marshal(mark)
	if err != nil {
		panic(err) // two strings always marshal
	}
	return private.SetKey(ctx, privateWorkspace, raw)
}

// checkWorkspace says whether the workspace is the one that a resource's state is about; if not, that is an error that says which it is.
// A resource that is being imported has no mark, and passes.
func (s *services) checkWorkspace(ctx context.Context, private privateReader, object string, diags *diag.Diagnostics) bool {
	raw, more := private.GetKey(ctx, privateWorkspace)
	diags.Append(more...)
	uid, more := privateText(ctx, private, privateUID)
	diags.Append(more...)
	if diags.HasError() || len(raw) == 0 && uid == "" {
		return !diags.HasError()
	}
	var mark workspaceMark // stays empty in a state of before there were marks
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &mark); err != nil {
			diags.AddError("Unreadable private state", "The key "+privateWorkspace+" is not what it must be: "+err.Error())
			return false
		}
	}
	l, err := s.ledger(ctx)
	id := ""
	if err == nil {
		id, err = l.ID(ctx, false)
	}
	there := fmt.Sprintf("and %s is workspace %s", s.workspace, id)
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		there, err = fmt.Sprintf("and at %s there is none", s.workspace), nil
	}
	if err != nil {
		report(diags, "The workspace can't be used", err, nil)
		return false
	}
	if id != "" && (mark.ID == "" || mark.ID == id) {
		return true
	}
	known := "a workspace that the state does not name"
	if mark.ID != "" {
		known = fmt.Sprintf("workspace %s, which was at %s", mark.ID, mark.Location)
	}
	diags.AddError("Workspace is not the one of this state", fmt.Sprintf(`%s is in %s, %s. Nothing was changed.

Set workspace in provider "skypoint" (or the environment variable %s) to where it is now, or put it back from a copy. A folder must outlive the machine that applies: a CI runner that begins empty has none.

If it is lost for good, take its objects out of the state and apply again, which imports everything anew without its history:

  terraform state rm ADDRESS`, object, known, there, workspaceEnv))
	return false
}
