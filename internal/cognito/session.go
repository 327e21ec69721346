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
// that AWS refused them: renew does. It may be used concurrently.
type session struct {
	provider aws.CredentialsProvider // the SDK's cache, where the credentials can end

	mu     sync.Mutex
	ends   time.Time     // of the credentials that were seen last
	window time.Duration // theirs: a session that lasts seconds is not renewed all the time
}

// Retrieve implements aws.CredentialsProvider.
func (s *session) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := s.provider.Retrieve(ctx)
	if err != nil {
		return credentials, &signInError{err}
	}
	if !credentials.CanExpire {
		return credentials, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	left := time.Until(credentials.Expires)
	if !credentials.Expires.Equal(s.ends) {
		s.ends, s.window = credentials.Expires, min(expiryWindow, left/4)
	}
	if left > s.window {
		return credentials, nil
	}
	renewed, err := s.renew(ctx)
	if err != nil && left > 0 {
		return credentials, nil // they are good for a while, and the next request tries again
	}
	return renewed, err
}

// refused says that AWS takes the credentials for ended. The next request gets new ones, where there is a place that gives some.
func (s *session) refused() {
	if cache, ok := s.provider.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}

func (s *session) renew(ctx context.Context) (aws.Credentials, error) {
	s.refused()
	credentials, err := s.provider.Retrieve(ctx)
	if err != nil {
		return credentials, &signInError{err}
	}
	if credentials.Expires.Equal(s.ends) {
		s.window = 0 // whoever gives them has no newer ones
	} else {
		s.ends, s.window = credentials.Expires, min(expiryWindow, time.Until(credentials.Expires)/4)
	}
	return credentials, nil
}
