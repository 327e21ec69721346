package cognito

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

const (
	// A part with more pages left than this is always divided, so that an interrupted scan does not lose much: 64 such parts are read in a
	// quarter of an hour at the whole quota. It costs half a percent more requests.
	manyPages = 250
	// A part with fewer pages left than this is not divided as long as everybody has something to do.
	fewPages = 20
	// Dividing a part costs at least a request for each of the new ones.
	splitCost = float64(len(subAlphabet))
)

// userScan reads every user of a pool.
//
// One chain of pages waits for an answer before it can ask again, so it reads 60 users a round trip, whatever the quota allows. A pool
// that has more than a few pages is therefore divided by the first characters of the sub, and its parts are read side by side: as
// many as it takes to use the quota, each divided further where it turns out to be large. How a part is divided depends on the subs that
// were seen in it, never on a fixed number of characters.
//
// Every user that exists throughout the scan is given. Each part's chain is read to its end, the parts cover every sub that has the usual form,
// and users from the undivided list are looked for in the result (witness). When a sub has another form, or one of these users is missing, or the
// endpoint does not filter, the undivided list is read to its end instead.
//
// A part that a failed run has read to its end is not read again. Users who were deleted since are deleted by the next import. Users of the undivided list are
// not looked for in such a part, since they may be new; that the endpoint filters, the part's own run has found out.
type userScan struct {
	pool    *Pool
	reader  *userReader
	to      dataflow.Sink
	pages   float64 // that the pool is expected to have
	front   *frontier
	share   *chainShare
	witness *witness
	kept    atomic.Int64
	resumed []string // the prefixes of the parts that an earlier run has read
}

// scanUsers reads every user.
func scanUsers(ctx context.Context, p *Pool, schema dataflow.Schema, to dataflow.Sink) (dataflow.ScanReport, error) {
	r, err := newUserReader(schema)
	if err != nil {
		return dataflow.ScanReport{}, err
	}
	s := &userScan{
		pool: p, reader: r, to: to, pages: float64(p.estimated.Load()) / pageSize,
		front: newFrontier(), share: processChains.join(), witness: newWitness(),
	}
	defer s.share.leave()
	report, err := s.run(ctx)
	switch {
	case errors.Is(err, errUndividable) && len(s.resumed) > 0:
		// What was taken over can't be given back, and may hold users who are gone.
		return dataflow.ScanReport{}, &dataflow.Error{
			Code: dataflow.CodeGuard, Op: listUsers.name, Object: p.target.object(), Cause: err,
			Hint: "What an earlier run has read was of no use. Run it again: it begins anew.",
		}
	case errors.Is(err, errUndividable):
		return s.readAll(ctx)
	}
	return report, err
}

var (
	// errWhole ends the parts: the undivided list was short enough to be read to its end.
	errWhole = errors.New("the list was read to its end")
	// errSplit ends a chain whose part is divided.
	errSplit = errors.New("the part is divided")
	// errUndividable says that reading by parts gives something else than the whole.
	errUndividable = errors.New("the pool can't be read in parts")
)

// run reads the undivided list, and once that turns out to be long the parts beside it.
func (s *userScan) run(outer context.Context) (dataflow.ScanReport, error) {
	group, ctx := errgroup.WithContext(outer)
	stop := context.AfterFunc(ctx, s.front.close)
	defer stop()
	var whole dataflow.ScanReport
	group.Go(func() error {
		return dataflow.Guard(func() (err error) {
			whole, err = s.readUndivided(ctx, func() {
				for range maxChains {
					group.Go(func() error { return dataflow.Guard(func() error { return s.readParts(ctx) }) })
				}
			})
			return err
		})
	})
	switch err := group.Wait(); {
	case errors.Is(err, errWhole):
		return whole, nil
	case err != nil:
		return dataflow.ScanReport{}, err
	}
	return dataflow.ScanReport{KeptAsText: s.kept.Load()}, s.check(outer)
}

// readUndivided reads the undivided list. When that is long it makes parts of it and has them read, and goes on
// only as far as the witness needs it. When it comes to the end the list is read, and that is errWhole.
func (s *userScan) readUndivided(ctx context.Context, startReaders func()) (dataflow.ScanReport, error) {
	var report dataflow.ScanReport
	pages, divided := 0, false
	err := s.chain(ctx, subRange{}, func(users []types.UserType, more bool) error {
		pages++
		subs, err := s.give(users, &report, s.to.Put)
		if err != nil {
			return err
		}
		if pages <= witnessPages {
			s.witness.called(subs)
		}
		if everybody := (subRange{pages: s.pages}); more && !divided && everybody.left(pages) > 2*witnessPages {
			var parts []subRange
			if parts, divided = everybody.split(subs); divided {
				if err := s.resume(); err != nil {
					return err
				}
				s.front.add(without(parts, s.resumed))
				startReaders()
			}
		}
		if more && divided && pages >= witnessPages {
			s.witness.rest()
			return errSplit
		}
		return nil
	})
	switch {
	case errors.Is(err, errSplit):
		return dataflow.ScanReport{}, nil
	case err != nil:
		return dataflow.ScanReport{}, err
	}
	return report, errWhole
}

// resume takes over what an earlier run has read.
func (s *userScan) resume() error {
	parts, err := s.to.Resume(func(string) bool { return true })
	if err != nil {
		return err
	}
	for _, p := range parts {
		s.resumed = append(s.resumed, p.Name)
		s.kept.Add(p.KeptAsText)
	}
	return nil
}

// readParts reads one part after the other, until there are none.
func (s *userScan) readParts(ctx context.Context) error {
	for {
		next, ok := s.front.take()
		if !ok {
			return nil
		}
		var into []subRange
		err := s.share.do(ctx, func() (err error) {
			into, err = s.readPart(ctx, next)
			return err
		})
		s.front.done(into)
		if err != nil {
			return err
		}
	}
}

// readPart reads a part to its end, or gives the parts that it is divided into.
func (s *userScan) readPart(ctx context.Context, p subRange) ([]subRange, error) {
	var into []subRange
	var report dataflow.ScanReport
	pages, to := 0, s.to.Part(p.prefix)
	err := s.chain(ctx, p, func(users []types.UserType, more bool) error {
		pages++
		subs, err := s.give(users, &report, to.Put)
		if err != nil {
			return err
		}
		s.witness.met(subs)
		for _, sub := range subs {
			if !strings.HasPrefix(sub, p.prefix) {
				return errUndividable // whoever ignores the filter gives everybody again and again
			}
		}
		if more && s.pays(p, pages) {
			if parts, ok := p.split(subs); ok {
				into = parts
				return errSplit
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errSplit):
		return into, nil // what was given is given again, and counted then
	case pages == 0 && hasCode(err, "InvalidParameterException"):
		return nil, fmt.Errorf("%w: %w", errUndividable, err)
	case err != nil:
		return nil, err
	}
	s.kept.Add(report.KeptAsText)
	return nil, to.Done(report.KeptAsText)
}

// pays says whether a part of which so many pages were read should be divided.
func (s *userScan) pays(p subRange, pages int) bool {
	read, left := float64(pages), p.left(pages)
	wanted := min(s.pool.saturation(), float64(s.share.size()))
	if left > min(manyPages, max(fewPages, s.pages/wanted)) {
		return true
	}
	spare := wanted - float64(s.front.busy())
	return spare >= 1 && left >= 4 && (left+read+splitCost)/(spare+1) < left
}

// check asks for the users whom no part has met: one that is still there was overlooked. So many that they fill a page can't all
// have been deleted since the scan began.
func (s *userScan) check(ctx context.Context) error {
	unmet := slices.DeleteFunc(s.witness.unmet(), func(sub string) bool { return isIn(sub, s.resumed) })
	if len(unmet) >= pageSize {
		return errUndividable
	}
	for _, sub := range unmet {
		if strings.Trim(sub, subAlphabet) != "" {
			return errUndividable // the parts don't cover it, and whether a filter can name it nobody knows
		}
		found := false
		filter := subRange{prefix: sub}.filter()
		err := chain(ctx, s.pool, listUsers, s.pool.usersWhere(filter), func(users []types.UserType, _ bool) error {
			for i := range users {
				found = found || subOf(&users[i]) == sub
			}
			return nil
		})
		if err != nil {
			return err
		}
		if found {
			return errUndividable
		}
	}
	return nil
}

// readAll reads the undivided list to its end.
func (s *userScan) readAll(ctx context.Context) (dataflow.ScanReport, error) {
	var report dataflow.ScanReport
	err := s.chain(ctx, subRange{}, func(users []types.UserType, _ bool) error {
		_, err := s.give(users, &report, s.to.Put)
		return err
	})
	return report, err
}

func (s *userScan) chain(ctx context.Context, p subRange, take func(users []types.UserType, more bool) error) error {
	return chain(ctx, s.pool, listUsers, s.pool.usersWhere(p.filter()), take)
}

// give hands a page of users on, and gives their subs.
func (s *userScan) give(users []types.UserType, report *dataflow.ScanReport, put func(dataflow.Row) error) ([]string, error) {
	subs := make([]string, 0, len(users))
	for i := range users {
		row, kept, err := s.reader.row(&users[i])
		if err != nil {
			return nil, s.pool.noSub(listUsers)
		}
		sub, _ := row[s.reader.sub].(string)
		subs = append(subs, sub)
		report.KeptAsText += kept
		if err := put(row); err != nil {
			return nil, err
		}
	}
	return subs, nil
}

// usersWhere gives the users that a filter matches, page by page; nil matches all.
//
// AttributesToGet is never sent: AWS refuses a page on which one user lacks one of the attributes.
// Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
func (p *Pool) usersWhere(filter *string) fetch[types.UserType] {
	return func(ctx context.Context, token *string) ([]types.UserType, *string, error) {
		out, err := call(ctx, p, listUsers, &cip.ListUsersInput{
			UserPoolId: &p.target.poolID, Limit: aws.Int32(pageSize), Filter: filter, PaginationToken: token,
		}, p.client.ListUsers)
		if err != nil {
			return nil, nil, err
		}
		return out.Users, out.PaginationToken, nil
	}
}

// saturation is how many chains of pages it takes to use the quota: as many requests as are let through while one is answered,
// and a few more, because neither comes evenly.
func (p *Pool) saturation() float64 {
	underWay := p.leases[userList.name].Rate() * p.latency.seconds()
	return min(math.Ceil(underWay*1.25)+2, maxChains)
}
