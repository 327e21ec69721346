package lakehouse

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/extsort"
	"github.com/skypointcloud/terraform-provider-skypoint/internal/rowcodec"
)

// pair is what the source and the table have under one key.
type pair struct {
	row    []byte      // the source's row; nil: it has none
	prints []footprint // the table's rows; empty: it has none; more than one: another writer put them there
}

// change says what becomes of a pair's row.
type change int

const (
	unchanged change = iota
	added
	changed
	removed
)

func (p pair) change() change {
	switch {
	case len(p.prints) == 0:
		return added
	case p.row == nil:
		return removed
	case len(p.prints) == 1 && p.prints[0].fingerprint == fingerprint(p.row):
		return unchanged
	}
	return changed
}

// diff merges the source's rows with the table's fingerprints and visits every key once, in order.
func diff(ctx context.Context, rows, prints extsort.Records, visit func(pair) error) error {
	source := newestRows{in: rows}
	if err := source.advance(); err != nil {
		return err
	}
	now := sameFootprints{in: prints}
	if err := now.advance(); err != nil {
		return err
	}
	for n := 0; !source.done || !now.done; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		order := bytes.Compare(source.key, now.key)
		switch {
		case source.done:
			order = 1
		case now.done:
			order = -1
		}
		var p pair
		if order <= 0 {
			p.row = source.row
		}
		if order >= 0 {
			p.prints = now.prints
		}
		if err := visit(p); err != nil {
			return err
		}
		if order <= 0 {
			if err := source.advance(); err != nil {
				return err
			}
		}
		if order >= 0 {
			if err := now.advance(); err != nil {
				return err
			}
		}
	}
	return nil
}

// newestRows gives one row a key: the last one, since their sort keys end in the version. Equal versions: the greater bytes, whoever put them first.
type newestRows struct {
	in       extsort.Records
	key, row []byte
	done     bool
	ahead    struct{ key, row []byte }
	has, end bool
}

func (r *newestRows) advance() error {
	if !r.has && !r.end {
		if err := r.read(); err != nil {
			return err
		}
	}
	if r.end {
		r.done = true
		return nil
	}
	r.take()
	for {
		if err := r.read(); err != nil {
			return err
		}
		if r.end || !bytes.Equal(r.ahead.key, r.key) {
			return nil
		}
		r.take()
	}
}

func (r *newestRows) take() {
	r.key, r.ahead.key = r.ahead.key, r.key
	r.row, r.ahead.row = r.ahead.row, r.row
	r.has = false
}

func (r *newestRows) read() error {
	key, row, err := r.in.Next()
	if errors.Is(err, io.EOF) {
		r.end, r.has = true, false
		return nil
	}
	if err != nil {
		return err
	}
	r.ahead.key = append(r.ahead.key[:0], key[:len(key)-rowcodec.VersionBytes]...)
	r.ahead.row = append(r.ahead.row[:0], row...)
	r.has = true
	return nil
}

// sameFootprints gives the fingerprints under one key together.
type sameFootprints struct {
	in       extsort.Records
	key      []byte
	prints   []footprint
	done     bool
	nextKey  []byte
	next     footprint
	has, end bool
}

func (r *sameFootprints) advance() error {
	if !r.has && !r.end {
		if err := r.read(); err != nil {
			return err
		}
	}
	if !r.has {
		r.done = true
		return nil
	}
	r.key = append(r.key[:0], r.nextKey...)
	r.prints = append(r.prints[:0], r.next)
	for {
		if err := r.read(); err != nil {
			return err
		}
		if !r.has || !bytes.Equal(r.nextKey, r.key) {
			return nil
		}
		r.prints = append(r.prints, r.next)
	}
}

func (r *sameFootprints) read() error {
	r.has = false
	key, payload, err := r.in.Next()
	if errors.Is(err, io.EOF) {
		r.end = true
		return nil
	}
	if err != nil {
		return err
	}
	r.nextKey = append(r.nextKey[:0], key...)
	r.next, err = readFootprint(payload)
	r.has = err == nil
	return err
}
