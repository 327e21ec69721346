package lakehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"
	"time"

	"gocloud.dev/blob"
)

// A reader of Parquet asks for a page here and a page header there, for one column after the other. The library's file makes a request of each: 30 for a table of
// 200 users, thousands for a large one, at some tens of milliseconds each. So a data file is read in blocks, and the last few are kept: enough for
// the columns of a row group (writeProperties), which are read side by side. TestS3_ReadsADataFileOnce counts.
const (
	blockBytes = 1 << 20
	keptBlocks = 6
)

// blockFile is an object that is read in blocks. Its methods may be called concurrently; they wait for each other.
type blockFile struct {
	ctx    context.Context //nolint:containedctx // as s3Files has it
	bucket *blob.Bucket
	key    string
	info   blockInfo

	mu     sync.Mutex
	at     int64   // where Read goes on
	blocks []block // the one used last is the last
	closed bool
}

type block struct {
	number  int64
	content []byte
}

// openBlocks opens an object, with its first block: all of a small file.
func openBlocks(ctx context.Context, bucket *blob.Bucket, key string) (*blockFile, error) {
	reader, err := bucket.NewRangeReader(ctx, key, 0, blockBytes, nil)
	if err != nil {
		return nil, err
	}
	first, err := io.ReadAll(reader)
	if err := errors.Join(err, reader.Close()); err != nil {
		return nil, err
	}
	return &blockFile{
		ctx: ctx, bucket: bucket, key: key, info: blockInfo{path.Base(key), reader.Size(), reader.ModTime()}, blocks: []block{{0, first}},
	}, nil
}

// ReadAt implements io.ReaderAt.
func (f *blockFile) ReadAt(p []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readAt(p, offset)
}

func (f *blockFile) readAt(p []byte, offset int64) (int, error) {
	if f.closed {
		return 0, fs.ErrClosed
	}
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	n := 0
	for n < len(p) && offset < f.info.size {
		content, err := f.block(offset / blockBytes)
		if err != nil {
			return n, err
		}
		copied := copy(p[n:], content[offset%blockBytes:])
		n, offset = n+copied, offset+int64(copied)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// block gives a block's content, which is never empty.
func (f *blockFile) block(number int64) ([]byte, error) {
	for i, b := range f.blocks {
		if b.number == number {
			f.blocks = append(append(f.blocks[:i], f.blocks[i+1:]...), b)
			return b.content, nil
		}
	}
	size := min(blockBytes, f.info.size-number*blockBytes)
	reader, err := f.bucket.NewRangeReader(f.ctx, f.key, number*blockBytes, size, nil)
	if err != nil {
		return nil, err
	}
	content := make([]byte, size)
	_, err = io.ReadFull(reader, content)
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.info.name, err)
	}
	if len(f.blocks) == keptBlocks {
		f.blocks = f.blocks[1:]
	}
	f.blocks = append(f.blocks, block{number, content})
	return content, nil
}

// Read implements io.Reader.
func (f *blockFile) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.readAt(p, f.at)
	f.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek implements io.Seeker.
func (f *blockFile) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.info.size
	}
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	f.at = offset
	return offset, nil
}

// Stat implements fs.File.
func (f *blockFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements io.Closer.
func (f *blockFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blocks, f.closed = nil, true
	return nil
}

// blockInfo is fs.FileInfo of an object.
type blockInfo struct {
	name     string
	size     int64
	modified time.Time
}

func (i blockInfo) Name() string       { return i.name }
func (i blockInfo) Size() int64        { return i.size }
func (i blockInfo) Mode() fs.FileMode  { return fs.ModeIrregular }
func (i blockInfo) ModTime() time.Time { return i.modified }
func (i blockInfo) IsDir() bool        { return false }
func (i blockInfo) Sys() any           { return nil }
