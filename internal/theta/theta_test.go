package theta

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
)

// The wanted numbers and bytes are those of the datasketches package of Python, 5.2.0:
//
//	s = datasketches.update_theta_sketch(12)
//	for i in range(n): s.update(f"user-{i}")
//	s.trim(); s.get_estimate(); hashlib.sha256(s.compact(True).serialize()).hexdigest()
func TestSketch_IsWhatDataSketchesMakes(t *testing.T) {
	for _, test := range []struct {
		values   int
		distinct int64
		sum      string
	}{
		{0, 0, "ecb24cbedb0f1b3507115e185e038545b5146a51c45e760129831196279d409f"},
		{1, 1, "03eabc64b8710c04a92fbd62b6f8cdff25ba2854b6a2f17c4dce06850808b6eb"},
		{2, 2, "ddf05ea2200e94ad5d483a75cb2d4d27aae05a36cf2640da58a0d6bcadd1bf53"},
		{4096, 4096, "f01c3cf266f62781e37ed887de298d50d774e8fdddf88ca19b9bd180edcb8144"},
		{4097, 4097, "caf75e5f71ac7666d60cda020bb93e999e42c6118eac408d25c49f94b9b7c37b"},
		{100000, 101717, "fcd3a49551a4b297bfb3b262f69f078803a692b7e0117ff3967c663de7b6fa2b"},
	} {
		var inOrder, shuffled Sketch
		order := rand.New(rand.NewPCG(1, 2)).Perm(test.values)
		for i := range test.values {
			inOrder.Add(fmt.Appendf(nil, "user-%d", i))
			shuffled.Add(fmt.Appendf(nil, "user-%d", order[i]))
		}
		for _, i := range order[:test.values/2] { // half of them once more
			shuffled.Add(fmt.Appendf(nil, "user-%d", i))
		}
		inOrder.Add(nil)
		for name, s := range map[string]*Sketch{"in order": &inOrder, "shuffled, some twice": &shuffled} {
			if got := s.Distinct(); got != test.distinct {
				t.Errorf("%d values %s: %d distinct, want %d", test.values, name, got, test.distinct)
			}
			bytes, err := s.AppendBinary(nil)
			if got := fmt.Sprintf("%x", sha256.Sum256(bytes)); got != test.sum || err != nil {
				t.Errorf("%d values %s: the sketch's bytes are not those of DataSketches (%v)", test.values, name, err)
			}
		}
	}
}
