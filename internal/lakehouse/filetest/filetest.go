// Package filetest lets tests look at every byte of a table's files, also at what is compressed in them.
package filetest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/parquet/file"
)

// Plain gives the content of a file and, of a Parquet or an Avro file, what is compressed in it as well. The name tells the format.
func Plain(name string, content []byte) ([]byte, error) {
	var unpacked []byte
	var err error
	switch {
	case strings.HasSuffix(name, ".parquet"):
		unpacked, err = pages(content)
	case strings.HasSuffix(name, ".avro"):
		unpacked, err = blocks(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return append(unpacked, content...), nil
}

// pages gives every page of a Parquet file, dictionaries too.
func pages(content []byte) ([]byte, error) {
	reader, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }() // read only
	var all []byte
	for group := range reader.NumRowGroups() {
		rows := reader.RowGroup(group)
		for column := range rows.NumColumns() {
			pages, err := rows.GetColumnPageReader(column)
			if err != nil {
				return nil, err
			}
			for pages.Next() {
				all = append(all, pages.Page().Data()...)
			}
			if err := pages.Err(); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// blocks gives every block of an Avro file: https://avro.apache.org/docs/1.12.0/specification/#object-container-files.
func blocks(content []byte) ([]byte, error) {
	in := bytes.NewReader(content)
	if _, err := in.Seek(4, io.SeekStart); err != nil { // "Obj" and a version
		return nil, err
	}
	var codec string
	for {
		entries, err := binary.ReadVarint(in)
		if err != nil || entries < 0 {
			return nil, fmt.Errorf("%d entries of metadata: %w", entries, err)
		}
		if entries == 0 {
			break
		}
		for range entries {
			name, err := text(in)
			if err != nil {
				return nil, err
			}
			value, err := text(in)
			if err != nil {
				return nil, err
			}
			if name == "avro.codec" {
				codec = value
			}
		}
	}
	var all []byte
	for {
		if _, err := in.Seek(16, io.SeekCurrent); err != nil { // the sync marker
			return nil, err
		}
		if in.Len() == 0 {
			return all, nil
		}
		if _, err := binary.ReadVarint(in); err != nil { // how many objects
			return nil, err
		}
		block, err := text(in)
		if err != nil {
			return nil, err
		}
		switch codec {
		case "", "null":
			all = append(all, block...)
		case "deflate":
			plain, err := io.ReadAll(flate.NewReader(strings.NewReader(block)))
			if err != nil {
				return nil, err
			}
			all = append(all, plain...)
		default:
			return nil, fmt.Errorf("the codec is %q", codec)
		}
	}
}

// text reads bytes after their length.
func text(in *bytes.Reader) (string, error) {
	length, err := binary.ReadVarint(in)
	if err != nil {
		return "", err
	}
	if length < 0 || length > int64(in.Len()) {
		return "", io.ErrUnexpectedEOF
	}
	out := make([]byte, length)
	_, err = io.ReadFull(in, out)
	return string(out), err
}
