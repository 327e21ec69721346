package cognitotest

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The JSON of users and groups is appended by hand: encoding/json takes several times as long, and benchmarks of a
// client would measure it.

func appendUsers(out []byte, users []User, attributes []string) []byte {
	out = append(out, '[')
	for i, u := range users {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"Username":`...)
		out = appendText(out, u.Username)
		out = append(out, `,"Attributes":[`...)
		first := true
		for _, a := range u.Attributes {
			if len(attributes) > 0 && !slices.Contains(attributes, a.Name) {
				continue
			}
			if !first {
				out = append(out, ',')
			}
			first = false
			out = append(out, `{"Name":`...)
			out = appendText(out, a.Name)
			out = append(out, `,"Value":`...)
			out = appendText(out, a.Value)
			out = append(out, '}')
		}
		out = append(out, `],"UserCreateDate":`...)
		out = appendTime(out, u.CreatedAt)
		out = append(out, `,"UserLastModifiedDate":`...)
		out = appendTime(out, u.UpdatedAt)
		out = append(out, `,"Enabled":`...)
		out = strconv.AppendBool(out, u.Enabled)
		out = append(out, `,"UserStatus":`...)
		out = appendText(out, u.Status)
		out = append(out, '}')
	}
	return append(out, ']')
}

func appendGroups(out []byte, groups []Group, poolID string) []byte {
	out = append(out, '[')
	for i, g := range groups {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"GroupName":`...)
		out = appendText(out, g.Name)
		out = append(out, `,"UserPoolId":`...)
		out = appendText(out, poolID)
		if g.Description != nil {
			out = append(out, `,"Description":`...)
			out = appendText(out, *g.Description)
		}
		if g.RoleARN != nil {
			out = append(out, `,"RoleArn":`...)
			out = appendText(out, *g.RoleARN)
		}
		if g.Precedence != nil {
			out = append(out, `,"Precedence":`...)
			out = strconv.AppendInt(out, int64(*g.Precedence), 10)
		}
		out = append(out, `,"LastModifiedDate":`...)
		out = appendTime(out, g.UpdatedAt)
		out = append(out, `,"CreationDate":`...)
		out = appendTime(out, g.CreatedAt)
		out = append(out, '}')
	}
	return append(out, ']')
}

// appendTime appends seconds since 1970 with milliseconds.
func appendTime(out []byte, at time.Time) []byte {
	ms := at.UnixMilli()
	if ms < 0 {
		out = append(out, '-')
		ms = -ms
	}
	out = strconv.AppendInt(out, ms/1000, 10)
	return append(out, '.', byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
}

// appendText appends a JSON string. Only what JSON does not allow is escaped.
func appendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	start := 0
	for i := 0; i < len(text); {
		b := text[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				out = append(append(out, text[start:i]...), `\ufffd`...)
				start = i + size
			}
			i += size
			continue
		}
		out = append(out, text[start:i]...)
		switch b {
		case '"', '\\':
			out = append(out, '\\', b)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		}
		i++
		start = i
	}
	return append(append(out, text[start:]...), '"')
}

// appendToken ends an answer, with a token unless it is the last page.
func appendToken(out []byte, name string, token *string) []byte {
	if token != nil {
		out = append(out, `,"`...)
		out = append(out, name...)
		out = append(out, `":`...)
		out = appendText(out, *token)
	}
	return append(out, '}')
}
