package reportpage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"slices"
	"strings"
	"sync"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// page is the page around its data. Everything that is shown is data, which the script puts into the page as text alone; the policy lets nothing run but
// this script, and nothing be loaded (https://www.w3.org/TR/CSP3/).
var page = template.Must(template.New("page").Parse(strings.NewReplacer("/* page.css */", pageCSS, "/* page.js */", pageJS).Replace(pageHTML)))

// What stands in the page for the hashes of its style and its script.
const (
	styleHash  = "STYLE-HASH"
	scriptHash = "SCRIPT-HASH"
)

// hashes are those of the style and the script as they are in the page: html/template takes their comments out.
var hashes = sync.OnceValue(func() *strings.Replacer {
	var out bytes.Buffer
	if err := page.Execute(&out, json.RawMessage("null")); err != nil {
		panic(err) // the page's parts are in the program
	}
	hash := func(begins, ends string) string {
		_, after, _ := strings.Cut(out.String(), begins)
		text, _, _ := strings.Cut(after, ends)
		sum := sha256.Sum256([]byte(text))
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	return strings.NewReplacer(styleHash, hash("<style>", "</style>"), scriptHash, hash("<script>", "</script>"))
})

// content is the page's data.
type content struct {
	Entries []Entry `json:"dataflows"` // in the order of their names
}

// levels are how much a page tells of each dataflow: less where there are many, so that it stays small enough to open.
var levels = []struct{ dataflows, runs, points int }{{250, maxRuns, maxPoints}, {2_500, 10, 60}, {1 << 30, 3, 20}}

func (c content) bounded() content {
	bounded := content{Entries: slices.Clone(c.Entries)}
	for _, level := range levels {
		if len(c.Entries) <= level.dataflows {
			for i := range bounded.Entries {
				bounded.Entries[i] = bounded.Entries[i].bounded(level.runs, level.points)
			}
			break
		}
	}
	return bounded
}

// render makes the page.
func render(c content) ([]byte, error) {
	data, err := json.Marshal(c.bounded()) // with <, > and & escaped
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := page.Execute(&out, json.RawMessage(data)); err != nil {
		return nil, err
	}
	head, rest, _ := bytes.Cut(out.Bytes(), []byte("<title>")) // the policy is before it, and whatever people wrote after it
	return append([]byte(hashes().Replace(string(head))+"<title>"), rest...), nil
}

const (
	dataBegins = `<script type="application/json" id="data">`
	dataEnds   = `</script>`
)

var errNoPage = errors.New("it is not a page of this version")

// parse is render backwards.
func parse(page []byte) (content, error) {
	_, after, found := bytes.Cut(page, []byte(dataBegins))
	data, _, closed := bytes.Cut(after, []byte(dataEnds))
	var c content
	if !found || !closed {
		return c, errNoPage
	}
	err := json.Unmarshal(data, &c)
	return c, err
}
