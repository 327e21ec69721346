package cognito

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// expiryWindow is how long before its end a session is renewed: a request that is sent with its last breath waits, and arrives too late.
const expiryWindow = time.Minute

// session gives the credentials of a connector, and new ones before they end. The SDK keeps them until they have ended, and nothing tells it
// that AWS refused them: refused does. It may be used concurrently.
type session struct {
	provider aws.CredentialsProvider // the SDK's cache, where the credentials can end

	mu     sync.Mutex
	last   aws.Credentials // that can end, as long as AWS has not refused them
	window time.Duration   // how long before their end they are renewed: not all the time where a session lasts seconds
}

// Retrieve implements aws.CredentialsProvider.
func (s *session) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := s.provider.Retrieve(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		return s.lasting(credentials, err)
	}
	if !credentials.CanExpire {
		return credentials, nil
	}
	left := time.Until(credentials.Expires)
	if !credentials.Expires.Equal(s.last.Expires) {
		s.window = min(expiryWindow, left/4)
	}
	s.last = credentials
	if left > s.window {
		return credentials, nil
	}
	s.invalidate()
	renewed, err := s.provider.Retrieve(ctx)
	if err != nil {
		return s.lasting(renewed, err)
	}
	if renewed.Expires.Equal(s.last.Expires) {
		s.window = 0 // whoever gives them has no newer ones
	}
	return renewed, nil
}

// lasting gives the credentials that are good for a while, where there are no new ones: the next request asks for some again.
func (s *session) lasting(none aws.Credentials, err error) (aws.Credentials, error) {
	if s.last.HasKeys() && time.Until(s.last.Expires) > 0 {
		return s.last, nil
	}
	return none, &signInError{err}
}

// refused says that AWS takes the credentials for ended. The next request gets new ones, where there is a place that gives some.
func (s *session) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = aws.Credentials{}
	s.invalidate()
}

func (s *session) invalidate() {
	if cache, ok := s.provider.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}
