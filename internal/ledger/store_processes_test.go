package ledger

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// The environment of the test binary when it is a contender of testStoreProcesses.
const (
	envContender = "LEDGER_TEST_CONTENDER" // its number
	envPlace     = "LEDGER_TEST_PLACE"     // where the store is
)

const processes = 8

// testStoreProcesses is the part of the conformance suite that takes many processes. open opens the store at a place; each process does.
// It must be all that the calling test does, because the processes run that test again to become contenders.
//
// In each round, all of them create one object and replace another at the same time, and read both.
func testStoreProcesses(t *testing.T, rounds int, place func(t *testing.T) string, open func(place string) (Store, error)) {
	if os.Getenv(envContender) != "" {
		contend(t, open)
		return
	}
	at := place(t)
	var all []*contender
	for i := range processes {
		all = append(all, startContender(t, at, i))
	}
	for round := range rounds {
		for _, c := range all {
			c.say(t, round) // whoever hears it begins at once
		}
		var winner string
		wins := 0
		reads := map[string]int{}
		for i, c := range all {
			line := c.hear(t)
			said := strings.SplitN(line, " ", 3)
			if len(said) != 3 || said[0] != strconv.Itoa(round) {
				t.Fatalf("round %d: contender %d says %q", round, i, line)
			}
			outcome, read := said[1], said[2]
			if outcome == "won" {
				wins++
				winner = strconv.Itoa(i)
			}
			reads[read]++
		}
		if wins != 1 || reads[winner] != processes {
			t.Fatalf("round %d: %d winners, the last of them %s; read whose objects: %v", round, wins, winner, reads)
		}
	}
}

// contend plays one contender: a line with a round's number in, a line with the outcome out.
func contend(t *testing.T, open func(place string) (Store, error)) {
	me, err := strconv.Atoi(os.Getenv(envContender))
	must(t, err)
	store, err := open(os.Getenv(envPlace))
	must(t, err)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		round, err := strconv.Atoi(lines.Text())
		must(t, err)
		outcome, read := playRound(t.Context(), store, me, round)
		if _, err := fmt.Fprintf(os.Stdout, "%s%d %s %s\n", linePrefix, round, outcome, read); err != nil {
			t.Fatal(err)
		}
	}
	must(t, lines.Err())
}

// linePrefix begins a contender's lines: the testing package writes to standard output as well.
const linePrefix = "contender: "

// playRound gives "won" or "lost" and the number of the contender whose object was read. Anything that must not be is the outcome itself.
func playRound(ctx context.Context, store Store, me, round int) (outcome, read string) {
	once := fmt.Sprintf("runs/%08d/decision.json", round)
	outcome = "won"
	if err := store.Create(ctx, once, payload(me, round)); dataflow.IsCode(err, dataflow.CodeExists) {
		outcome = "lost"
	} else if err != nil {
		return "failed", strconv.Quote(err.Error())
	}
	content, err := store.Read(ctx, once)
	if err != nil {
		return "failed", strconv.Quote(err.Error())
	}
	read = "torn"
	for contender := range processes {
		if string(content) == string(payload(contender, round)) {
			read = strconv.Itoa(contender)
		}
	}
	again := fmt.Sprintf("runs/%08d/heartbeat.json", round)
	for range 3 {
		if err := store.Replace(ctx, again, payload(me, round)); err != nil {
			return "failed", strconv.Quote(err.Error())
		}
		content, err := store.Read(ctx, again)
		if err != nil {
			return "failed", strconv.Quote(err.Error())
		}
		if !isPayload(content, processes, round) {
			return "torn", "heartbeat"
		}
	}
	return outcome, read
}

type contender struct {
	in  io.Writer
	out *bufio.Scanner
}

func startContender(t *testing.T, place string, number int) *contender {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), envContender+"="+strconv.Itoa(number), envPlace+"="+place)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		if _, err := io.Copy(io.Discard, out); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("contender %d: %v", number, err)
		}
	})
	return &contender{in: in, out: bufio.NewScanner(out)}
}

func (c *contender) say(t *testing.T, round int) {
	t.Helper()
	_, err := fmt.Fprintln(c.in, round)
	must(t, err)
}

func (c *contender) hear(t *testing.T) string {
	t.Helper()
	for c.out.Scan() {
		if line, found := strings.CutPrefix(c.out.Text(), linePrefix); found {
			return line
		}
	}
	t.Fatalf("a contender ended early: %v", c.out.Err())
	return ""
}
