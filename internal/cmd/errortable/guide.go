package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// meanings says what each code stands for. A code that the project has and this has not fails the guide.
var meanings = map[string]string{ //nolint:gosec // no credentials: sentences about them
	"access_denied":   "AWS knows the key and refuses the operation.",
	"abandoned":       "Another process took this one for dead and decided its run.",
	"busy":            "Somebody else runs the dataflow.",
	"catalog":         "The database of the catalog can't be reached or does not let this user in, or the dataflow's tables are in another catalog.",
	"corrupt":         "A record or a table is not what it must be.",
	"exists":          "The name is taken by something that was completed.",
	"files_gone":      "Files that a table needs were deleted or cut off.",
	"foreign":         "A database or table belongs to another dataflow.",
	"guard":           "What the source gave looks wrong, and nothing was published.",
	"in_use":          "Something else needs the object.",
	"internal":        "What failed below, as it says it.",
	"invalid":         "An argument, or what it leads to, can't be right.",
	"newer_format":    "A newer version of the provider wrote this.",
	"no_connector":    "There is no such connector.",
	"no_source":       "There is no such user pool.",
	"not_found":       "There is no such object.",
	"pinned":          "pinned_run holds the dataflow at a run.",
	"plan":            "The configuration or the plan was refused, before anything was done.",
	"workspace":       "The workspace can't be used by this user, or can't be one.",
	"secrets_key":     "The key that opens the connector's secret is missing or another one.",
	"unauthenticated": "AWS does not know the key, or it has expired.",
	"unreachable":     "Nothing answers at the endpoint, or not as Cognito does.",
}

// otherwise says what to do about an error that does not say it, by its code. A code of such an error that has nothing here fails the guide.
var otherwise = map[string]string{
	"abandoned": "Apply again.",
	"corrupt":   "Something else changed the records or the catalog: restore the workspace from a copy.",
	"exists":    "Import it with the command that the error prints, or choose another name; give a test or a second CLI workspace a workspace of its own.",
	"foreign":   "Give the dataflow another database.",
	"internal":  "Put right what the text names (a disk, the network, who may write) and apply again. Where it names nothing that you can change, report it: it is a fault of the provider.",
	"invalid":   "Change what the text names. Where it names nothing that you wrote, report it: it is a fault of the provider.",
	"not_found": "Make it, or name one that is there. What was removed behind Terraform's back the next apply makes anew.",
}

const head = `---
page_title: "Errors"
description: |-
  Every error of the provider: when it comes, and what to do.
---

# Errors

Every error of the provider, by its kind: when it comes, and what to do. An "…" stands for what differs from one to the next: a name, a number, what AWS or
another library said. This page is written from the code, so none is missing. What to do about the common ones at more length is in
[troubleshooting](troubleshooting.md).

An argument that breaks its own rule is refused with that rule, which the argument's page has: change the argument.

A run that fails has the whole text in ` + "`description`" + ` of the run history.
`

// guide gives the page for the packages below a folder.
func guide(root string) (string, error) {
	found, err := scan(root)
	if err != nil {
		return "", err
	}
	byCode := map[string][]entry{}
	for _, e := range found {
		byCode[e.code] = append(byCode[e.code], e)
	}
	var page strings.Builder
	page.WriteString(head)
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		meaning, known := meanings[code]
		if !known {
			return "", fmt.Errorf("code %q has no meaning here", code)
		}
		entries := joined(byCode[code])
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.when, b.when), cmp.Compare(a.hint, b.hint)) })
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n| When | What to do |\n|---|---|\n", code, meaning)
		for _, e := range slices.Compact(entries) {
			if e.hint == "" {
				e.hint = otherwise[code]
			}
			if e.hint == "" {
				return "", fmt.Errorf("nothing says what to do about %q of code %q", e.when, code)
			}
			fmt.Fprintf(&page, "| %s | %s |\n", cell(e.when), cell(e.hint))
		}
	}
	return page.String(), nil
}

// joined makes one entry of those that differ only in what was being done: "read: …" and "list: …" are "list, read: …".
func joined(entries []entry) []entry {
	ops := map[string][]string{} // by what to do
	var all []entry
	for _, e := range entries {
		if op, found := strings.CutSuffix(e.when, ": "+differs); found && !strings.Contains(op, differs) {
			ops[e.hint] = append(ops[e.hint], op)
		} else {
			all = append(all, e)
		}
	}
	for hint, doing := range ops {
		slices.Sort(doing)
		all = append(all, entry{entries[0].code, strings.Join(slices.Compact(doing), ", ") + ": " + differs, hint})
	}
	return all
}

// cell makes a text one of a Markdown table.
func cell(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "{", "&#123;", "}", "&#125;", "*", `\*`, "_", `\_`).Replace(s)
}
