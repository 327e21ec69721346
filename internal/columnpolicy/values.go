package columnpolicy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apparentlymart/go-textseg/v15/textseg"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// hasher makes HMAC-SHA-256 (https://www.rfc-editor.org/rfc/rfc2104) of texts under one key. It may be used concurrently.
type hasher struct{ macs sync.Pool }

func newHasher(key dataflow.HashKey) *hasher {
	return &hasher{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// hash gives the hash of a text's UTF-8 bytes in lower-case hex.
func (h *hasher) hash(text string) string {
	mac, ok := h.macs.Get().(hash.Hash)
	if !ok {
		panic("columnpolicy: the pool holds something else than a hash")
	}
	defer h.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(text))
	var sum [sha256.Size]byte
	var written [2 * sha256.Size]byte
	hex.Encode(written[:], mac.Sum(sum[:0]))
	return string(written[:])
}

// stars stand for what is masked: always as many, so that they say nothing of its length.
const stars = "********"

// mask leaves the last characters of a text, as people see them (https://www.unicode.org/reports/tr29/#Grapheme_Cluster_Boundaries). Of a text that has
// no more than those nothing stays.
func mask(text string, keepLast int64) string {
	if keepLast == 0 || int64(len(text)) <= keepLast {
		return stars
	}
	if isPlain(text) {
		return stars + text[int64(len(text))-keepLast:]
	}
	starts := make([]int, 0, keepLast) // where the last characters begin, one after the other in a ring
	characters, rest := int64(0), []byte(text)
	for at := 0; at < len(text); characters++ {
		size, _, err := textseg.ScanGraphemeClusters(rest[at:], true)
		if err != nil || size == 0 {
			return stars // it gives neither for any text; were it otherwise, nothing shows
		}
		if int64(len(starts)) < keepLast {
			starts = append(starts, at)
		} else {
			starts[characters%keepLast] = at
		}
		at += size
	}
	if characters <= keepLast {
		return stars
	}
	return stars + text[starts[characters%keepLast]:]
}

// isPlain says whether every byte of a text is a character of its own, as most are.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// textOf gives a value as text: a number in its shortest form, a time as RFC 3339 in UTC.
func textOf(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case dataflow.Decimal:
		return shortest(string(v)), nil
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	}
	return "", fmt.Errorf("a %T has no text", value)
}

// shortest leaves out the zeros at the end of a number's fraction: 1.50 and 1.5 are one value.
func shortest(number string) string {
	if !strings.Contains(number, ".") {
		return number
	}
	return strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
}
