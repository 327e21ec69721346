package cognitotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	targetPrefix = "AWSCognitoIdentityProviderService."
	contentType  = "application/x-amz-json-1.1"
	maxBody      = 1 << 20
)

// call is a request that passed the signature.
type call struct {
	server *Server
	op     string
	region string
	body   []byte
	users  int // handed out
}

// operation answers a call with the JSON of its result.
type operation func(*call) ([]byte, error)

// operations is what the server knows. A new one is a file of its own and a line here.
var operations = map[string]operation{
	"DescribeUserPool":         describeUserPool,
	"ListUsers":                listUsers,
	"ListGroups":               listGroups,
	"ListUsersInGroup":         listUsersInGroup,
	"GetUserPoolMfaConfig":     getUserPoolMfaConfig,
	"ListUserPoolClients":      listUserPoolClients,
	"DescribeUserPoolClient":   describeUserPoolClient,
	"ListIdentityProviders":    listIdentityProviders,
	"DescribeIdentityProvider": describeIdentityProvider,
	"ListResourceServers":      listResourceServers,
	"DescribeUserPoolDomain":   describeUserPoolDomain,
	"ListUserImportJobs":       listUserImportJobs,
	"AdminListDevices":         adminListDevices,
	"AdminListUserAuthEvents":  adminListUserAuthEvents,
	keySetOperation:            keySet,
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	var n int64
	s.count(func(stats *Stats) { stats.Requests++; n = stats.Requests })
	w.Header().Set("X-Amzn-RequestId", fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(mix(s.opts.Seed, uint64(n))), n))

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || !s.wait(r) {
		s.count(func(stats *Stats) { stats.Left++ })
		panic(http.ErrAbortHandler)
	}

	injected := s.opts.Faults.draw(s.opts.Seed, uint64(n))
	switch injected {
	case faultDropped:
		s.count(injected.count)
		panic(http.ErrAbortHandler) // net/http closes the connection
	case faultInternalError:
		s.count(injected.count)
		writeError(w, &apiError{http.StatusInternalServerError, "InternalErrorException", "An internal error has occurred."})
		return
	case faultUnavailable:
		s.count(injected.count)
		http.Error(w, "<html><body>503 Service Unavailable</body></html>", http.StatusServiceUnavailable)
		return
	case noFault, faultThrottled, faultTruncated: // later
	}

	c, err := s.admit(r, body)
	if err != nil {
		s.count(func(stats *Stats) { stats.Refused++ })
		writeError(w, err)
		return
	}
	if injected == faultThrottled || !s.allow(c.region, c.op) {
		s.count(func(stats *Stats) {
			if injected == noFault {
				stats.Throttled++
			}
			injected.count(stats)
		})
		writeError(w, fail("TooManyRequestsException", "Too many requests"))
		return
	}
	if injected == faultTruncated {
		s.count(injected.count)
		result, err := operations[c.op](c)
		if err == nil {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Length", strconv.Itoa(len(result)))
			_, _ = w.Write(result[:len(result)/2]) // who is to be cut off may as well have left
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}

	var calls int64
	s.count(func(stats *Stats) {
		stats.Calls[c.op]++
		calls = stats.Calls[c.op]
		if isUserList(c.op) {
			stats.Listed.add(s.opts.Clock())
		}
	})
	if s.opts.OnRequest != nil {
		s.opts.OnRequest(c.op, int(calls))
	}
	result, err := operations[c.op](c)
	if err != nil {
		writeError(w, err)
		return
	}
	s.count(func(stats *Stats) { stats.Users += int64(c.users) })
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(result)))
	_, _ = w.Write(result) // the client has left: nobody to tell
}

// wait lets the latency pass. It is false when the client left meanwhile.
func (s *Server) wait(r *http.Request) bool {
	if s.opts.Latency <= 0 {
		return true
	}
	timer := time.NewTimer(s.opts.Latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// admit lets a request pass that is one of this API's, signed by a known key that may do what it asks for.
func (s *Server) admit(r *http.Request, body []byte) (*call, error) {
	if pool, ok := keySetOf(r); ok {
		return &call{server: s, op: keySetOperation, body: []byte(pool)}, nil
	}
	op, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if !ok || operations[op] == nil || r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, fail("UnknownOperationException", "")
	}
	credential, region, err := s.authenticate(r, body)
	if err != nil {
		return nil, err
	}
	if slices.Contains(credential.Deny, op) {
		var in struct{ UserPoolID string }
		_ = json.Unmarshal(body, &in) // without one, AWS names no pool either
		return nil, fail("AccessDeniedException",
			"User: arn:aws:iam::%[1]s:user/test is not authorized to perform: cognito-idp:%[2]s on resource: arn:aws:cognito-idp:%[3]s:%[1]s:userpool/%[4]s because no identity-based policy allows the cognito-idp:%[2]s action",
			accountID, op, region, in.UserPoolID)
	}
	return &call{server: s, op: op, region: region, body: body}, nil
}

// decode reads the call's input.
func (c *call) decode(in any) error {
	if err := json.Unmarshal(c.body, in); err != nil {
		return fail("SerializationException", "")
	}
	return nil
}

// onlyPool gives the pool of an operation that takes nothing else.
func (c *call) onlyPool() (*PoolHandle, error) {
	var in struct{ UserPoolID *string }
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return c.pool(in.UserPoolID)
}

// pool gives the pool that the call is about.
func (c *call) pool(id *string) (*PoolHandle, error) {
	const pattern = `Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`
	if id == nil {
		return nil, invalid("1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null")
	}
	if len(*id) > 55 {
		return nil, violated(*id, "userPoolId", "Member must have length less than or equal to 55")
	}
	if !poolIDRule.MatchString(*id) {
		return nil, violated(*id, "userPoolId", pattern)
	}
	p := c.server.pool(c.region, *id)
	if p == nil {
		return nil, fail("ResourceNotFoundException", "User pool %s does not exist.", *id)
	}
	return p, nil
}

func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{http.StatusInternalServerError, "InternalErrorException", err.Error()}
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-ErrorType", e.code+":") // the colon is Cognito's
	w.WriteHeader(e.status)
	text, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.code, e.message})
	if err == nil {
		_, _ = w.Write(text)
	}
}
