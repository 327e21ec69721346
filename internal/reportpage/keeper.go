package reportpage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// PagePath is where the page is in the workspace.
const PagePath = "report/index.html"

// entriesFolder has a file per dataflow, "customers@17.json": its folded name and the newest run that its entry knows.
const entriesFolder = "report/dataflows"

// refreshAttempts bounds how often a page is written anew: an entry that can't be read never comes onto it, and the next run writes the page anyway.
const refreshAttempts = 5

// Store is what a workspace keeps objects in (ledger.Store has the contract of each method).
type Store interface {
	Replace(ctx context.Context, path string, content []byte) error
	Read(ctx context.Context, path string) ([]byte, error)
	List(ctx context.Context, folder string) ([]string, error)
	Delete(ctx context.Context, path string) error
}

// Keeper keeps the page. Every method may be called concurrently, by any number of processes; for one dataflow only by whoever finishes a run of it.
type Keeper struct {
	store Store
}

// NewKeeper gives the keeper of a workspace's page.
func NewKeeper(store Store) *Keeper { return &Keeper{store} }

// Note brings a finished run to the page. tables are those that the dataflow has published now.
func (k *Keeper) Note(ctx context.Context, record dataflow.Record, run dataflow.Run, tables []Described) error {
	name := dataflow.FoldName(record.Definition.Name)
	known, err := k.list(ctx)
	if err != nil {
		return err
	}
	before, err := k.entry(ctx, name, known[name])
	if err != nil {
		return err
	}
	entry := with(before, record, run, tables)
	if err := k.write(ctx, fileOf(name, run.Run), entry); err != nil {
		return err
	}
	if err := k.drop(ctx, name, known[name], run.Run); err != nil {
		return err
	}
	return k.refresh(ctx)
}

// Forget takes a dataflow off the page.
func (k *Keeper) Forget(ctx context.Context, name string) error {
	name = dataflow.FoldName(name)
	known, err := k.list(ctx)
	if err != nil || known[name] == nil {
		return err
	}
	if err := k.drop(ctx, name, known[name], 0); err != nil {
		return err
	}
	return k.refresh(ctx)
}

// drop removes a dataflow's files but that of one run.
func (k *Keeper) drop(ctx context.Context, name string, runs []int64, but int64) error {
	for _, run := range runs {
		if run == but {
			continue
		}
		if err := k.store.Delete(ctx, fileOf(name, run)); err != nil && !dataflow.IsCode(err, dataflow.CodeNotFound) {
			return err
		}
	}
	return nil
}

// refresh writes the page anew until it has every entry that there is. Of two that do so at once the one that writes last looks last: it sees what the
// other one has noted, since a note comes before its page.
func (k *Keeper) refresh(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		now, err := k.assemble(ctx)
		if err != nil {
			return err
		}
		page, err := render(now)
		if err != nil {
			return err
		}
		if err := k.store.Replace(ctx, PagePath, page); err != nil {
			return err
		}
		known, err := k.list(ctx)
		if err != nil {
			return err
		}
		if now.has(known) || attempt == refreshAttempts {
			return nil
		}
	}
}

// has says whether the page has the newest entry of every dataflow, and of no other.
func (c content) has(known map[string][]int64) bool {
	if len(c.Entries) != len(known) {
		return false
	}
	for _, e := range c.Entries {
		if runs := known[dataflow.FoldName(e.Name)]; runs == nil || slices.Max(runs) != e.newest() {
			return false
		}
	}
	return true
}

// assemble makes the page's content of the page that is there and the entries that it lacks.
func (k *Keeper) assemble(ctx context.Context) (content, error) {
	byName := map[string]Entry{}
	page, err := k.store.Read(ctx, PagePath)
	if err == nil {
		if before, err := parse(page); err == nil { // one that can't be read is made anew
			for _, e := range before.Entries {
				byName[dataflow.FoldName(e.Name)] = e
			}
		}
	}
	known, err := k.list(ctx)
	if err != nil {
		return content{}, err
	}
	var lacks []string
	for name, runs := range known {
		if e, there := byName[name]; !there || e.newest() != slices.Max(runs) {
			lacks = append(lacks, name)
		}
	}
	read := make([]*Entry, len(lacks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, name := range lacks {
		group.Go(func() (err error) {
			read[i], err = k.entry(ctx, name, known[name])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return content{}, err
	}
	for i, name := range lacks {
		if read[i] != nil {
			byName[name] = *read[i]
		}
	}
	var c content
	for name, e := range byName {
		if known[name] != nil {
			c.Entries = append(c.Entries, e)
		}
	}
	slices.SortFunc(c.Entries, func(a, b Entry) int { return strings.Compare(dataflow.FoldName(a.Name), dataflow.FoldName(b.Name)) })
	return c, nil
}

// list gives the runs of the files that each dataflow has.
func (k *Keeper) list(ctx context.Context) (map[string][]int64, error) {
	files, err := k.store.List(ctx, entriesFolder)
	if err != nil {
		return nil, err
	}
	known := map[string][]int64{}
	for _, file := range files {
		name, rest, found := strings.Cut(file, "@")
		run, err := strconv.ParseInt(strings.TrimSuffix(rest, ".json"), 10, 64)
		if found && err == nil {
			known[name] = append(known[name], run)
		}
	}
	return known, nil
}

// entry reads the newest entry of a dataflow; nil: there is none that can be read.
func (k *Keeper) entry(ctx context.Context, name string, runs []int64) (*Entry, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	written, err := k.store.Read(ctx, fileOf(name, slices.Max(runs)))
	if dataflow.IsCode(err, dataflow.CodeNotFound) {
		return nil, nil // a newer one has taken its place
	}
	if err != nil {
		return nil, err
	}
	var e Entry
	if err := json.Unmarshal(written, &e); err != nil || dataflow.FoldName(e.Name) != name {
		return nil, nil //nolint:nilerr // it was cut off or changed: the next run writes it anew
	}
	return &e, nil
}

func (k *Keeper) write(ctx context.Context, path string, e Entry) error {
	written, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write an entry of the page: %w", err)
	}
	return k.store.Replace(ctx, path, written)
}

func fileOf(name string, run int64) string {
	return fmt.Sprintf("%s/%s@%d.json", entriesFolder, name, run)
}
