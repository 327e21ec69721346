package cognito

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/text/unicode/norm"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// attributeColumns gives one column per attribute that the pool's schema defines, except those that have a column
// anyway. Standard attributes come first, then custom: ones, then dev: ones, each in the order of their names:
// AWS promises no order.
func attributeColumns(attributes []types.SchemaAttributeType, reserved []string) []dataflow.Column {
	byName := map[string]types.SchemaAttributeType{}
	for _, a := range attributes {
		name := aws.ToString(a.Name)
		if _, twice := byName[name]; name == "" || twice || name == attributeSub || name == attributeIdentities {
			continue
		}
		byName[name] = a
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(prefixRank(a), prefixRank(b)), cmp.Compare(a, b))
	})
	columnNames := nameColumns(names, reserved)
	all := make([]dataflow.Column, 0, len(names))
	for _, name := range names {
		dataType := byName[name].AttributeDataType
		all = append(all, dataflow.Column{
			Name: columnNames[name], Type: columnType(dataType), Source: name, Description: describeAttribute(name), IsAttribute: true,
		})
	}
	return all
}

// columnType gives the column type of an attribute's data type. Every value is text on the wire,
// so a data type that is not known here is held as it comes.
func columnType(t types.AttributeDataType) dataflow.ColumnType {
	switch t {
	case types.AttributeDataTypeNumber:
		return dataflow.Number
	case types.AttributeDataTypeDatetime:
		return dataflow.Timestamp
	case types.AttributeDataTypeBoolean:
		return dataflow.Boolean
	case types.AttributeDataTypeString:
		return dataflow.String
	default:
		return dataflow.String
	}
}

// Prefixes that Cognito gives the names of attributes.
const (
	prefixCustom    = "custom:"
	prefixDeveloper = "dev:"
)

func prefixRank(name string) int {
	switch {
	case strings.HasPrefix(name, prefixCustom):
		return 1
	case strings.HasPrefix(name, prefixDeveloper):
		return 2
	default:
		return 0
	}
}

// nameColumns proposes the name of its column for each attribute: lower case, with letters and digits of any script, and _ for all else
// (custom:plan → custom_plan, custom:部署 → custom_部署); names that are taken by a column of every user's, or begin with no letter,
// are put behind attribute_ (updated_at → attribute_updated_at).
//
// Attributes whose names come out equal (custom:plan, custom:Plan) get a hash of the exact name behind it; the one whose name was not changed
// keeps the plain one. It is a hash and not a number so that an attribute that is added later changes only the proposals that it collides
// with. A table that has a column for an attribute keeps it, whatever is proposed.
func nameColumns(attributes, reserved []string) map[string]string {
	byColumn := map[string][]string{}
	for _, a := range attributes {
		column := plainColumn(a, reserved)
		byColumn[column] = append(byColumn[column], a)
	}
	taken := map[string]bool{}
	for _, r := range reserved {
		taken[r] = true
	}
	names := map[string]string{}
	var collided []string
	for column, rivals := range byColumn {
		taken[column] = true // a hashed name never takes it, whoever has it
		winner := winnerOf(rivals, column)
		for _, a := range rivals {
			if a == winner {
				names[a] = column
			} else {
				collided = append(collided, a)
			}
		}
	}
	slices.Sort(collided)
	for _, a := range collided {
		sum := sha256.Sum256([]byte(a))
		hash := hex.EncodeToString(sum[:])
		column := ""
		for n := 8; column == "" || taken[column]; n++ {
			column = plainColumn(a, reserved) + "_" + hash[:n]
		}
		taken[column] = true
		names[a] = column
	}
	return names
}

// winnerOf gives the attribute that keeps the plain name: the only one, or the only one that loses least by it.
func winnerOf(rivals []string, column string) string {
	best, winner := 3, ""
	for _, a := range rivals {
		loss := 2
		switch {
		case a == column:
			loss = 0
		case afterPrefix(a) == column:
			loss = 1
		}
		if len(rivals) == 1 {
			loss = 0
		}
		switch {
		case loss < best:
			best, winner = loss, a
		case loss == best:
			winner = ""
		}
	}
	return winner
}

// afterPrefix replaces only the colons of Cognito's own prefixes.
func afterPrefix(attribute string) string {
	var out strings.Builder
	for _, prefix := range []string{prefixDeveloper, prefixCustom} {
		if rest, ok := strings.CutPrefix(attribute, prefix); ok {
			out.WriteString(strings.TrimSuffix(prefix, ":") + "_")
			attribute = rest
		}
	}
	return out.String() + attribute
}

// plainColumn writes letters in their composed form, so that what looks the same is the same.
func plainColumn(attribute string, reserved []string) string {
	column := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, norm.NFC.String(attribute))
	if first, _ := utf8.DecodeRuneInString(column); !unicode.IsLetter(first) || slices.Contains(reserved, column) {
		column = "attribute_" + column
	}
	return column
}

// describeAttribute says what an attribute is.
func describeAttribute(name string) string {
	if d, ok := standardAttributes[name]; ok {
		return d
	}
	switch prefixRank(name) {
	case 1:
		return "The custom attribute " + strings.TrimPrefix(name, prefixCustom) + "."
	case 2:
		return "The developer-only attribute " + strings.TrimPrefix(strings.TrimPrefix(name, prefixDeveloper), prefixCustom) + "."
	default:
		return "The attribute " + name + "."
	}
}

// standardAttributes says what the standard attributes are.
// Source: https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
var standardAttributes = map[string]string{
	"address":               "The preferred postal address.",
	"birthdate":             "The birthday, as text.",
	"email":                 "The email address.",
	"email_verified":        "Whether the email address is known to be the user's.",
	"family_name":           "The surname or last name.",
	"gender":                "The gender.",
	"given_name":            "The given name or first name.",
	"locale":                "The language and region the user prefers.",
	"middle_name":           "The middle name.",
	"name":                  "The full name as it is shown.",
	"nickname":              "The casual name.",
	"phone_number":          "The phone number.",
	"phone_number_verified": "Whether the phone number is known to be the user's.",
	"picture":               "The address of a picture.",
	"preferred_username":    "The name the user wants to be known by.",
	"profile":               "The address of a profile page.",
	"updated_at":            "When the user's information was last changed, in seconds since 1970, as whoever changed it says.",
	"website":               "The address of a web page or blog.",
	"zoneinfo":              "The time zone.",
}
