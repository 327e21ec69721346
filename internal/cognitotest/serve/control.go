package main

import (
	"bufio"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/cognitotest"
)

// handler serves the API and what tests ask beside it.
func handler(server *cognitotest.Server, pool *cognitotest.PoolHandle) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", server.Handler())
	mux.HandleFunc("POST /_test/evolve", func(w http.ResponseWriter, r *http.Request) { evolve(w, r, pool) })
	mux.HandleFunc("GET /_test/stats", func(w http.ResponseWriter, _ *http.Request) { answer(w, server.Stats()) })
	mux.HandleFunc("GET /_test/users", func(w http.ResponseWriter, _ *http.Request) { lines(w, pool.All(), cognitotest.User.Line) })
	mux.HandleFunc("GET /_test/groups", func(w http.ResponseWriter, _ *http.Request) { lines(w, pool.Groups(), cognitotest.Group.Line) })
	mux.HandleFunc("GET /_test/memberships", func(w http.ResponseWriter, _ *http.Request) {
		lines(w, pool.Memberships(), cognitotest.Membership.Line)
	})
	return mux
}

func evolve(w http.ResponseWriter, r *http.Request, pool *cognitotest.PoolHandle) {
	var e cognitotest.Evolution
	for name, into := range map[string]*int{"changed": &e.Changed, "added": &e.Added, "removed": &e.Removed} {
		text := r.FormValue(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			http.Error(w, name+" is not a number", http.StatusBadRequest)
			return
		}
		*into = n
	}
	done, err := pool.Evolve(e)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, map[string]int{"changed": len(done.Changed), "added": len(done.Added), "removed": len(done.Removed), "users": pool.Len()})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the client has left: nobody to tell
}

// lines writes a line of JSON for each item.
func lines[T any](w http.ResponseWriter, items iter.Seq[T], line func(T) any) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 1<<16)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for item := range items {
		if encoder.Encode(line(item)) != nil {
			return // the client has left
		}
	}
	_ = out.Flush()
}
