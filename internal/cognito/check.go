package cognito

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"golang.org/x/sync/errgroup"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// probeAttempts is how often in a row a probe of the connection check may fail: about six seconds. An operation that an endpoint
// does not have (an emulator's) fails like one that is out of order.
const probeAttempts = 6

// Check asks the pool who it is, and tries every operation that its tables need with the smallest request there is.
//
// An operation that does not work makes its tables not readable and gives the reason. A pool that may not be described is an error:
// without that nothing can be read. So is a pool that does not answer any more.
func (p *Pool) Check(ctx context.Context) (dataflow.ConnectionCheck, error) {
	pool, err := p.describe(ctx)
	if err != nil {
		return dataflow.ConnectionCheck{}, err
	}
	check := dataflow.ConnectionCheck{Source: Seen{UserPoolName: aws.ToString(pool.Name), EstimatedUsers: int64(pool.EstimatedNumberOfUsers)}.Raw()}
	var all []need
	for _, t := range tables {
		all = append(all, t.needs()...)
	}
	failures, err := p.probe(withAttempts(ctx, probeAttempts), all)
	if err != nil {
		return dataflow.ConnectionCheck{}, err
	}
	if slices.ContainsFunc(failures.list(), func(err error) bool { return dataflow.IsCode(err, dataflow.CodeUnreachable) }) {
		if _, err := p.describe(ctx); err != nil { // it is the pool, not one of its operations
			return dataflow.ConnectionCheck{}, err
		}
	}
	for _, t := range tables {
		available := dataflow.AvailableTable{Key: t.key, FileName: t.fileName, Description: t.description, Readable: true}
		for _, n := range t.needs() {
			if err := failures[n.name]; err != nil {
				available.Readable, available.Reason = false, n.reason(err)
				break
			}
		}
		check.AvailableTables = append(check.AvailableTables, available)
	}
	return check, nil
}

// CheckTables tries every operation that these tables need. Scanned says of each key whether its rows are read, or only its columns.
//
// Permissions that the credentials lack are one error, which lists all of them with the tables that need them. Any other failure is
// the error of the first table that meets it.
func (p *Pool) CheckTables(ctx context.Context, scanned map[string]bool) error {
	var chosen []table
	var all []need
	for _, t := range tables {
		rows, ok := scanned[t.key]
		if !ok {
			continue
		}
		if !rows {
			t.rows = nil
		}
		chosen = append(chosen, t)
		all = append(all, t.needs()...)
	}
	failures, err := p.probe(ctx, all)
	if err != nil {
		return err
	}
	if err := p.lacking(chosen, failures); err != nil {
		return err
	}
	slices.SortFunc(chosen, func(a, b table) int { return cmp.Compare(a.key, b.key) })
	for _, t := range chosen {
		for _, n := range t.needs() {
			if err := failures[n.name]; err != nil {
				return fmt.Errorf("table %s: %w", t.key, err)
			}
		}
	}
	return nil
}

// lacking gives the error for the permissions that the credentials lack, or nil when they lack none.
func (p *Pool) lacking(chosen []table, failures probeErrors) error {
	var actions, listed []string
	tablesOf := map[string][]string{}
	for _, t := range chosen {
		for _, n := range t.needs() {
			if !dataflow.IsCode(failures[n.name], dataflow.CodeAccessDenied) {
				continue
			}
			if tablesOf[n.action()] == nil {
				actions = append(actions, n.action())
			}
			tablesOf[n.action()] = append(tablesOf[n.action()], t.key)
		}
	}
	if len(actions) == 0 {
		return nil
	}
	for _, action := range actions {
		listed = append(listed, fmt.Sprintf("%s (%s)", action, strings.Join(tablesOf[action], ", ")))
	}
	noun := "permissions"
	if len(actions) == 1 {
		noun = "permission"
	}
	return &dataflow.Error{
		Code: dataflow.CodeAccessDenied, Op: "check", Object: p.target.object(),
		Cause: fmt.Errorf("the credentials lack %d %s: %s", len(actions), noun, strings.Join(listed, ", ")),
		Hint:  p.allow(actions),
	}
}

// allow says which statements give these actions, each on the resource that AWS looks at.
func (p *Pool) allow(actions []string) string {
	var onPool, onAny []string
	for _, action := range actions {
		if action == describeUserPoolDomain.action() {
			onAny = append(onAny, action)
		} else {
			onPool = append(onPool, action)
		}
	}
	var sentences []string
	if len(onPool) > 0 {
		sentences = append(sentences, fmt.Sprintf("Allow %s on %s.", strings.Join(onPool, ", "), p.target.arn()))
	}
	if len(onAny) > 0 {
		sentences = append(sentences, fmt.Sprintf("Allow %s on *.", strings.Join(onAny, ", ")))
	}
	return strings.Join(sentences, " ")
}

// reason says why a table that needs the operation can't be read.
func (n need) reason(err error) string {
	var e *dataflow.Error
	if !errors.As(err, &e) {
		return dataflow.Sentence(err)
	}
	if e.Code == dataflow.CodeAccessDenied {
		return "The credentials may not call " + n.action() + ". " + e.Hint
	}
	return dataflow.Sentence(&dataflow.Error{Op: n.name, Cause: e.Cause, Hint: e.Hint})
}

// probeErrors are the operations that did not work, by their name.
type probeErrors map[string]error

func (f probeErrors) list() []error {
	errs := make([]error, 0, len(f))
	for _, err := range f {
		errs = append(errs, err)
	}
	return errs
}

// probe tries each of the operations once, side by side, and gives those that did not work. Its error is ctx's.
func (p *Pool) probe(ctx context.Context, needs []need) (probeErrors, error) {
	var mu sync.Mutex
	failures, tried := probeErrors{}, map[string]bool{}
	var group errgroup.Group
	for _, n := range needs {
		if tried[n.name] {
			continue
		}
		tried[n.name] = true
		group.Go(func() error {
			err := dataflow.Guard(func() error { return n.probe(ctx, p) })
			if ctx.Err() != nil {
				return err
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures[n.name] = err
			}
			return nil
		})
	}
	return failures, group.Wait()
}

// describe asks for the pool's own description.
func (p *Pool) describe(ctx context.Context) (*types.UserPoolType, error) {
	out, err := call(ctx, p, describeUserPool, &cip.DescribeUserPoolInput{UserPoolId: &p.target.poolID}, p.client.DescribeUserPool)
	if err != nil {
		return nil, err
	}
	if out.UserPool == nil {
		return nil, p.noAnswer(describeUserPool)
	}
	p.estimated.Store(int64(out.UserPool.EstimatedNumberOfUsers))
	return out.UserPool, nil
}

func probePool(ctx context.Context, p *Pool) error {
	_, err := p.describe(ctx)
	return err
}
