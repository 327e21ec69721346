//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// record is a line of what dump.py writes.
type record = map[string]any

// spoiler makes what a pool is said to hold differ from what it holds, in a way that a careless comparison would not see.
type spoiler struct {
	file string
	// edit changes the records, and gives the differences that there are then, each as a pattern, in the order of their text. None: there is nothing that can be changed so.
	edit func(records []record) ([]record, []string)
}

var spoilers = map[string]spoiler{
	"an empty string becomes absent": eachUser(func(_, attributes record) []string {
		for name, value := range attributes {
			if value == "" {
				delete(attributes, name)
				return []string{`\w+ is '', not None`}
			}
		}
		return nil
	}),
	"a composed accent becomes decomposed": eachUser(func(_, attributes record) []string {
		for name, value := range attributes {
			if value == "caf\u00e9" {
				attributes[name] = "cafe\u0301"
				return []string{"\\w+ is .*'caf\u00e9'.*, not .*'cafe\u0301'.*"}
			}
		}
		return nil
	}),
	"a number loses the zero that made it a text": eachUser(func(_, attributes record) []string {
		if attributes["custom:score"] != "007" {
			return nil
		}
		attributes["custom:score"] = "7"
		return []string{`custom_score is None, not Decimal\('7\.0'\)`, `other_attributes is \{.*'custom:score': '007'.*\}, not .*`}
	}),
	"a time moves by a millisecond": eachUser(func(user, _ record) []string {
		at, ok := user["updated_at"].(string)
		moved, err := time.Parse(time.RFC3339, at)
		if !ok || err != nil {
			return nil
		}
		user["updated_at"] = moved.Add(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
		return []string{`updated_at is datetime.datetime\(.*\), not datetime.datetime\(.*\)`}
	}),
	"a user is disabled": eachUser(func(user, _ record) []string {
		if user["enabled"] != true {
			return nil
		}
		user["enabled"] = false
		return []string{"enabled is True, not False"}
	}),
	"a user is not in the pool": {"users.jsonl", func(records []record) ([]record, []string) {
		return records[1:], []string{"users: row " + userKey(records[0]) + " is not in the pool, or twice in the table"}
	}},
	"a user is not in the table": {"users.jsonl", func(records []record) ([]record, []string) {
		return append(records, with(records[0], "sub", "nobody")), []string{`users: row \('nobody',\) is in the pool and not in the table`}
	}},
	"a group has another precedence": {"groups.jsonl", func(records []record) ([]record, []string) {
		records[0]["precedence"] = 4711
		return records, []string{fmt.Sprintf(`groups: row \('%s',\): precedence is .*, not 4711`, quoted(records[0]["name"]))}
	}},
	"a group is not in the pool": {"groups.jsonl", func(records []record) ([]record, []string) {
		return records[1:], []string{fmt.Sprintf(`groups: row \('%s',\) is not in the pool, or twice in the table`, quoted(records[0]["name"]))}
	}},
	"a membership is not in the pool": {"memberships.jsonl", func(records []record) ([]record, []string) {
		return records[1:], []string{"group_memberships: row " + memberKey(records[0]) + " is not in the pool, or twice in the table"}
	}},
	"a membership is not in the table": {"memberships.jsonl", func(records []record) ([]record, []string) {
		more := with(records[0], "sub", "nobody")
		return append(records, more), []string{"group_memberships: row " + memberKey(more) + " is in the pool and not in the table"}
	}},
}

// eachUser spoils the first user that it can be done to. The differences it gives are that user's.
func eachUser(spoil func(user, attributes record) []string) spoiler {
	return spoiler{"users.jsonl", func(records []record) ([]record, []string) {
		for _, user := range records {
			attributes, ok := user["attributes"].(record)
			if !ok {
				continue
			}
			if differences := spoil(user, attributes); differences != nil {
				for i := range differences {
					differences[i] = "users: row " + userKey(user) + ": " + differences[i]
				}
				return records, differences
			}
		}
		return records, nil
	}}
}

func quoted(value any) string { return regexp.QuoteMeta(fmt.Sprint(value)) }

func userKey(user record) string { return fmt.Sprintf(`\('%s',\)`, quoted(user["sub"])) }

func memberKey(member record) string {
	return fmt.Sprintf(`\('%s', '%s'\)`, quoted(member["group"]), quoted(member["sub"]))
}

// with is a record with another value.
func with(r record, name string, value any) record {
	other := record{name: value}
	for key, was := range r {
		if key != name {
			other[key] = was
		}
	}
	return other
}

// edit spoils a file, and gives the differences.
func edit(t *testing.T, path string, spoil func([]record) ([]record, []string)) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var records []record
	for line := range strings.Lines(string(text)) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	records, differences := spoil(records)
	if len(differences) == 0 {
		t.Fatal("nothing can be spoiled this way")
	}
	var lines []string
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line)+"\n")
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return differences
}
