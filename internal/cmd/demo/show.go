package main

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/reportpage"
)

// outputs is what examples/demo gives, as `terraform output -json` prints it.
type outputs struct {
	Dataflow struct {
		Value struct {
			Name          string `json:"name"`
			Type          string `json:"type"`
			Status        string `json:"status"`
			TableCount    int64  `json:"table_count"`
			CurrentRun    *int64 `json:"current_run"`
			LastRefreshAt string `json:"last_refresh_at"`
		} `json:"value"`
	} `json:"dataflow"`
	Runs struct {
		Value []struct {
			Run         int64  `json:"run"`
			Kind        string `json:"kind"`
			Status      string `json:"status"`
			Trigger     string `json:"trigger"`
			StartedAt   string `json:"started_at"`
			EndedAt     string `json:"ended_at"`
			Description string `json:"description"`
			Tables      map[string]struct {
				Added     int64 `json:"added"`
				Changed   int64 `json:"changed"`
				Removed   int64 `json:"removed"`
				Unchanged int64 `json:"unchanged"`
			} `json:"tables"`
		} `json:"value"`
	} `json:"runs"`
	TableDetails struct {
		Value map[string]struct {
			FileName     string `json:"file_name"`
			TableName    string `json:"table_name"`
			Database     string `json:"database"`
			Purpose      string `json:"purpose"`
			TotalRecords int64  `json:"total_records"`
		} `json:"value"`
	} `json:"table_details"`
	Columns struct {
		Value []struct {
			Name string `json:"name"`
		} `json:"value"`
	} `json:"columns"`
	Rows struct {
		Value []map[string]*string `json:"value"`
	} `json:"rows"`
}

// show prints what a person wants to see after a run.
func (o outputs) show() {
	d := o.Dataflow.Value
	fmt.Print("\nDataflow\n", grid([]string{"NAME", "TYPE", "STATUS", "TABLES", "CURRENT RUN", "LAST REFRESH"},
		[][]string{{d.Name, d.Type, d.Status, strconv.FormatInt(d.TableCount, 10), number(d.CurrentRun), minute(d.LastRefreshAt)}}))

	var runs [][]string
	for _, r := range o.Runs.Value {
		description := fold(r.Description, 72)
		runs = append(runs, []string{strconv.FormatInt(r.Run, 10), r.Kind, r.Status, r.Trigger, took(r.StartedAt, r.EndedAt), description[0]})
		for _, more := range description[1:] {
			runs = append(runs, []string{"", "", "", "", "", more})
		}
	}
	fmt.Print("\nRun history\n", grid([]string{"RUN", "KIND", "STATUS", "TRIGGER", "TOOK", "DESCRIPTION"}, runs))

	var tables [][]string
	for _, key := range slices.Sorted(maps.Keys(o.TableDetails.Value)) {
		t, did := o.TableDetails.Value[key], o.Runs.Value[0].Tables[key]
		tables = append(tables, []string{
			t.Database + "." + t.TableName, t.FileName, t.Purpose, dataflow.Thousands(t.TotalRecords),
			dataflow.Thousands(did.Added), dataflow.Thousands(did.Changed), dataflow.Thousands(did.Removed), dataflow.Thousands(did.Unchanged),
		})
	}
	fmt.Print("\nTables\n", grid([]string{"TABLE", "FILE NAME", "PURPOSE", "ROWS", "ADDED", "CHANGED", "REMOVED", "UNCHANGED"}, tables))

}

// showRows prints the few rows that the configuration asked for.
func (o outputs) showRows() {
	if len(o.Rows.Value) == 0 {
		return
	}
	columns := rowColumns(o.Rows.Value[0])
	var rows [][]string
	for _, row := range o.Rows.Value {
		var cells []string
		for _, column := range columns {
			cells = append(cells, cell(row[column]))
		}
		rows = append(rows, cells)
	}
	fmt.Printf("\nSome of the rows of users (%d of its %d columns; · is absent)\n%s", len(columns), len(o.Columns.Value), grid(columns, rows))
}

// holds says whether the last run did to the table users what happened in the pool.
func (o outputs) holds(want change) error {
	users := o.Runs.Value[0].Tables["users"]
	if got := (change{users.Added, users.Changed, users.Removed}); got != want {
		return fmt.Errorf("the run added, changed and removed %v users; in the pool it was %v", got, want)
	}
	return nil
}

// rowColumns puts what names a user first.
func rowColumns(row map[string]*string) []string {
	rank := func(column string) int {
		if i := slices.Index([]string{"username", "status", "email"}, column); i >= 0 {
			return i
		}
		return len(row)
	}
	return slices.SortedFunc(maps.Keys(row), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// widest is where a cell is cut: with it a line of rows fits a terminal.
const widest = 28

// cell makes a value fit a table: quoted where it holds what would break a line, and cut.
func cell(value *string) string {
	if value == nil {
		return "·"
	}
	s := *value
	if quoted := strconv.Quote(s); s == "" || quoted != `"`+s+`"` {
		s = quoted
	}
	if utf8.RuneCountInString(s) > widest {
		s = string([]rune(s)[:widest-1]) + "…"
	}
	return s
}

// grid lays cells out in columns. The last column is as long as it is.
func grid(head []string, rows [][]string) string {
	width := make([]int, len(head))
	all := append([][]string{head}, rows...)
	for _, row := range all {
		for i, s := range row {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, s := range row {
			line.WriteString("  " + s + strings.Repeat(" ", width[i]-utf8.RuneCountInString(s)))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// fold breaks a text between words into lines of at most so many letters. There is at least one.
func fold(text string, letters int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= letters:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

func number(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}

// minute cuts a timestamp to what a person compares.
func minute(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return stamp
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func took(started, ended string) string {
	from, err := time.Parse(time.RFC3339, started)
	if err != nil {
		return ""
	}
	to, err := time.Parse(time.RFC3339, ended)
	if err != nil {
		return "" // it has not ended
	}
	return fmt.Sprintf("%.1f s", to.Sub(from).Seconds())
}

// whereToLook says how to go on from here.
func whereToLook(dir string, c *cli) string {
	workspace := filepath.Join(dir, ".skypoint")
	return fmt.Sprintf(`
The tables are Apache Iceberg tables in %[1]s
Any reader of Iceberg opens them. With Python (pip install "pyiceberg[sql-sqlite,pyarrow]"):

  from pyiceberg.catalog import load_catalog
  catalog = load_catalog("skypoint", type="sql", uri="sqlite:///%[2]s")
  print(catalog.load_table("customers.users").scan().to_arrow())

The run before this one is kept, under the tag run_1:  ….scan().use_ref("run_1").to_arrow()
A page to look at:     %[6]s
What Terraform knows:  cd %[3]s && TF_CLI_CONFIG_FILE=%[4]s %[5]s output
To clean up:           make demo-clean
`, filepath.Join(workspace, "warehouse"), filepath.ToSlash(filepath.Join(workspace, "catalog.db")), dir, c.rc, asTyped(c.path), filepath.Join(workspace, filepath.FromSlash(reportpage.PagePath)))
}

// asTyped gives a program as a person calls it: by its name, when that is what PATH leads to.
func asTyped(program string) string {
	name := filepath.Base(program)
	if found, err := exec.LookPath(name); err == nil && found == program {
		return name
	}
	return program
}
