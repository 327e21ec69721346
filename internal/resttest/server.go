// Package resttest is an Iceberg REST catalog in the test process: databases, tables, commits with their requirements, and transactions over several tables, by the
// rules of the protocol. It keeps a pointer for each table and writes the metadata files where the tables are, as servers do. A test that wants a fault puts a handler
// before it.
//
// https://iceberg.apache.org/rest-catalog-spec/
package resttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// Server answers requests. Its methods may be called concurrently. The zero value is not ready: see New.
type Server struct {
	properties map[string]string // how it reaches the tables' files

	// Token is what requests must bear; empty: anybody may do anything. It is set before the first request.
	Token string
	// Credential (CLIENT_ID:CLIENT_SECRET) is what the token endpoint gives Token for.
	Credential string

	mu        sync.Mutex
	databases map[string]iceberg.Properties
	tables    map[name]string // where each one's metadata is
}

type name struct{ database, table string }

// New gives a server without databases, which reaches the tables' files by these properties of Iceberg.
func New(properties map[string]string) *Server {
	return &Server{properties: properties, databases: map[string]iceberg.Properties{}, tables: map[name]string{}}
}

// refusal is an error as the protocol has it.
type refusal struct {
	status        int
	kind, message string
}

// Error implements error.
func (r *refusal) Error() string { return r.kind + ": " + r.message }

func refuse(status int, kind, format string, parts ...any) error {
	return &refusal{status, kind, fmt.Sprintf(format, parts...)}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(r)
	if err != nil {
		var told *refusal
		if !errors.As(err, &told) {
			told = &refusal{http.StatusInternalServerError, "InternalServerError", err.Error()}
			if errors.Is(err, fs.ErrNotExist) {
				told = &refusal{http.StatusNotFound, "NotFoundException", err.Error()}
			}
		}
		reply(w, told.status, map[string]any{"error": map[string]any{"message": told.message, "type": told.kind, "code": told.status}})
		return
	}
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	reply(w, http.StatusOK, answer)
}

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who does not listen any more gets nothing
}

// answer gives nil for an answer without content.
func (s *Server) answer(r *http.Request) (any, error) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if parts[0] != "v1" {
		return nil, refuse(http.StatusNotFound, "NoSuchEndpointException", "no such endpoint")
	}
	parts = parts[1:]
	if slices.Equal(parts, []string{"oauth", "tokens"}) {
		return s.signIn(r)
	}
	if s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token {
		return nil, refuse(http.StatusUnauthorized, "NotAuthorizedException", "not authorized")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	route := r.Method + " " + strings.Join(parts, "/")
	switch {
	case route == "GET config":
		return map[string]any{"defaults": map[string]string{}, "overrides": map[string]string{}}, nil
	case route == "GET namespaces":
		return s.listDatabases(), nil
	case route == "POST namespaces":
		return s.createDatabase(r)
	case route == "POST transactions/commit":
		return nil, s.commitAll(r)
	case parts[0] == "namespaces" && len(parts) == 2:
		return s.onDatabase(r, parts[1])
	case parts[0] == "namespaces" && len(parts) == 3:
		return s.onTables(r, parts[1], parts[2])
	case parts[0] == "namespaces" && len(parts) == 4 && parts[2] == "tables":
		return s.onTable(r, name{parts[1], parts[3]})
	default:
		return nil, refuse(http.StatusNotFound, "NoSuchEndpointException", "no such endpoint")
	}
}

func (s *Server) signIn(r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if s.Credential == "" || r.PostForm.Get("client_id")+":"+r.PostForm.Get("client_secret") != s.Credential {
		return nil, refuse(http.StatusUnauthorized, "NotAuthorizedException", "no such client")
	}
	return map[string]any{"access_token": s.Token, "token_type": "bearer", "expires_in": 3600}, nil
}

func (s *Server) listDatabases() any {
	all := [][]string{}
	for _, database := range slices.Sorted(maps.Keys(s.databases)) {
		all = append(all, []string{database})
	}
	return map[string]any{"namespaces": all}
}

func (s *Server) createDatabase(r *http.Request) (any, error) {
	var wanted struct {
		Namespace  []string           `json:"namespace"`
		Properties iceberg.Properties `json:"properties"`
	}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	database := strings.Join(wanted.Namespace, "\x1f")
	if _, there := s.databases[database]; there {
		return nil, refuse(http.StatusConflict, "AlreadyExistsException", "namespace already exists: %s", database)
	}
	s.databases[database] = wanted.Properties
	return map[string]any{"namespace": wanted.Namespace, "properties": wanted.Properties}, nil
}

func (s *Server) onDatabase(r *http.Request, database string) (any, error) {
	properties, there := s.databases[database]
	if !there {
		return nil, noDatabase(database)
	}
	switch r.Method {
	case http.MethodGet:
		return map[string]any{"namespace": []string{database}, "properties": properties}, nil
	case http.MethodDelete:
		for table := range s.tables {
			if table.database == database {
				return nil, refuse(http.StatusConflict, "NamespaceNotEmptyException", "namespace %s is not empty", database)
			}
		}
		delete(s.databases, database)
		return nil, nil //nolint:nilnil // an answer without content
	default:
		return nil, notAllowed()
	}
}

func (s *Server) onTables(r *http.Request, database, what string) (any, error) {
	if _, there := s.databases[database]; !there {
		return nil, noDatabase(database)
	}
	switch r.Method + " " + what {
	case "GET tables":
		all := []map[string]any{}
		for table := range s.tables {
			if table.database == database {
				all = append(all, map[string]any{"namespace": []string{database}, "name": table.table})
			}
		}
		return map[string]any{"identifiers": all}, nil
	case "POST tables":
		return s.create(r, database)
	case "POST register":
		return s.register(r, database)
	default:
		return nil, notAllowed()
	}
}

func (s *Server) create(r *http.Request, database string) (any, error) {
	var wanted struct {
		Name       string             `json:"name"`
		Schema     *iceberg.Schema    `json:"schema"`
		Location   string             `json:"location"`
		Properties iceberg.Properties `json:"properties"`
	}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	id := name{database, wanted.Name}
	if _, there := s.tables[id]; there {
		return nil, refuse(http.StatusConflict, "AlreadyExistsException", "table already exists: %v", id)
	}
	meta, err := table.NewMetadata(wanted.Schema, iceberg.UnpartitionedSpec, table.UnsortedSortOrder, wanted.Location, wanted.Properties)
	if err != nil {
		return nil, err
	}
	at, err := s.write(r.Context(), meta, 0)
	if err != nil {
		return nil, err
	}
	s.tables[id] = at
	return loaded(at, meta), nil
}

func (s *Server) register(r *http.Request, database string) (any, error) {
	var wanted struct {
		Name string `json:"name"`
		At   string `json:"metadata-location"`
	}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	id := name{database, wanted.Name}
	if _, there := s.tables[id]; there {
		return nil, refuse(http.StatusConflict, "AlreadyExistsException", "table already exists: %v", id)
	}
	meta, err := s.readMetadata(r.Context(), wanted.At)
	if err != nil {
		return nil, err
	}
	s.tables[id] = wanted.At
	return loaded(wanted.At, meta), nil
}

func (s *Server) onTable(r *http.Request, id name) (any, error) {
	at, there := s.tables[id]
	if !there {
		return nil, noTable(id)
	}
	switch r.Method {
	case http.MethodGet:
		meta, err := s.readMetadata(r.Context(), at)
		if err != nil {
			return nil, err
		}
		return loaded(at, meta), nil
	case http.MethodPost:
		var c commit
		if err := read(r, &c); err != nil {
			return nil, err
		}
		next, meta, err := s.next(r.Context(), id, c)
		if err != nil {
			return nil, err
		}
		s.tables[id] = next
		return loaded(next, meta), nil
	case http.MethodDelete:
		delete(s.tables, id)
		return nil, nil //nolint:nilnil // an answer without content
	default:
		return nil, notAllowed()
	}
}

// commit is one change of a table.
type commit struct {
	Identifier struct {
		Namespace []string `json:"namespace"`
		Name      string   `json:"name"`
	} `json:"identifier"`
	Requirements table.Requirements `json:"requirements"`
	Updates      table.Updates      `json:"updates"`
}

// next writes the metadata that a table has after a commit, and gives where that is.
func (s *Server) next(ctx context.Context, id name, c commit) (string, table.Metadata, error) {
	at, there := s.tables[id]
	if !there {
		return "", nil, noTable(id)
	}
	base, err := s.readMetadata(ctx, at)
	if err != nil {
		return "", nil, err
	}
	for _, requirement := range c.Requirements {
		if err := requirement.Validate(base); err != nil {
			return "", nil, refuse(http.StatusConflict, "CommitFailedException", "requirement failed: %v", err)
		}
	}
	meta, err := table.UpdateTableMetadata(base, c.Updates, at)
	if err != nil {
		return "", nil, refuse(http.StatusBadRequest, "ValidationException", "%v", err)
	}
	var version int
	if _, err := fmt.Sscanf(at[strings.LastIndexByte(at, '/')+1:], "%d-", &version); err != nil {
		return "", nil, fmt.Errorf("the version of %s: %w", at, err)
	}
	next, err := s.write(ctx, meta, version+1)
	return next, meta, err
}

// commitAll makes several commits, or none.
func (s *Server) commitAll(r *http.Request) error {
	var wanted struct {
		Changes []commit `json:"table-changes"`
	}
	if err := read(r, &wanted); err != nil {
		return err
	}
	moved := map[name]string{}
	for _, c := range wanted.Changes {
		id := name{strings.Join(c.Identifier.Namespace, "\x1f"), c.Identifier.Name}
		if _, twice := moved[id]; twice {
			return refuse(http.StatusBadRequest, "BadRequestException", "two changes of one table")
		}
		next, _, err := s.next(r.Context(), id, c)
		if err != nil {
			for _, at := range moved { // nothing points to them
				s.remove(r.Context(), at)
			}
			return err
		}
		moved[id] = next
	}
	maps.Copy(s.tables, moved)
	return nil
}

// Tables gives where the metadata of each table is, by DATABASE.TABLE.
func (s *Server) Tables() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for id, at := range s.tables {
		all[id.database+"."+id.table] = at
	}
	return all
}

func (s *Server) readMetadata(ctx context.Context, at string) (table.Metadata, error) {
	files, err := iceio.LoadFS(ctx, s.properties, at)
	if err != nil {
		return nil, err
	}
	file, err := files.Open(at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return table.ParseMetadata(file)
}

func (s *Server) write(ctx context.Context, meta table.Metadata, version int) (string, error) {
	at := fmt.Sprintf("%s/metadata/%05d-%s.metadata.json", meta.Location(), version, uuid.NewString())
	files, err := iceio.LoadFS(ctx, s.properties, at)
	if err != nil {
		return "", err
	}
	writable, ok := files.(iceio.WriteFileIO)
	if !ok {
		return "", errors.New("the warehouse can't be written to")
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return "", err
	}
	return at, writable.WriteFile(at, text)
}

func (s *Server) remove(ctx context.Context, at string) {
	if files, err := iceio.LoadFS(ctx, s.properties, at); err == nil {
		_ = files.Remove(at) // one that stays harms nobody
	}
}

func loaded(at string, meta table.Metadata) any {
	return map[string]any{"metadata-location": at, "metadata": meta, "config": map[string]string{}}
}

func read(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "BadRequestException", "%v", err)
	}
	return nil
}

func noTable(id name) error {
	return refuse(http.StatusNotFound, "NoSuchTableException", "table does not exist: %s.%s", id.database, id.table)
}

func noDatabase(database string) error {
	return refuse(http.StatusNotFound, "NoSuchNamespaceException", "namespace does not exist: %s", database)
}

func notAllowed() error {
	return refuse(http.StatusMethodNotAllowed, "BadRequestException", "method not allowed")
}
