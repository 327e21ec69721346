package rowcodec

import (
	"encoding/binary"
	"errors"
)

// ErrEncoding says that bytes are not those of a row.
var ErrEncoding = errors.New("the bytes are not those of a row")

// Cursor reads values one after the other: of each whether it is present, and then what its column's type says. The first error stays: check Err once,
// at the end.
type Cursor struct {
	buf []byte
	err error
}

// Read gives a cursor at the beginning of what was encoded.
func Read(encoded []byte) Cursor { return Cursor{buf: encoded} }

// Err is the first thing that was wrong; nil: nothing.
func (c *Cursor) Err() error { return c.err }

// Rest gives what is not read yet.
func (c *Cursor) Rest() []byte { return c.buf }

func (c *Cursor) take(n uint64) []byte {
	if n > uint64(len(c.buf)) {
		c.err, c.buf = ErrEncoding, nil
		return nil
	}
	taken := c.buf[:n]
	c.buf = c.buf[n:]
	return taken
}

// Present says whether a value is there. An absent one has no more bytes.
func (c *Cursor) Present() bool {
	b := c.take(1)
	if len(b) == 1 && b[0] > present {
		c.err = ErrEncoding
	}
	return len(b) == 1 && b[0] == present
}

// Length reads how many entries a map has: two texts each, its key and its value.
func (c *Cursor) Length() uint64 {
	n, size := binary.Uvarint(c.buf)
	if size <= 0 || n > uint64(len(c.buf)) {
		c.err, c.buf = ErrEncoding, nil
		return 0
	}
	c.buf = c.buf[size:]
	return n
}

// Text reads a text. It is a part of what was encoded.
func (c *Cursor) Text() []byte { return c.take(c.Length()) }

// Boolean reads a boolean.
func (c *Cursor) Boolean() bool {
	b := c.take(1)
	return len(b) == 1 && b[0] == 1
}

// Long reads a long, or a timestamp in microseconds.
func (c *Cursor) Long() int64 {
	v, size := binary.Varint(c.buf)
	if size <= 0 {
		c.err, c.buf = ErrEncoding, nil
		return 0
	}
	c.buf = c.buf[size:]
	return v
}

// Number reads a number: its unscaled 128-bit integer.
func (c *Cursor) Number() (high int64, low uint64) {
	b := c.take(numberBytes)
	if b == nil {
		return 0, 0
	}
	return int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:]) //nolint:gosec // the bits, not the number
}
