package lakehouse

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/apache/iceberg-go"
)

// limits say how large and how many the files of a table become.
//
// A row that changed or went is named in a position-delete file, and the new row is written to a data file of the run. So what a run
// writes is proportional to what changed. Rewriting bounds what readers have to merge, and costs no more than the changes that led to it:
//   - a data file of which deadShare is deleted is written anew: a changed row costs deadShare rows more, some day;
//   - small data files are merged (mergeable), and so are the delete files of one data file: a row is written again only
//     together with at least as many others, so a few times until its file is large.
//
// BENCHMARKS.md has what was measured.
type limits struct {
	fileBytes   int64 // where a data file is full
	smallBytes  int64 // a data file below it is merged with others
	mergeFiles  int   // small data files wait until there are so many to merge
	deadShare   int64 // one row in so many deleted is too many
	deleteBytes int64 // what a delete file costs besides its rows: its footer, and its place in a manifest
	manifests   int   // manifests of one kind are merged when there are so many
}

func defaultLimits() limits {
	return limits{fileBytes: targetFileBytes, smallBytes: targetFileBytes / 4, mergeFiles: 8, deadShare: 5, deleteBytes: 2048, manifests: 8}
}

const (
	// targetFileBytes is where a data file is full. Which rows change has nothing to do with the order of the keys, so smaller files
	// would save no rewriting, and each has delete files of its own; 40 million users, some 3 GB of Parquet, make fifty.
	targetFileBytes = 64 << 20
	// deletedRowBytes is what naming one row costs in a delete file: a position, next to the one before it.
	deletedRowBytes = 2
)

// rewrite decides what becomes of each data file in a run: it stays as it is, gets position deletes, or is replaced. It is the only place that does.
type rewrite struct {
	limits   limits
	now      *current
	dead     []*roaring64.Bitmap // per file: the rows that the run changes or removes
	replaced []bool              // per file: its other rows are written anew
	rows     int64               // how many rows the run writes, once decide was called
	differs  bool                // some row is added, changed or removed
}

func newRewrite(limits limits, now *current) *rewrite {
	r := &rewrite{limits: limits, now: now, replaced: make([]bool, len(now.files)), dead: make([]*roaring64.Bitmap, len(now.files))}
	for i := range r.dead {
		r.dead[i] = roaring64.New()
	}
	return r
}

// note takes in one pair, in the first pass.
func (r *rewrite) note(p pair, what change) {
	if what == unchanged {
		return
	}
	r.differs = true
	if p.row != nil {
		r.rows++
	}
	for _, row := range p.prints {
		r.dead[row.file].Add(row.position)
	}
}

// live is how many rows of a file stay.
func (r *rewrite) live(i int) int64 {
	return r.now.files[i].Count() - int64(r.now.files[i].deleted.GetCardinality()) - int64(r.dead[i].GetCardinality()) //nolint:gosec // rows of a file
}

// decide chooses the files to replace, after the first pass, when there is something to write anyway.
func (r *rewrite) decide() {
	var small []int
	for i, file := range r.now.files {
		if r.isReplaced(i) {
			r.replace(i)
		} else if file.FileSizeBytes() < r.limits.smallBytes {
			small = append(small, i)
		}
	}
	slices.SortStableFunc(small, func(a, b int) int { return cmp.Compare(r.live(a), r.live(b)) })
	sizes := make([]int64, len(small))
	for n, i := range small {
		sizes[n] = r.live(i)
	}
	if merged := mergeable(sizes, r.rows); merged >= r.limits.mergeFiles {
		for _, i := range small[:merged] {
			r.replace(i)
		}
	}
}

func (r *rewrite) isReplaced(i int) bool {
	file, live := r.now.files[i], r.live(i)
	gone := file.Count() - live
	switch {
	case r.now.encoded:
		return true
	case r.now.wholeFiles:
		return r.now.opaque || !r.dead[i].IsEmpty()
	case gone*r.limits.deadShare >= file.Count():
		return true // also one of another writer's that has no row at all
	case r.dead[i].IsEmpty():
		return false
	}
	anew := file.FileSizeBytes() * live / file.Count()
	return anew <= r.limits.deleteBytes+deletedRowBytes*int64(r.dead[i].GetCardinality()) //nolint:gosec // rows of a file
}

func (r *rewrite) replace(i int) {
	r.replaced[i] = true
	r.rows += r.live(i)
}

// mergeable gives how many of the smallest are merged with what is written anyway: as many as can be without one among them that is
// larger than all smaller ones together. So whatever is merged at least doubles, and what is left over doubles from one to the next.
func mergeable(ascending []int64, written int64) int {
	merged, sum := 0, written
	for i, size := range ascending {
		if size <= sum {
			merged = i + 1
		}
		sum += size
	}
	return merged
}

// writes says, in the second pass, whether the pair's row is written: one that is new or changed, and one whose file is replaced.
func (r *rewrite) writes(p pair) bool {
	if p.row == nil {
		return false
	}
	if len(p.prints) == 0 {
		return true
	}
	for _, row := range p.prints {
		if r.replaced[row.file] || r.dead[row.file].Contains(row.position) {
			return true
		}
	}
	return false
}

// removed lists the data files and delete files that the run takes out, by their paths.
func (r *rewrite) removed() map[string]bool {
	gone := map[string]bool{}
	take := func(files ...iceberg.DataFile) {
		for _, file := range files {
			gone[file.FilePath()] = true
		}
	}
	if !r.differs {
		return gone
	}
	take(r.now.loose...)
	for i, file := range r.now.files {
		if r.replaced[i] {
			take(file)
			take(file.deletes...)
			continue
		}
		take(r.merged(i)...)
	}
	return gone
}

// merged lists the delete files of a data file that are merged with what the run deletes from it.
func (r *rewrite) merged(i int) []iceberg.DataFile {
	file := r.now.files[i]
	if file.loose {
		return file.deletes
	}
	if r.dead[i].IsEmpty() {
		return nil
	}
	cost := func(rows int64) int64 { return r.limits.deleteBytes + deletedRowBytes*rows }
	files := slices.Clone(file.deletes)
	slices.SortStableFunc(files, func(a, b iceberg.DataFile) int { return cmp.Compare(a.Count(), b.Count()) })
	sizes := make([]int64, len(files))
	for n, deletes := range files {
		sizes[n] = cost(deletes.Count())
	}
	return files[:mergeable(sizes, cost(int64(r.dead[i].GetCardinality())))] //nolint:gosec // rows of a file
}

// marks says whether the run writes position deletes of a data file.
func (r *rewrite) marks(i int) bool {
	return !r.replaced[i] && (r.now.files[i].loose || !r.dead[i].IsEmpty())
}
