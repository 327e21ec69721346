package lakehouse

import "github.com/apache/iceberg-go"

const (
	// targetFileBytes is where a data file is full. Small enough that one changed user costs a fraction of a second to rewrite,
	// large enough that the largest pool (40 million users, some 4 GB of Parquet) makes a few hundred files.
	targetFileBytes = 16 << 20
	// A run that only adds leaves a file of its own. When there are tidyFiles files of less than targetFileBytes/tidyShare they are
	// rewritten as one, so their number stays bounded and a row is rewritten for this a few times in its life.
	tidyFiles = 8
	tidyShare = 4
)

// rewrite decides which data files a run replaces and which rows it writes. It is the only place that does:
// whoever wants position deletes in place of rewritten files changes it here and in the commit.
type rewrite struct {
	files   []iceberg.DataFile
	touched []bool // per file: it is replaced
	differs bool   // some row is added, changed or removed
}

func newRewrite(files []iceberg.DataFile) *rewrite {
	return &rewrite{files: files, touched: make([]bool, len(files))}
}

// note takes in one pair, in the first pass. A file is replaced when a row in it changed or went.
func (r *rewrite) note(p pair, what change) {
	if what == unchanged {
		return
	}
	r.differs = true
	for _, row := range p.prints {
		r.touched[row.file] = true
	}
}

// tidy marks small files, after the first pass, when there is something to write anyway.
func (r *rewrite) tidy() {
	var small []int
	for i, file := range r.files {
		if !r.touched[i] && file.FileSizeBytes() < targetFileBytes/tidyShare {
			small = append(small, i)
		}
	}
	if len(small) < tidyFiles {
		return
	}
	for _, i := range small {
		r.touched[i] = true
	}
}

// writes says, in the second pass, whether the pair's row is written: a new one is, and one whose file is replaced.
func (r *rewrite) writes(p pair) bool {
	if p.row == nil {
		return false
	}
	if len(p.prints) == 0 {
		return true
	}
	for _, row := range p.prints {
		if r.touched[row.file] {
			return true
		}
	}
	return false
}

// replaced lists the files that the run replaces.
func (r *rewrite) replaced() []iceberg.DataFile {
	var files []iceberg.DataFile
	for i, touched := range r.touched {
		if touched {
			files = append(files, r.files[i])
		}
	}
	return files
}
