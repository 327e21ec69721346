package cognito

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// poolUser is a user as per-user operations name it.
type poolUser struct {
	sub      string
	username string
}

// nobody is what probes ask for: a user, a provider, a domain that no pool needs to have.
const nobody = "skypoint-connection-check"

// eachUser calls take for every user of the pool, many side by side. An error of take ends it and is returned as it is.
//
// The users come from one chain of pages: calls of one user each are let through at 50 a second at most (UserResourceRead), and one
// chain gives some hundred users a second, so a divided list would only make chains wait. Between list and calls is a channel of
// one page: memory does not grow with the pool, and the chain stands still only for as long as it takes to call for two pages
// of users. That is minutes at the slowest rate a limiter goes down to, so its page token, which lives for an hour, is used in
// time although the calls for all users may take days.
func (p *Pool) eachUser(ctx context.Context, take func(context.Context, poolUser) error) error {
	group, ctx := errgroup.WithContext(ctx)
	users := make(chan poolUser, pageSize)
	group.Go(func() error {
		defer close(users)
		return dataflow.Guard(func() error {
			return each(ctx, p, listUsers, p.usersWhere(nil), func(u *types.UserType) error {
				sub := subOf(u)
				if sub == "" {
					return p.noSub(listUsers)
				}
				select {
				case users <- poolUser{sub, aws.ToString(u.Username)}:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			})
		})
	})
	for range maxChains {
		group.Go(func() error {
			return dataflow.Guard(func() error {
				for user := range users {
					if err := take(ctx, user); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	return group.Wait()
}

// ofUser reads what one user has, page after page. A user who was deleted since it was listed has nothing.
func ofUser[Item any](ctx context.Context, p *Pool, op operation, next fetch[Item], take func(*Item) error) error {
	return each(ctx, p, op, func(ctx context.Context, token *string) ([]Item, *string, error) {
		items, after, err := next(ctx, token)
		if hasCode(err, "UserNotFoundException") {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, p.unlessDeleted(ctx, err)
		}
		return items, after, nil
	}, take)
}

// PerUserCost says what reading a per-user table takes of a pool with so many users: a call per user at least, at the rate that
// a connector with this max_requests_per_second is let through. False: the table is no per-user table.
func PerUserCost(key string, users, maxRequestsPerSecond int64) (calls int64, takes time.Duration, ok bool) {
	t, err := tableOf(key)
	if err != nil || !t.perUser {
		return 0, 0, false
	}
	seconds := float64(users) / share(userResourceRead.perSecond, maxRequestsPerSecond)
	return users, time.Duration(seconds * float64(time.Second)), true
}
