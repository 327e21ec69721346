package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const interrupted = "interrupted: the process that ran it ended before the run had decided. Nothing was published."

// A run that died between its decision and its end: some of its tables may be published already.
const interruptedPublish = "interrupted: the process that ran it ended while it published. The next apply brings it to its end."

// describe says what a completed run did, from where the run before had left the dataflow. letGo are the runs that it lets go.
func describe(run dataflow.Run, before dataflow.Standing, letGo []int64) string {
	verb := map[dataflow.Kind]string{
		dataflow.KindImport: "Imported", dataflow.KindRemoval: "Removed",
	}[run.Kind]
	var done, takenOut, notes []string
	for _, t := range run.Tables {
		if run.Kind == dataflow.KindImport && (t.Change == dataflow.ChangeHide || t.Change == dataflow.ChangeDrop) && !t.Gone {
			takenOut = append(takenOut, describeTable(run.Kind, t))
		} else {
			done = append(done, describeTable(run.Kind, t))
		}
		if t.Replaced != nil {
			became := "was replaced"
			if t.After != nil && *t.After == *t.Replaced {
				became = "has the rows of the source, and stays"
			}
			notes = append(notes, fmt.Sprintf("Somebody else had written to table %s: its snapshot %d %s.", t.TableID, *t.Replaced, became))
		}
	}
	if len(takenOut) > 0 {
		notes = append([]string{"Taken out: " + strings.Join(takenOut, "; ") + "."}, notes...)
	}
	notes = append(notes, describePolicies(run, before, letGo)...)
	for _, id := range run.Discarded {
		notes = append(notes, fmt.Sprintf("Table %s could not be read any more, because files of it were gone: what was left of it was removed, with its earlier runs.", id))
	}
	if run.Kind == dataflow.KindRollback {
		verb = fmt.Sprintf("Rolled back to run %d", *run.Target)
		if before.CurrentRun != nil && *run.Target > *before.CurrentRun {
			verb = fmt.Sprintf("Went forward to run %d", *run.Target)
		}
		return strings.Join(append([]string{verb + ": " + strings.Join(done, "; ") + "."}, notes...), " ")
	}
	if len(done) == 0 {
		return strings.Join(append([]string{verb + " no table."}, notes...), " ")
	}
	sentence := fmt.Sprintf("%s %s: %s.", verb, dataflow.Count(int64(len(done)), "table"), strings.Join(done, "; "))
	return strings.Join(append([]string{sentence}, notes...), " ")
}

// describeFailed says why a run was abandoned, and what of it is not lost.
func describeFailed(decision dataflow.Decision, within string) string {
	sentences := []string{decision.Reason}
	for _, k := range decision.Resumable {
		sentences = append(sentences, fmt.Sprintf("%s of table %s (%s) stay on this machine for %s: the next import goes on from there.",
			dataflow.Count(k.Parts, "part"), k.Key, dataflow.Count(k.Rows, "row"), within))
	}
	return strings.Join(sentences, " ")
}

func describeTable(kind dataflow.Kind, t dataflow.TableResult) string {
	c := t.Counts
	if t.Gone {
		return t.Name + " not published: somebody dropped it meanwhile"
	}
	if kind == dataflow.KindRollback && t.Change == dataflow.ChangePublish {
		return fmt.Sprintf("%s %s → %s rows", t.Name, dataflow.Thousands(t.RowsBefore), dataflow.Thousands(c.Read))
	}
	switch t.Change {
	case dataflow.ChangeHide:
		return t.TableID.String() + " hidden"
	case dataflow.ChangeDrop:
		if kind == dataflow.KindImport {
			return t.TableID.String() + " dropped"
		}
		return t.Name + " dropped"
	case dataflow.ChangeKeep, dataflow.ChangePublish:
	}
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{{c.Added, "added"}, {c.Changed, "changed"}, {c.Removed, "removed"}, {c.KeptAsText, dataflow.Plural(c.KeptAsText, "value") + " kept as text"}} {
		if p.n > 0 {
			parts = append(parts, dataflow.Thousands(p.n)+" "+p.what)
		}
	}
	what := t.Name
	switch {
	case !t.Definition.Data:
		what += " metadata of"
	case c.Added+c.Changed+c.Removed == 0:
		parts = append([]string{"unchanged"}, parts...)
	}
	if t.Rekeyed {
		parts = append(parts, "under other keys")
	}
	for _, r := range t.Resumed {
		parts = append(parts, fmt.Sprintf("%s read by run %d at %s", dataflow.Thousands(r.Rows), r.Run, r.Since.Format(time.RFC3339)))
	}
	what = what + " " + dataflow.Count(c.Read, "row")
	if len(parts) == 0 {
		return what
	}
	return fmt.Sprintf("%s (%s)", what, strings.Join(parts, ", "))
}

// reasonOf says why a run is abandoned, and where that leaves the tables.
func reasonOf(ctx context.Context, err error, before dataflow.Standing) string {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		sentences := []string{"timed out: its time was over before it had ended."}
		timeout, named := errors.AsType[*dataflow.TimeoutError](context.Cause(ctx))
		if named {
			sentences[0] = fmt.Sprintf("timed out: %s.", timeout)
		}
		if stopped, ok := errors.AsType[*stoppedError](err); ok {
			sentences = append(sentences, stopped.reached())
		}
		sentences = append(sentences, whereTablesAre(before))
		if named {
			sentences = append(sentences, fmt.Sprintf("Give %s more time.", timeout.Argument))
		}
		return strings.Join(sentences, " ")
	case ctx.Err() != nil:
		return "interrupted: the run was cancelled. " + whereTablesAre(before)
	}
	return dataflow.Sentence(err) + " " + whereTablesAre(before)
}

func whereTablesAre(before dataflow.Standing) string {
	if before.CurrentRun == nil {
		return "Nothing was published; there are no tables yet."
	}
	return fmt.Sprintf("Nothing was published; the tables are at run %d.", *before.CurrentRun)
}

// RunError is a run that failed. Its message is the whole sentence a person needs.
type RunError struct {
	Run   dataflow.Run
	cause error
}

// Error gives `Run 13 of dataflow "Customers" failed: …`.
func (e *RunError) Error() string {
	return fmt.Sprintf("Run %d of dataflow %q failed: %s", e.Run.Run, e.Run.Dataflow, e.Run.Description)
}

// Unwrap gives what made the run fail; nil when another process decided that it failed.
func (e *RunError) Unwrap() error { return e.cause }

func failure(run dataflow.Run, cause error) error { return &RunError{Run: run, cause: cause} }

// inWords gives a duration as people say it, as long as it is one of whole hours.
func inWords(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d %s", d/time.Hour, dataflow.Plural(int64(d/time.Hour), "hour"))
	}
	return d.String()
}
