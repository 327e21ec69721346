package cognito

import "github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"

var _ dataflow.Sink = rowSink(nil)

// rowSink is a Sink that only takes rows: nothing is resumed.
type rowSink func(dataflow.Row) error

// Put takes the row over.
func (put rowSink) Put(row dataflow.Row) error { return put(row) }

// Part begins a part that nobody keeps.
func (put rowSink) Part(string) dataflow.Part { return put }

// Resume has nothing to resume.
func (put rowSink) Resume(func(string) bool) ([]dataflow.DonePart, error) { return nil, nil }

// Done does nothing.
func (put rowSink) Done(int64) error { return nil }
