package provider

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

func TestProgress_SaysHowFarARunIs(t *testing.T) {
	for _, tc := range []struct {
		event dataflow.Event
		line  string
	}{
		{dataflow.Event{Run: 12, Step: "waiting"}, "waiting for run 12, which another process works on"},
		{dataflow.Event{Run: 13, Step: "started"}, "run 13 has started"},
		{dataflow.Event{Run: 13, Step: "staging", Table: "users"}, "users: reading"},
		{dataflow.Event{Run: 13, Step: "staging", Table: "users", Rows: 12_000, RowsPerSecond: 1795.4}, "users: 12,000 rows, 1,795/s"},
		{dataflow.Event{Run: 13, Step: "staging", Table: "users", Rows: 12_000, RowsPerSecond: 1795.4, Remaining: 170 * time.Second}, "users: 12,000 rows, 1,795/s, about 3 min left"},
		{dataflow.Event{Run: 13, Step: "resumed", Table: "users", Rows: 5_000_000}, "users: 5,000,000 rows that an earlier run has read"},
		{dataflow.Event{Run: 13, Step: "staged", Table: "users", Rows: 20_000}, "users: 20,000 rows staged"},
		{dataflow.Event{Run: 13, Step: "decided"}, ""},
		{dataflow.Event{Run: 13, Step: "published", Table: "users"}, "users: published by run 13"},
		{dataflow.Event{Run: 13, Step: "finished"}, ""},
	} {
		if got := progressLine(tc.event); got != tc.line {
			t.Errorf("%+v is %q, want %q", tc.event, got, tc.line)
		}
	}
	for d, want := range map[time.Duration]string{
		200 * time.Millisecond: "1 s", 59 * time.Second: "59 s", 59*time.Second + 700*time.Millisecond: "1 min", 89 * time.Second: "1 min", 90 * time.Second: "2 min",
		59*time.Minute + 29*time.Second: "59 min", 59*time.Minute + 31*time.Second: "1 h", 2 * time.Hour: "2 h", 6*time.Hour + 12*time.Minute: "6 h 12 min",
	} {
		if got := dataflow.Roughly(d); got != want {
			t.Errorf("%s is about %q, want %q", d, got, want)
		}
	}
}

// rows is an event of a table that is being read.
func rows(table string, n int64) dataflow.Event {
	return dataflow.Event{Step: "staging", Table: table, Rows: n}
}

func TestProgress_GivesAReaderThatKeepsUpEveryLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		p := newProgress(func(line string) { got = append(got, line) })
		for n := range int64(3) {
			p.tell(rows("users", n))
			synctest.Wait()
		}
		p.tell(dataflow.Event{Step: "decided"})
		p.add("", "run 1 has completed")
		p.close(lastLines)
		p.tell(rows("users", 4)) // too late
		if diff := cmp.Diff([]string{"users: reading", "users: 1 rows", "users: 2 rows", "run 1 has completed"}, got); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestProgress_KeepsTheNewestLineOfEachTableForASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		goOn := make(chan struct{})
		p := newProgress(func(line string) { <-goOn; got = append(got, line) })
		p.tell(rows("groups", 1))
		synctest.Wait() // the reader has this one and does not come back
		for n := range int64(1000) {
			p.tell(rows("users", n))
			p.tell(rows("groups", n))
		}
		close(goOn)
		p.close(lastLines)
		if diff := cmp.Diff([]string{"groups: 1 rows", "users: 999 rows", "groups: 999 rows"}, got); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestProgress_WaitsForAReaderThatIsGoneNoLongerThanItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		sent := 0
		p := newProgress(func(string) { sent++; <-gone })
		began := time.Now()
		for n := range int64(1000) {
			p.tell(rows("users", n))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("telling took %s", took)
		}
		p.close(lastLines)
		if took := time.Since(began); took != lastLines {
			t.Errorf("closing took %s", took)
		}
		close(gone) // it comes back: what was left is not for it any more
		<-p.done
		if sent != 1 {
			t.Errorf("%d lines were sent", sent)
		}
	})
}

func TestProgress_CallsItsReaderFromOneGoroutine(t *testing.T) {
	var got []string // the race detector watches it
	p := newProgress(func(line string) { got = append(got, line) })
	var tellers sync.WaitGroup
	for i := range 8 {
		tellers.Go(func() {
			for n := range int64(200) {
				p.tell(rows(fmt.Sprintf("table%d", i), n))
			}
		})
	}
	tellers.Wait()
	p.close(time.Minute)
	for i := range 8 {
		if last := fmt.Sprintf("table%d: 199 rows", i); !slices.Contains(got, last) {
			t.Errorf("%q was not sent", last)
		}
	}
}
