package cognitotest

import (
	"strconv"
	"strings"
)

// What text may hold. Cognito stores whatever the client sent.
var hostileText = []string{
	"", " ", "null", "NULL", "nil", "undefined", "None", "NaN", `\N`, "true", "0",
	`"`, `'`, `""`, "`", `\`, `\\"`, `say "hi"`, `O'Brien`, `{"a":[1,null]}`, `a,b;c|d`, `=1+1`, "<script>&amp;</script>", "%s%d%n", "${jndi:x}", `\u0000`,
	"line\nbreak", "line\r\nbreak", "\n", "tab\there", "\t", "nul\x00inside", "\x00", "bell\x07 escape\x1b[31m delete\x7f", "c1\u0085\u009f",
	" leading", "trailing ", "no\u00a0break", "zero\u200bwidth", "joiner\u200d", "\ufeffmark", "line\u2028separator\u2029",
	"right\u200fto\u200eleft", "\u202eoverride\u202c", "שלום", "مرحبا", "日本語テキスト", "Ελληνικά", "ИВАН", "ß ẞ", "İi ıI",
	"é composed", "e\u0301 decomposed", "Å \u212b A\u030a", "ﬁ ligature", "\u0301", "Z̷̛̪a̶͓͝l̷̰̈g̸̱̈́o̵̠̿",
	"😀", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "\U0010ffff", "\uffff", "\ufffd",
	strings.Repeat("x", 2048), strings.Repeat("😀", 2048), strings.Repeat("é", 2048), strings.Repeat("\x00", 2048), strings.Repeat(`"`, 2048),
}

var hostileNumbers = []string{
	"0", "-1", "12.5", "0.000000001", "-0.000000001", "99999999999999999999999999999.999999999", "-99999999999999999999999999999.999999999", "20000000000000000001", "9007199254740993",
	"1.10", "100.000000000", "1.0000000000", // the end of the fraction carries no value
	"1e400", "-1e400", "1e-400", "1e5", "1E5", "0.0000000001", "1.0000000001", "100000000000000000000000000000",
	"12345678901234567890.12345678901234567890", "0.12345678901234567890", "1234567890123456789012345678901234567890", "340282366920938463463374607431768211456",
	"007", "00", "-0", "-0.0", "+1", ".5", "5.", "-", ".", "abc", "12abc", "", " ", " 1", "1 ", "1,000", "1_000", "1'000", "0x10", "1/2", "٣", "１２", "−1", "NaN", "Infinity", "-Infinity", "null", "1\n", "1\x00",
}

var hostileBooleans = []string{"true", "false", "True", "TRUE", "False", "yes", "no", "1", "0", "t", "", " true", "true ", "null", "вірно"}

var hostileDateTimes = []string{
	"2024-05-01T10:00:00Z", "2024-05-01T10:00:00.123Z", "2024-05-01T10:00:00.123456Z", "2024-05-01T10:00:00.1234567Z", "2024-05-01T10:00:00.123456789Z", "2024-05-01T10:00:00.123456000Z",
	"2024-05-01T10:00:00+05:30", "2024-05-01T10:00:00-00:00", "2024-05-01t10:00:00z", "2024-05-01T10:00:00", "2024-05-01 10:00:00", "2024-05-01 10:00:00Z", "2024-05-01", "20240501T100000Z", "2024-W18-3",
	"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2016-12-31T23:59:60Z", "2024-05-01T24:00:00Z", "2024-05-01T10:00:00+99:00",
	"0000-00-00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1583-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", "10000-01-01T00:00:00Z", "-0044-03-15T00:00:00Z",
	"1714557600", "1714557600000", "1714557600.123", "Wed, 01 May 2024 10:00:00 GMT", "05/01/2024", "yesterday", "", " ", "null", " 2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z\n",
}

// Attributes that no schema defines: left over from an earlier one, or differing from a defined one in case only.
var strayAttributes = []string{"custom:legacy", "custom:Plan", "CUSTOM:PLAN", "custom:scoré", "custom:a/b", `custom:"quoted"`, "dev:custom:note", "custom:custom:plan"}

// Usernames have no white space. Each pair is two names that careless comparison takes for one.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserType.html
var hostileUsernames = [][2]string{
	{"User", "user"}, {"é", "e\u0301"}, {"Å", "\u212b"}, {"straße", "STRASSE"}, {`"quoted"`, `'quoted'`}, {`back\slash`, "for/ward"},
	{"😀", "😁"}, {"null", "NULL"}, {"a,b", "a;b"}, {"../..", "%2e%2e"}, {"日本", "日夲"}, {"-1", "+1"}, {"ﬁ", "fi"}, {"İ", "i\u0307"}, {"=cmd()", "@cmd()"}, {"007.", "7."},
}

// spoil makes a realistic user a hostile one. It stays unique.
func (d draws) spoil(u *User) {
	for i := range u.Attributes {
		a := &u.Attributes[i]
		salt := saltSpoil + uint64(i)
		switch a.Name {
		case "sub", "identities":
			continue
		case "custom:score", "updated_at":
			a.Value = pick(d, salt, hostileNumbers)
		case "email_verified", "phone_number_verified", "custom:vip":
			a.Value = pick(d, salt, hostileBooleans)
		case "custom:joined":
			a.Value = pick(d, salt, hostileDateTimes)
		default:
			if d.hash(salt)>>32%4 != 0 { // the others keep what they have
				a.Value = pick(d, salt, hostileText)
			}
		}
	}
	if u.Username != u.Sub && u.Status != "EXTERNAL_PROVIDER" {
		// Two neighbours share their number, so that their pair is all that tells them apart.
		pair := hostileUsernames[d.rank/2%len(hostileUsernames)]
		u.Username = pair[d.rank%2] + strconv.Itoa(d.rank/2)
		if d.cohort > 0 {
			u.Username += "x" + strconv.Itoa(int(d.cohort))
		}
	}
	stray := d.hash(saltLegacy)
	if stray%5 == 0 {
		name := strayAttributes[stray>>8%uint64(len(strayAttributes))]
		u.Attributes = append(u.Attributes, AttributeValue{name, hostileText[stray>>16%uint64(len(hostileText))]})
	}
}
