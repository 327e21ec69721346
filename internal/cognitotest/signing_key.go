package cognitotest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// keySetOperation is what Stats and OnRequest call a request for a pool's public signing keys. It is signed by nobody.
const keySetOperation = "jwks.json"

// keySetPath is where a pool's key set is, behind its ID.
// Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
const keySetPath = "/.well-known/jwks.json"

// SetSigningKeys replaces the pool's public signing keys. Without this a pool has two RSA keys of its own.
func (p *PoolHandle) SetSigningKeys(keys ...Fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

// newSigningKeys makes keys in the form of real ones. Nobody signs with them.
func newSigningKeys(poolID string) []Fields {
	number := func(bytes int, salt uint64) string {
		out := make([]byte, 0, bytes)
		for i := 0; len(out) < bytes; i++ {
			out = binary.BigEndian.AppendUint64(out, mix(mixText(poolID), salt, uint64(i)))
		}
		return base64.RawURLEncoding.EncodeToString(out[:bytes])
	}
	var keys []Fields
	for salt := range uint64(2) {
		keys = append(keys, Fields{"alg": "RS256", "e": "AQAB", "kid": number(32, 51+salt) + "=", "kty": "RSA", "n": number(256, 53+salt), "use": "sig"})
	}
	return keys
}

// keySetOf gives the ID of the pool whose key set a request asks for.
func keySetOf(r *http.Request) (poolID string, ok bool) {
	if r.Method != http.MethodGet {
		return "", false
	}
	return strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/"), keySetPath)
}

func keySet(c *call) ([]byte, error) {
	id := string(c.body)
	pools := c.server.poolsOf("")
	i := slices.IndexFunc(pools, func(p *PoolHandle) bool { return p.pool.ID == id })
	if i < 0 {
		return nil, fail("ResourceNotFoundException", "User pool %s does not exist.", id)
	}
	pools[i].mu.RLock()
	defer pools[i].mu.RUnlock()
	return json.Marshal(map[string]any{"keys": c.onWire(pools[i].keys)})
}
