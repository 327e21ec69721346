// Package theta counts distinct values as other engines do: by a theta sketch of Apache DataSketches, which is what Iceberg's statistics files have
// (https://iceberg.apache.org/puffin-spec/#apache-datasketches-theta-v1-blob-type). There is no well-kept Go library for it.
package theta

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/twmb/murmur3"
)

// nominal is how many hashes a sketch keeps: DataSketches' default. The standard error of an estimate is 1/√4096 = 1.6 %; up to 4,096 distinct values
// are counted exactly.
const nominal = 4096

const (
	seed     = 9001   // DataSketches' DEFAULT_UPDATE_SEED
	seedHash = 0x93cc // two bytes of the seed's own hash: sketches of different seeds can't be merged
)

// Sketch is what is kept of the values of one column: the smallest of their hashes. The zero value is empty. It may not be used concurrently.
// Its state depends on the set of values alone, not on their order.
type Sketch struct {
	hashes []uint64 // all less than limit; sorted and each once after settle
	limit  uint64   // 0: none yet
	last   uint64
}

// Add takes in a value: by its bytes, as Iceberg's single-value serialization has them
// (https://iceberg.apache.org/spec/#binary-single-value-serialization). An empty one is left out, as DataSketches does.
func (s *Sketch) Add(value []byte) {
	if len(value) == 0 {
		return
	}
	hash, _ := murmur3.SeedSum128(seed, seed, value)
	hash >>= 1
	// Rows of one kind often come one after the other. No sketch has the hash 0, which stands for a free place in DataSketches' tables.
	if hash == 0 || hash == s.last || s.limit > 0 && hash >= s.limit {
		return
	}
	s.last = hash
	if len(s.hashes) == 2*nominal {
		s.settle()
	}
	s.hashes = append(s.hashes, hash)
}

// settle sorts the hashes, leaves out what is there twice, and keeps the smallest.
func (s *Sketch) settle() {
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	if len(s.hashes) > nominal {
		s.limit = s.hashes[nominal]
		s.hashes = s.hashes[:nominal]
	}
}

// Distinct estimates how many distinct values there were.
func (s *Sketch) Distinct() int64 {
	s.settle()
	if s.limit == 0 {
		return int64(len(s.hashes))
	}
	return int64(math.Round(float64(len(s.hashes)) / (float64(s.limit) / (1 << 63))))
}

// AppendBinary appends the sketch in DataSketches' compact, ordered form of serial version 3:
// https://github.com/apache/datasketches-java/blob/6.0.0/src/main/java/org/apache/datasketches/theta/PreambleUtil.java.
func (s *Sketch) AppendBinary(dst []byte) ([]byte, error) {
	const (
		serialVersion                      = 3
		compactFamily                      = 3
		readOnly, empty, compact, isSorted = 2, 4, 8, 16
	)
	s.settle()
	var preambles, flags byte = 2, readOnly | compact | isSorted
	switch {
	case s.limit > 0:
		preambles = 3
	case len(s.hashes) == 0:
		preambles, flags = 1, flags|empty
	case len(s.hashes) == 1:
		preambles = 1
	}
	dst = append(dst, preambles, serialVersion, compactFamily, 0, 0, flags)
	dst = binary.LittleEndian.AppendUint16(dst, seedHash)
	if preambles > 1 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(len(s.hashes)))
	}
	if preambles > 2 {
		dst = binary.LittleEndian.AppendUint64(dst, s.limit)
	}
	for _, hash := range s.hashes {
		dst = binary.LittleEndian.AppendUint64(dst, hash)
	}
	return dst, nil
}
