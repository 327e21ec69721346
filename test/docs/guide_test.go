//go:build docs

package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// A guide is read block by block, in the page's order:
//
//   - a block whose first line is "# NAME" with a file's name is that file; of a workflow the commands are run;
//   - a sh block is run by bash, which ends at the first command that fails;
//   - a text block after a sh block is what that prints: its lines are found in the output in their order, white space aside, where "…" stands for anything;
//   - <!-- pool: changed=3 added=2 removed=1 --> changes the pool, as users do meanwhile.
//
// Any other block is for the eye.
type block struct {
	kind string // "file", "sh", "text", "pool"
	name string // of a file
	text string
	line int
}

var (
	fileName   = regexp.MustCompile(`^(?:#|//) ([\w./-]+\.\w+)\n`)
	poolChange = regexp.MustCompile(`^<!-- pool: (.*) -->$`)
)

// blocksOf gives the blocks of a page.
func blocksOf(page string) []block {
	var blocks []block
	var open *block
	language := ""
	for n, line := range strings.Split(page, "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			language = strings.TrimPrefix(line, "```")
			open = &block{kind: language, line: n + 1}
		case open != nil && line == "```":
			if name := fileName.FindStringSubmatch(open.text); name != nil && language != "sh" && language != "text" {
				open.kind, open.name = "file", name[1]
			}
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		default:
			if change := poolChange.FindStringSubmatch(line); change != nil {
				blocks = append(blocks, block{kind: "pool", text: change[1], line: n + 1})
			}
		}
	}
	return blocks
}

func TestGuides_DoWhatTheySay(t *testing.T) {
	pages, err := filepath.Glob("../../docs/guides/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	for _, page := range pages {
		if filepath.Base(page) == "errors.md" {
			continue // it is a table, which is held against the code (internal/cmd/errortable)
		}
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			s := newShell(t)
			if strings.Contains(string(text), "SKYPOINT_WORKSPACE='s3://") {
				s.joinTeam()
			}
			if strings.Contains(string(text), "TF_VAR_catalog_uri='http://") {
				s.openCatalog()
			}
			if strings.Contains(string(text), "import duckdb") {
				s.installExtensions()
			}
			printed, commands := "", 0
			for _, b := range blocksOf(string(text)) {
				switch b.kind {
				case "file":
					s.write(b.name, b.text)
					if strings.HasPrefix(b.name, ".github/workflows/") {
						s.works(b.name)
					}
				case "pool":
					s.change(b.text)
				case "sh":
					var ok bool
					commands++
					if printed, ok = s.run(b.text); !ok {
						t.Fatalf("line %d:\n%s\n%s", b.line, b.text, printed)
					}
				case "text":
					if missing := missingLine(printed, b.text); missing != "" {
						t.Errorf("line %d: the page says that this is printed, in this order:\n%s\nNot found: %s\nPrinted:\n%s", b.line, b.text, missing, printed)
					}
				}
			}
			if commands == 0 {
				t.Error("the guide has no command")
			}
		})
	}
}

// missingLine gives the first line of what is expected that the output does not have after the lines before it; empty: it has them all.
func missingLine(output, expected string) string {
	rest := spaced(output)
	for line := range strings.Lines(expected) {
		line = spaced(line)
		if line == "" {
			continue
		}
		var parts []string
		for part := range strings.SplitSeq(line, "…") {
			parts = append(parts, regexp.QuoteMeta(part))
		}
		found := regexp.MustCompile(strings.Join(parts, ".*?")).FindStringIndex(rest)
		if found == nil {
			return line
		}
		rest = rest[found[1]:]
	}
	return ""
}

// spaced makes every run of white space, and of the frames that a CLI draws, one space.
func spaced(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(text)), " ")
}

func TestMissingLine_HoldsTheOutputToItsOrder(t *testing.T) {
	output := "one   two\n│ three\nfour"
	for expected, want := range map[string]string{
		"one two\nfour": "", "two three": "", "o…three\nfour": "", "four\none two": "one two", "five": "five", "\n": "",
	} {
		if got := missingLine(output, expected); got != want {
			t.Errorf("%q: %q, want %q", expected, got, want)
		}
	}
}

// change lets the pool move on, by "changed=3 added=2 removed=1".
func (s *shell) change(what string) {
	s.t.Helper()
	var e cognitotest.Evolution
	for field := range strings.FieldsSeq(what) {
		name, value, _ := strings.Cut(field, "=")
		var n int
		if _, err := fmt.Sscan(value, &n); err != nil {
			s.t.Fatalf("pool: %s: %v", field, err)
		}
		switch name {
		case "changed":
			e.Changed = n
		case "added":
			e.Added = n
		case "removed":
			e.Removed = n
		default:
			s.t.Fatalf("pool: there is no %q", name)
		}
	}
	if _, err := s.pool.Evolve(e); err != nil {
		s.t.Fatal(err)
	}
}
