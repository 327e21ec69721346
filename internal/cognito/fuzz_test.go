package cognito

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

var dataTypes = types.AttributeDataType("").Values()

// Every attribute of a user is in its column or in other_attributes, and in one of them alone: in the column if the column's type can hold
// its value, otherwise as it came. What a type can hold is said here in another way than by the parsers.
func FuzzUserReader(f *testing.F) {
	for i, value := range []string{"", "12.50", "-0", "2024-05-01T10:00:00.5+02:00", "true", "null"} {
		f.Add("custom:a", value, uint8(i), "email", value, uint8(i+1), "custom:A", value)
	}
	f.Fuzz(func(t *testing.T, a, valueOfA string, typeOfA uint8, b, valueOfB string, typeOfB uint8, stray, valueOfStray string) {
		given := []types.AttributeType{{Name: aws.String(attributeSub), Value: aws.String("s")}}
		want := map[string]string{attributeSub: "s"}
		for _, pair := range [][2]string{{a, valueOfA}, {b, valueOfB}, {stray, valueOfStray}} {
			if pair[0] == attributeSub || !utf8.ValidString(pair[0]+pair[1]) {
				return // a user has one sub, and JSON is UTF-8
			}
			given = append(given, types.AttributeType{Name: &pair[0], Value: &pair[1]})
			want[pair[0]] = pair[1]
		}
		schema := schemaOfUsers([]types.SchemaAttributeType{
			{Name: &a, AttributeDataType: dataTypes[int(typeOfA)%len(dataTypes)]},
			{Name: &b, AttributeDataType: dataTypes[int(typeOfB)%len(dataTypes)]},
		})
		r, err := newUserReader(schema)
		if err != nil {
			t.Fatal(err)
		}
		row, kept, err := r.row(&types.UserType{Attributes: given})
		if err != nil {
			t.Fatal(err)
		}

		other, _ := row[r.other].(map[string]string)
		strays := len(other)
		names := map[string]bool{}
		for i, c := range schema.Columns {
			if names[c.Name] {
				t.Fatalf("two columns are called %q", c.Name)
			}
			names[c.Name] = true
			if r.fields[i] != nil || i == r.other {
				continue
			}
			value, there := want[c.Source]
			delete(want, c.Source)
			kept1, aside := other[c.Source]
			switch {
			case aside:
				strays--
				if !there || kept1 != value || row[i] != nil || holds(c.Type, value) {
					t.Fatalf("%q as %s: %q is kept as %q, beside %v", c.Source, c.Type, value, kept1, row[i])
				}
				kept--
			case there != (row[i] != nil):
				t.Fatalf("%q as %s: %q became %v", c.Source, c.Type, value, row[i])
			case there && (!holds(c.Type, value) || !means(row[i], value)):
				t.Fatalf("%q as %s: %q became %v", c.Source, c.Type, value, row[i])
			}
		}
		for name, value := range want { // of those without a column
			if got, ok := other[name]; !ok || got != value {
				t.Fatalf("%q: %q is kept as %q", name, value, got)
			}
		}
		if strays != len(want) || kept != 0 {
			t.Fatalf("%d attributes without a column of %d; the count of values kept as text is wrong by %d", strays, len(want), kept)
		}
	})
}

// holds says whether a type can hold a text.
func holds(c dataflow.ColumnType, text string) bool {
	switch c {
	case dataflow.Boolean:
		return text == "true" || text == "false"
	case dataflow.Number:
		return isDecimal(text)
	case dataflow.Timestamp:
		return isTimestamp(text)
	case dataflow.String, dataflow.Long, dataflow.TextMap:
	}
	return true
}

// isDecimal says whether decimal(38,9) holds the number that a text is the plain form of.
func isDecimal(text string) bool {
	if strings.Trim(text, "-.0123456789") != "" {
		return false
	}
	n, ok := new(big.Rat).SetString(text)
	_, fraction, _ := strings.Cut(text, ".")
	if !ok || n.FloatString(len(fraction)) != text {
		return false
	}
	const scale, precision = 1e9, 38
	scaled := n.Mul(n, big.NewRat(scale, 1))
	return scaled.IsInt() && scaled.Num().CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(precision), nil)) < 0
}

// isTimestamp says whether a text is a moment of RFC 3339, to the microsecond, in a year of four digits.
func isTimestamp(text string) bool {
	form := "2006-01-02T15:04:05"
	if _, rest, ok := strings.Cut(text, "."); ok {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits < 1 || digits > 6 {
			return false
		}
		form += "." + strings.Repeat("0", digits)
	}
	if strings.HasSuffix(text, "Z") {
		form += "Z"
	} else {
		form += "-07:00"
	}
	at, err := time.Parse(form, text)
	if err != nil {
		return false
	}
	_, offset := at.Zone()
	year := at.UTC().Year()
	return strings.TrimSuffix(at.Format(form), "+00:00") == strings.TrimSuffix(strings.TrimSuffix(text, "-00:00"), "+00:00") &&
		offset > -24*3600 && offset < 24*3600 && 1 <= year && year <= 9999
}

// means says whether a value is what its text says.
func means(value any, text string) bool {
	switch v := value.(type) {
	case dataflow.Decimal:
		n, _ := new(big.Rat).SetString(text)
		is, ok := new(big.Rat).SetString(string(v))
		return ok && is.Cmp(n) == 0
	case time.Time:
		at, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && at.Equal(v) && v.Location() == time.UTC && v.Equal(v.Truncate(time.Microsecond))
	default:
		return fmt.Sprint(v) == text
	}
}

// A part's filter matches whose sub begins with its prefix, and nobody else, whatever the prefix is.
func FuzzPartFilter(f *testing.F) {
	for _, prefix := range []string{"", "0a", `"`, `\`, `\"`, `" or sub ^= "`, "\n", strings.Repeat("é", 250)} {
		f.Add(prefix, "0a1")
	}
	f.Fuzz(func(t *testing.T, prefix, other string) {
		filter := subRange{prefix: prefix}.filter()
		if prefix == "" {
			if filter != nil {
				t.Fatalf("the filter of everybody is %s", *filter)
			}
			return
		}
		if !utf8.ValidString(prefix + other) {
			return // JSON is UTF-8
		}
		for _, sub := range []string{prefix, prefix + other, other, other + prefix} {
			got, err := cognitotest.FilterMatches(*filter, cognitotest.User{Sub: sub})
			if tooLong := utf8.RuneCountInString(*filter) > 256; tooLong != (err != nil) {
				t.Fatalf("filter %q: %v", *filter, err)
			}
			if err == nil && got != strings.HasPrefix(sub, prefix) {
				t.Fatalf("filter %q and sub %q: %v", *filter, sub, got)
			}
		}
	})
}

// A chain of pages sends each token that it was given, once and in its order, and no empty one. It ends with the first page without a token,
// and fails with the first that it was given before.
func FuzzChain(f *testing.F) {
	for _, tokens := range []string{"", "a", "a\nb\nc", "a\nb\na\nc", "a\n\nb", " \n\t", "a\na"} {
		f.Add(tokens)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		tokens := strings.Split(lines, "\n")
		wantPages, wantFailure := 1, false
		known := map[string]bool{}
		for _, token := range tokens {
			if token == "" {
				break
			}
			if wantFailure = known[token]; wantFailure {
				break
			}
			known[token] = true
			wantPages++
		}

		asked, taken := 0, 0
		err := chain(t.Context(), &Pool{}, listUsers, func(_ context.Context, token *string) ([]int, *string, error) {
			if first := asked == 0; first != (token == nil) || (!first && (*token == "" || *token != tokens[asked-1])) {
				t.Fatalf("page %d of %q was asked for with %v", asked, tokens, token)
			}
			asked++
			if asked > len(tokens) {
				return []int{asked}, nil, nil
			}
			return []int{asked}, &tokens[asked-1], nil
		}, func(pages []int, more bool) error {
			taken++
			if pages[0] != taken || more != (taken <= len(tokens) && tokens[taken-1] != "") {
				t.Fatalf("page %v was taken as number %d, more: %v", pages, taken, more)
			}
			return nil
		})
		if _, failed := errors.AsType[*dataflow.Error](err); failed != wantFailure || failed != (err != nil) || asked != wantPages || taken != wantPages {
			t.Fatalf("%q: %d pages asked for, %d taken, want %d; error %v, wanted one: %v", tokens, asked, taken, wantPages, err, wantFailure)
		}
	})
}

func FuzzParseTimestamp(f *testing.F) {
	fuzzParser(f, dataflow.Timestamp, "2024-05-01T10:00:00.123456Z", "2024-05-01T10:00:00-00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.9-00:01",
		"2016-12-31T23:59:60Z", "2024-05-01T10:00:00,5Z", "2024-05-01T1:00:00Z")
}

func FuzzParseDecimal(f *testing.F) {
	fuzzParser(f, dataflow.Number, "0", "-0", "-0.0", "007", "1e5", "1/2", "12.500", ".5", "5.", "0.0000000010",
		"99999999999999999999999999999.999999999", "100000000000000000000000000000")
}

// A parser takes what its type can hold and nothing else, and keeps what it means.
func fuzzParser(f *testing.F, column dataflow.ColumnType, texts ...string) {
	f.Helper()
	for _, text := range texts {
		f.Add(text)
	}
	parse, _ := parserOf(column)
	f.Fuzz(func(t *testing.T, text string) {
		value, ok := parse(text)
		if ok != holds(column, text) || (ok && !means(value, text)) {
			t.Fatalf("%q became %v, %v", text, value, ok)
		}
	})
}
