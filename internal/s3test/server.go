// Package s3test is an S3 in the test process: buckets with the objects, conditional writes and listings that the API documents, and nothing
// else. It checks no signature. A test that wants a fault puts a handler before it.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
package s3test

import (
	"crypto/md5" //nolint:gosec // S3's ETag is the MD5 of an object
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server answers requests in path style (/bucket/key). The zero value has no bucket.
type Server struct {
	mu      sync.Mutex
	buckets map[string]map[string]object
	uploads map[string]map[int][]byte // parts of multipart uploads that are not completed
	folder  string                    // holds each object as a file too, for who looks at them; empty: none does
}

type object struct {
	content  []byte
	etag     string
	headers  http.Header // Content-Type and x-amz-meta-…
	modified time.Time
}

func etagOf(content []byte) string { return fmt.Sprintf(`"%x"`, md5.Sum(content)) } //nolint:gosec // see the import

// pageSize is the largest number of keys and common prefixes in one answer of ListObjectsV2.
const pageSize = 1000

// New gives a server with these buckets, all empty.
func New(buckets ...string) *Server {
	s := &Server{buckets: map[string]map[string]object{}, uploads: map[string]map[int][]byte{}}
	for _, name := range buckets {
		s.buckets[name] = map[string]object{}
	}
	return s
}

// Mirror keeps each object as a file too, under folder/bucket/key, which appears and goes as a whole. It is for tests that look at objects as they come.
func (s *Server) Mirror(folder string) { s.folder = folder }

func (s *Server) mirror(bucket, key string, content []byte) {
	if s.folder == "" {
		return
	}
	path := filepath.Join(s.folder, bucket, filepath.FromSlash(key))
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path+".part", content, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".part", path)
	}
	if err != nil {
		panic(err) // the test would look at something else than the bucket has
	}
}

func (s *Server) unmirror(bucket, key string) {
	if s.folder == "" {
		return
	}
	if err := os.Remove(filepath.Join(s.folder, bucket, filepath.FromSlash(key))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		panic(err)
	}
}

// Keys gives the keys of a bucket's objects, sorted.
func (s *Server) Keys(bucket string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.buckets[bucket]))
}

// Content gives an object's content; nil: there is none.
func (s *Server) Content(bucket, key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buckets[bucket][key].content
}

// Put stores an object behind the clients' back.
func (s *Server) Put(bucket, key string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buckets[bucket][key] = object{content: content, etag: etagOf(content), headers: http.Header{}, modified: time.Now()}
}

// Delete removes an object behind the clients' back.
func (s *Server) Delete(bucket, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.buckets[bucket], key)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket, ok := s.buckets[name]
	switch {
	case !ok:
		refuse(w, r, http.StatusNotFound, "NoSuchBucket")
	case key == "" && r.Method == http.MethodGet:
		list(w, r, bucket)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		get(w, r, bucket, key)
	case r.URL.Query().Has("uploads") || r.URL.Query().Has("uploadId"):
		s.upload(w, r, name, key, content)
	case r.Method == http.MethodPut:
		s.put(w, r, name, key, content)
	case r.Method == http.MethodDelete:
		delete(bucket, key)
		s.unmirror(name, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, r, http.StatusNotImplemented, "NotImplemented")
	}
}

// put is PutObject: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. It says whether it has stored the object.
func (s *Server) put(w http.ResponseWriter, r *http.Request, name, key string, content []byte) bool {
	bucket := s.buckets[name]
	if _, exists := bucket[key]; exists && r.Header.Get("If-None-Match") == "*" {
		refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed")
		return false
	}
	o := object{content: content, etag: etagOf(content), headers: http.Header{}, modified: time.Now()}
	for name, values := range r.Header {
		if name == "Content-Type" || strings.HasPrefix(name, "X-Amz-Meta-") {
			o.headers[name] = values
		}
	}
	bucket[key] = o
	s.mirror(name, key, content)
	w.Header().Set("ETag", o.etag)
	return true
}

type newUpload struct {
	XMLName xml.Name `xml:"InitiateMultipartUploadResult"`
	ID      string   `xml:"UploadId"`
}

type completedUpload struct {
	XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
	Key     string
}

// upload is CreateMultipartUpload, UploadPart and CompleteMultipartUpload; the condition is that of the last.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, name, key string, content []byte) {
	id := r.URL.Query().Get("uploadId")
	parts, known := s.uploads[id]
	switch {
	case r.Method == http.MethodPost && id == "":
		id = strconv.Itoa(len(s.uploads) + 1)
		s.uploads[id] = map[int][]byte{}
		write(w, http.StatusOK, newUpload{ID: id})
	case !known:
		refuse(w, r, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		number, err := strconv.Atoi(r.URL.Query().Get("partNumber"))
		if err != nil {
			refuse(w, r, http.StatusBadRequest, "InvalidArgument")
			return
		}
		parts[number] = content
		w.Header().Set("ETag", etagOf(content))
	case r.Method == http.MethodPost:
		var whole []byte
		for _, number := range slices.Sorted(maps.Keys(parts)) {
			whole = append(whole, parts[number]...)
		}
		if s.put(w, r, name, key, whole) {
			write(w, http.StatusOK, completedUpload{Key: key})
		}
	default: // AbortMultipartUpload
		w.WriteHeader(http.StatusNoContent)
	}
}

// get is GetObject and HeadObject.
func get(w http.ResponseWriter, r *http.Request, bucket map[string]object, key string) {
	o, ok := bucket[key]
	if !ok {
		refuse(w, r, http.StatusNotFound, "NoSuchKey")
		return
	}
	maps.Copy(w.Header(), o.headers)
	w.Header().Set("ETag", o.etag)
	w.Header().Set("Last-Modified", o.modified.UTC().Format(http.TimeFormat))
	content, status := o.content, http.StatusOK
	var from, to int
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); n > 0 && from < len(content) {
		if n == 1 || to >= len(content) {
			to = len(content) - 1
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(content)))
		content, status = content[from:to+1], http.StatusPartialContent
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(content) // the client may be gone
	}
}

type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []entry
	CommonPrefixes        []prefix
}

type entry struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
}

type prefix struct{ Prefix string }

// list is ListObjectsV2.
func list(w http.ResponseWriter, r *http.Request, bucket map[string]object) {
	query := r.URL.Query()
	after, err := base64.URLEncoding.DecodeString(query.Get("continuation-token"))
	if err != nil {
		refuse(w, r, http.StatusBadRequest, "InvalidArgument")
		return
	}
	size := pageSize
	if n, err := strconv.Atoi(query.Get("max-keys")); err == nil {
		size = min(n, pageSize)
	}
	var answer listing
	last := string(after)
	for _, key := range slices.Sorted(maps.Keys(bucket)) {
		below, ok := strings.CutPrefix(key, query.Get("prefix"))
		if !ok {
			continue
		}
		common := ""
		if delimiter := query.Get("delimiter"); delimiter != "" {
			if name, _, deeper := strings.Cut(below, delimiter); deeper {
				common = query.Get("prefix") + name + delimiter
			}
		}
		name := key
		if common != "" {
			name = common
		}
		if name <= last { // on a page before this one, or the common prefix that was just listed
			continue
		}
		if len(answer.Contents)+len(answer.CommonPrefixes) == size {
			answer.IsTruncated, answer.NextContinuationToken = true, base64.URLEncoding.EncodeToString([]byte(last))
			break
		}
		last = name
		if common != "" {
			answer.CommonPrefixes = append(answer.CommonPrefixes, prefix{common})
			continue
		}
		o := bucket[key]
		answer.Contents = append(answer.Contents, entry{key, o.modified.UTC().Format("2006-01-02T15:04:05.000Z"), o.etag, len(o.content)})
	}
	write(w, http.StatusOK, answer)
}

type refusal struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
}

// requestID stands in every error. S3's are random, and one in a few thousand has a status code of HTTP in it by chance: no client may look for one in an
// error's text.
const requestID = "404M301SP412Z403"

// refuse answers with an error. That of a HEAD has no body: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("X-Amz-Request-Id", requestID)
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	write(w, status, refusal{Code: code, Message: code})
}

// Refuse answers as S3 does when something is wrong, for handlers that put faults before the server.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	refuse(w, r, status, code)
}

func write(w http.ResponseWriter, status int, body any) {
	text, err := xml.Marshal(body)
	if err != nil {
		panic(err) // none of these types has a field that can't be marshalled
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), text...)) // the client may be gone
}
