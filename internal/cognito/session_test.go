package cognito

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// sts gives sessions that last so long, numbered by their key.
type sts struct {
	mu    sync.Mutex
	lasts time.Duration
	given int
	fails error
}

func (s *sts) Retrieve(context.Context) (aws.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return aws.Credentials{}, s.fails
	}
	s.given++
	return aws.Credentials{AccessKeyID: strconv.Itoa(s.given), SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(s.lasts)}, nil
}

func (s *session) key(t *testing.T) string {
	t.Helper()
	credentials, err := s.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return credentials.AccessKeyID
}

func TestSession_OfSecondsIsRenewedBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &sts{lasts: 2 * time.Second}
		s := &session{provider: aws.NewCredentialsCache(from)}
		for range 500 {
			credentials, err := s.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(credentials.Expires); left < 500*time.Millisecond { // a quarter of it
				t.Fatalf("a session was given out %s before its end", left)
			}
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // in a bubble: it is the fake clock that goes on
		}
		if from.given != 4 { // one each second and a half
			t.Errorf("%d sessions in 5 seconds", from.given)
		}
	})
}

func TestSession_ThatAWSTakesForEndedIsNotGivenAgain(t *testing.T) {
	s := &session{provider: aws.NewCredentialsCache(&sts{lasts: time.Hour})}
	if first, again := s.key(t), s.key(t); first != "1" || again != "1" {
		t.Errorf("keys %s and %s", first, again)
	}
	s.refused()
	if key := s.key(t); key != "2" {
		t.Errorf("key %s", key)
	}
}

func TestSession_LastsToItsEndWhereThereIsNoNewOne(t *testing.T) {
	from := &sts{lasts: time.Hour}
	s := &session{provider: aws.NewCredentialsCache(from)}
	s.key(t)
	s.window = 2 * time.Hour // as if it ended soon
	from.fails = errors.New("no STS")
	for range 3 {
		if key := s.key(t); key != "1" {
			t.Errorf("key %s", key)
		}
	}
	s.refused()
	if _, err := s.Retrieve(t.Context()); !errors.Is(err, from.fails) {
		t.Errorf("a session that AWS refused is given again: %v", err)
	}
}

func TestCall_SignsAgainWithANewSessionWhenAWSTakesTheOldOneForEnded(t *testing.T) {
	p, requests := describing(t, refusal("ExpiredTokenException", "The security token included in the request is expired"))
	from := &sts{lasts: time.Hour}
	p.session = &session{provider: aws.NewCredentialsCache(from)}
	p.session.key(t)
	if _, err := p.describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if key := p.session.key(t); key != "2" || requests() != 2 {
		t.Errorf("key %s after %d requests", key, requests())
	}
}
