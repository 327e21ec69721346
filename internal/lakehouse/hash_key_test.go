package lakehouse

import "testing"

func TestPublish_TellsTheKeyThatColumnsAreHashedWith(t *testing.T) {
	p := newPlace(t)
	for run, key := range []string{"", "0123456789abcdef", "0123456789abcdef", "fedcba9876543210", ""} {
		change := p.stage(stageRequest(int64(run+1), usersSchema()), user("a", "a@x", run))
		change.HashKey = key
		p.publishChange(int64(run+1), change)
		if _, tbl := p.raw(); tbl.Properties()["skypoint.hash-key"] != key {
			t.Errorf("run %d: the table tells %q, want %q", run+1, tbl.Properties()["skypoint.hash-key"], key)
		}
	}
}
