package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	connectorsFolder = "connectors"
	dataflowsFolder  = "dataflows"
	recordSuffix     = ".json"
)

// place is where a record lies, and what it is in a person's words.
type place struct {
	path   string
	object string // `connector "App"`
}

func connectorPlace(name string) (place, error) {
	if err := checkName(name); err != nil {
		return place{}, err
	}
	return place{connectorsFolder + "/" + dataflow.FoldName(name) + recordSuffix, connectorObject(name)}, nil
}

func definitionsFolder(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	return dataflowsFolder + "/" + dataflow.FoldName(name) + "/definitions", nil
}

// dataflowPlace is where a version of a dataflow's record lies.
func dataflowPlace(name string, version int64) (place, error) {
	folder, err := definitionsFolder(name)
	return place{folder + "/" + numbered(version) + recordSuffix, dataflowObject(name)}, err
}

func runsFolder(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	return dataflowsFolder + "/" + dataflow.FoldName(name) + "/runs", nil
}

func latestPlace(name string) (place, error) {
	folder, err := runsFolder(name)
	return place{folder + "/latest.json", "latest run of " + dataflowObject(name)}, err
}

// runPlace is where one of a run's records lies: "started", "heartbeat", "decision" or "finished".
func runPlace(name string, run int64, record string) (place, error) {
	folder, err := runsFolder(name)
	if err != nil {
		return place{}, err
	}
	if run < 1 {
		return place{}, &dataflow.Error{
			Code: dataflow.CodeInvalid, Op: "check run", Object: dataflowObject(name),
			Cause: fmt.Errorf("%d is not the number of a run: the first is 1", run),
		}
	}
	return place{
		path:   folder + "/" + numbered(run) + "/" + record + recordSuffix,
		object: fmt.Sprintf("%s record of run %d of %s", record, run, dataflowObject(name)),
	}, nil
}

// numbered names a run's folder or a version's record, so that people see them in order; numbers beyond eight digits just get longer.
func numbered(n int64) string { return fmt.Sprintf("%08d", n) }

// parseNumbered is numbered backwards, for a name that Store.List gave: a folder's ends with "/", a record's with recordSuffix.
func parseNumbered(listed, suffix string) (int64, bool) {
	name, has := strings.CutSuffix(listed, suffix)
	n, err := strconv.ParseInt(name, 10, 64)
	return n, has && err == nil && n >= 1 && numbered(n) == name
}

func connectorObject(name string) string { return fmt.Sprintf("connector %q", name) }
func dataflowObject(name string) string  { return fmt.Sprintf("dataflow %q", name) }

// checkName also keeps paths inside the workspace: a name has letters and digits only.
func checkName(name string) error {
	if err := dataflow.CheckName(name); err != nil {
		return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "check name", Cause: err}
	}
	return nil
}

// checkIdentity compares the name that was asked for with the one in the record. object makes words of a name.
func checkIdentity(object func(string) string, asked, found string) error {
	switch {
	case asked == found:
		return nil
	case dataflow.FoldName(asked) == dataflow.FoldName(found):
		return errCase(dataflow.CodeInvalid, object, asked, found)
	default:
		return fmt.Errorf("it is the record of %s, which belongs elsewhere", object(found))
	}
}

func errCase(code dataflow.Code, object func(string) string, asked, found string) error {
	return &dataflow.Error{
		Code:  code,
		Op:    "check name",
		Cause: fmt.Errorf("%s differs only in case from the existing %s", object(asked), object(found)),
		Hint:  "Names are unique without regard to case: write it as it is, or choose another one.",
	}
}

// checkRun compares the run's number that was asked for with the one in the record.
func checkRun(asked, found int64) error {
	if asked != found {
		return fmt.Errorf("it is a record of run %d, which belongs elsewhere", found)
	}
	return nil
}

// checkOneOf refuses a value that no reader knows what to do with.
func checkOneOf[T ~string](field string, value T, known ...T) error {
	if slices.Contains(known, value) {
		return nil
	}
	return errors.New("its " + field + " is " + strconv.Quote(string(value)))
}
