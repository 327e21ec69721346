package checkpoint

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// kind says what is in a block.
type kind byte

const (
	rowsBlock kind = 'r' // rows of a part, one after the other
	doneBlock kind = 'd' // a part was read to its end: a done, as JSON
)

// block is one entry of a checkpoint.
type block struct {
	kind    kind
	part    uint32 // a number that the checkpoint gave the part
	payload []byte
}

// A head is the block's kind, its part, the length of its payload, and the checksum of all these and the payload.
const headBytes = 1 + 4 + 4 + 4

// largestBlock bounds what a damaged length can ask for. A block has at most one row more than blockBytes, and a row of Cognito's is far below this.
const largestBlock = 64 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (b block) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, byte(b.kind))
	dst = binary.BigEndian.AppendUint32(dst, b.part)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.payload))) //nolint:gosec // below largestBlock
	sum := crc32.Update(crc32.Checksum(dst[start:], castagnoli), castagnoli, b.payload)
	dst = binary.BigEndian.AppendUint32(dst, sum)
	return append(dst, b.payload...)
}

// errDamaged says that a checkpoint goes on with what is no block.
var errDamaged = errors.New("the checkpoint is cut off or damaged")

// lengthOfRows gives how long the next block is when it holds rows, and 0 when it does not.
func lengthOfRows(in *bufio.Reader) (int64, error) {
	head, err := in.Peek(headBytes)
	if err != nil || kind(head[0]) != rowsBlock {
		return 0, err
	}
	return headBytes + int64(binary.BigEndian.Uint32(head[5:])), nil
}

// readBlock reads the next block. io.EOF: there is none. What it returns is the caller's.
func readBlock(in *bufio.Reader) (block, error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return block{}, errDamaged
		}
		return block{}, err
	}
	b := block{kind: kind(head[0]), part: binary.BigEndian.Uint32(head[1:])}
	length := binary.BigEndian.Uint32(head[5:])
	if length > largestBlock {
		return block{}, errDamaged
	}
	b.payload = make([]byte, length)
	if _, err := io.ReadFull(in, b.payload); err != nil {
		return block{}, errDamaged
	}
	sum := crc32.Update(crc32.Checksum(head[:9], castagnoli), castagnoli, b.payload)
	if sum != binary.BigEndian.Uint32(head[9:]) {
		return block{}, errDamaged
	}
	return b, nil
}
