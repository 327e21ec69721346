package lakehouse

import (
	"fmt"
	"regexp"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// propertyComment is what Spark and Trino show of a table. A hidden table has no current snapshot, so a reader finds it empty: its comment says why.
const propertyComment = "comment"

var hiddenNote = regexp.MustCompile(`^Hidden by run \d+: it looks empty, and the rows of its kept runs are at their tags\. ?`)

// commentHidden gives the comment of a table that a run has hidden.
func commentHidden(properties iceberg.Properties, run int64) string {
	note := fmt.Sprintf("Hidden by run %d: it looks empty, and the rows of its kept runs are at their tags.", run)
	if comment := commentShown(properties); comment != "" {
		note += " " + comment
	}
	return note
}

// unhide takes the marks of a hidden table away.
func unhide(properties iceberg.Properties) []table.Update {
	if _, hidden := properties[propertyHidden]; !hidden {
		return nil
	}
	gone := []string{propertyHidden}
	comment := commentShown(properties)
	if comment == "" {
		return []table.Update{table.NewRemovePropertiesUpdate(append(gone, propertyComment))}
	}
	return []table.Update{table.NewRemovePropertiesUpdate(gone), table.NewSetPropertiesUpdate(iceberg.Properties{propertyComment: comment})}
}

// commentShown gives the comment of a table that is not hidden.
func commentShown(properties iceberg.Properties) string {
	return hiddenNote.ReplaceAllString(properties[propertyComment], "")
}
