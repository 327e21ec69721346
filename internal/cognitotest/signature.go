package cognitotest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	signatureAlgorithm = "AWS4-HMAC-SHA256"
	signatureTime      = "20060102T150405Z"
	signatureSkew      = 5 * time.Minute
	signatureService   = "cognito-idp"
)

// authenticate checks the request's Signature Version 4, and gives the credential and the Region it is signed for.
//
// It is written out here and not left to the SDK's signer: other clients sign other headers, and AWS's answer to a wrong
// signature quotes what should have been signed, which the signer does not tell.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
func (s *Server) authenticate(r *http.Request, body []byte) (*Credential, string, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, "", fail("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	parts := map[string]string{}
	algorithm, rest, _ := strings.Cut(header, " ")
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/") // key, date, Region, service, "aws4_request"
	if algorithm != signatureAlgorithm || len(scope) != 5 || parts["SignedHeaders"] == "" || parts["Signature"] == "" {
		return nil, "", fail("IncompleteSignatureException", "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters and existence of either a 'X-Amz-Date' or a 'Date' header.")
	}

	credential := s.credential(scope[0])
	if credential == nil || r.Header.Get("X-Amz-Security-Token") != credential.SessionToken {
		return nil, "", fail("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if credential.Expired {
		return nil, "", fail("ExpiredTokenException", "The security token included in the request is expired")
	}
	stamp := r.Header.Get("X-Amz-Date")
	if err := checkStamp(stamp, scope); err != nil {
		return nil, "", err
	}

	canonical := canonicalRequest(r, strings.Split(parts["SignedHeaders"], ";"), body)
	toSign := strings.Join([]string{signatureAlgorithm, stamp, strings.Join(scope[1:], "/"), hexSHA256([]byte(canonical))}, "\n")
	key := []byte("AWS4" + credential.SecretAccessKey)
	for _, part := range scope[1:] {
		key = hmacSHA256(key, part)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(hmacSHA256(key, toSign))), []byte(parts["Signature"])) {
		return nil, "", fail("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n"+
			"The Canonical String for this request should have been\n'%s'\n\nThe String-to-Sign should have been\n'%s'\n", canonical, toSign)
	}
	return credential, scope[2], nil
}

// checkStamp checks the time of a signature and what it is scoped to.
func checkStamp(stamp string, scope []string) error {
	signed, err := time.Parse(signatureTime, stamp)
	if err != nil || !strings.HasPrefix(stamp, scope[1]) {
		return fail("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", scope[1], stamp)
	}
	if scope[3] != signatureService || scope[4] != "aws4_request" {
		return fail("InvalidSignatureException", "Credential should be scoped to correct service: '%s'.", signatureService)
	}
	now := time.Now().UTC()
	if earliest := now.Add(-signatureSkew); signed.Before(earliest) {
		return fail("InvalidSignatureException", "Signature expired: %s is now earlier than %s (%s - 5 min.)", stamp, earliest.Format(signatureTime), now.Format(signatureTime))
	}
	if latest := now.Add(signatureSkew); signed.After(latest) {
		return fail("InvalidSignatureException", "Signature not yet current: %s is still later than %s (%s + 5 min.)", stamp, latest.Format(signatureTime), now.Format(signatureTime))
	}
	return nil
}

func canonicalRequest(r *http.Request, signed []string, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range signed {
		b.WriteString(name + ":")
		switch name {
		case "host": // net/http takes these two out of the header
			b.WriteString(r.Host)
		case "content-length":
			b.WriteString(r.Header.Get("Content-Length"))
			if r.Header.Get("Content-Length") == "" {
				b.WriteString(strconv.Itoa(len(body)))
			}
		default:
			for i, value := range r.Header.Values(name) {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(strings.Join(strings.Fields(value), " "))
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + hexSHA256(body))
	return b.String()
}

func canonicalQuery(query url.Values) string {
	for _, values := range query {
		sort.Strings(values)
	}
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}

func hexSHA256(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(text)) // a hash never fails
	return mac.Sum(nil)
}
