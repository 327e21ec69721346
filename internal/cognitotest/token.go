package cognitotest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// tokenLife is how long a token can be used.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
const tokenLife = time.Hour

// token is what a pagination token says. It needs no memory in the server: its seal shows that the server made it,
// and for which request.
type token struct {
	at     cursor
	page   int32 // how many pages of the list are behind
	issued time.Time
}

const tokenBytes = 4 + 4 + 4 + 8 + 8

// seal writes the token. No two are alike: serial tells those of one place apart.
func (s *Server) seal(t token, scope string) string {
	text := make([]byte, 0, tokenBytes+sha256.Size)
	text = binary.BigEndian.AppendUint32(text, uint32(t.at.segment))
	text = binary.BigEndian.AppendUint32(text, uint32(t.at.offset))
	text = binary.BigEndian.AppendUint32(text, uint32(t.page))
	text = binary.BigEndian.AppendUint64(text, uint64(t.issued.UnixNano()))
	text = binary.BigEndian.AppendUint64(text, s.serial.Add(1))
	return base64.StdEncoding.EncodeToString(s.sign(text, scope)) // with +, / and =, as AWS's have
}

// open reads a token that this server gave for the same request not longer ago than tokenLife.
func (s *Server) open(text, scope string) (token, error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) != tokenBytes+sha256.Size || !hmac.Equal(sealed, s.sign(sealed[:tokenBytes:tokenBytes], scope)) {
		return token{}, invalid("Invalid pagination token given.")
	}
	t := token{
		at:     cursor{int32(binary.BigEndian.Uint32(sealed)), int32(binary.BigEndian.Uint32(sealed[4:]))},
		page:   int32(binary.BigEndian.Uint32(sealed[8:])),
		issued: time.Unix(0, int64(binary.BigEndian.Uint64(sealed[12:]))),
	}
	if s.opts.Clock().Sub(t.issued) > tokenLife {
		return token{}, invalid("Invalid pagination token given.")
	}
	return t, nil
}

func (s *Server) sign(text []byte, scope string) []byte {
	mac := hmac.New(sha256.New, binary.BigEndian.AppendUint64([]byte("cognitotest"), s.opts.Seed))
	_, _ = mac.Write(text) // a hash never fails
	_, _ = mac.Write([]byte(scope))
	return mac.Sum(text)
}
