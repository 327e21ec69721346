package cognitotest

import "strconv"

const maxLimit = 60

// page is one page of a list that is about to be filled.
type page struct {
	server *Server
	scope  string // the request that its token belongs to
	given  *string
	from   token
	limit  int
}

// limit is how many items a request asks for, and how many it may ask for.
type limit struct {
	member      string
	asked       *int
	least, most int
}

// page reads where a page begins and how much goes into it.
func (c *call) page(pool *PoolHandle, asked *int, given *string, member, what string) (page, error) {
	return c.pageOf(pool, limit{"limit", asked, 0, maxLimit}, given, member, what)
}

func (c *call) pageOf(pool *PoolHandle, l limit, given *string, member, what string) (page, error) {
	p := page{server: c.server, scope: c.op + "\x00" + pool.Region() + "\x00" + pool.ID() + "\x00" + what, given: given, limit: l.most}
	if l.asked != nil && *l.asked > l.most {
		return page{}, violated(strconv.Itoa(*l.asked), l.member, "Member must have value less than or equal to "+strconv.Itoa(l.most))
	}
	if l.asked != nil && *l.asked < l.least {
		return page{}, violated(strconv.Itoa(*l.asked), l.member, "Member must have value greater than or equal to "+strconv.Itoa(l.least))
	}
	if l.asked != nil && *l.asked > 0 {
		p.limit = *l.asked
	}
	if given != nil {
		if *given == "" {
			return page{}, violated("", member, "Member must have length greater than or equal to 1")
		}
		var err error
		if p.from, err = c.server.open(*given, p.scope); err != nil {
			return page{}, err
		}
	}
	switch opts := c.server.opts.Pages; {
	case share(p.hash(1)) < opts.Empty:
		p.limit = 0
	case share(p.hash(2)) < opts.Short && p.limit > 1:
		p.limit = 1 + int(p.hash(3)%uint64(p.limit-1))
	}
	return p, nil
}

// next gives the token of the page that follows, nil behind the last one. Where pages may be empty, so may the last.
func (p page) next(at cursor, more bool) *string {
	opts := p.server.opts
	if !more && share(p.hash(4)) >= opts.Pages.Empty {
		return nil
	}
	number := p.from.page + 1
	if opts.Pages.StuckAfter > 0 && int(number) >= opts.Pages.StuckAfter && p.given != nil {
		return p.given
	}
	text := p.server.seal(token{at: at, page: number, issued: opts.Clock()}, p.scope)
	return &text
}

func (p page) hash(salt uint64) uint64 {
	return mix(p.server.opts.Seed, mixText(p.scope), uint64(p.from.at.segment), uint64(p.from.at.offset), uint64(p.from.page), salt)
}
