package dataflow

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	nameLength     = 64 // as CheckName allows
	nameHashLength = 8
	// nameStart begins a name whose text begins with a digit.
	nameStart = "D"
)

// NameFrom makes a name out of any text: its letters and digits, in their order. "EU Customers, 2024" gives "EUCustomers2024".
//
// Of a letter with an accent the letter stays ("Köln" gives "Koln"); letters of other scripts are left out. A text that begins with a digit gets a
// D in front. What is longer than 64 characters is cut off and ends in eight characters of the whole text's SHA-256, so that two long texts stay two
// names. A text without a letter or digit (A-Z, a-z, 0-9) is an error.
func NameFrom(text string) (string, error) {
	var name strings.Builder
	for _, r := range norm.NFKD.String(text) {
		switch {
		case r >= '0' && r <= '9':
			if name.Len() == 0 {
				name.WriteString(nameStart)
			}
			name.WriteRune(r)
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			name.WriteRune(r)
		}
	}
	if name.Len() == 0 {
		return "", errors.New("no name can be made of a text without a letter or a digit (A-Z, a-z, 0-9)")
	}
	if name.Len() > nameLength {
		sum := sha256.Sum256([]byte(text))
		return name.String()[:nameLength-nameHashLength] + hex.EncodeToString(sum[:])[:nameHashLength], nil
	}
	return name.String(), nil
}
