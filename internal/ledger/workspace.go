package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/skypointcloud/terraform-provider-skypoint/internal/dataflow"
)

// MaxObject is the size in bytes above which an object is not read: no record comes near it,
// and what does was not written by this package.
const MaxObject = 64 << 20

// Store keeps small objects under slash-separated paths ("connectors/app.json"). It is all the ledger asks of a workspace.
//
// Every method may be called concurrently, by any number of processes on any number of machines, and each one is atomic:
// whoever reads an object reads exactly what one call of Create or Replace stored, never a part of it or a mixture.
// What a call has stored is durable when the call returns, and every read that begins later sees it.
// A call that fails with another code than the ones named here may have had its effect or not.
//
// Errors are *dataflow.Error. A path that is not valid (fs.ValidPath) has dataflow.CodeInvalid.
// A ctx that is done ends a call with ctx's error, before the call has had an effect.
type Store interface {
	// Create stores an object that does not exist yet. When it exists it stays as it is, and the error has dataflow.CodeExists.
	// Of any number of concurrent calls for one path exactly one succeeds.
	Create(ctx context.Context, path string, content []byte) error

	// Replace stores an object, whether it exists or not.
	Replace(ctx context.Context, path string, content []byte) error

	// Read gives an object's content. When there is none the error has dataflow.CodeNotFound,
	// when it is larger than MaxObject dataflow.CodeCorrupt.
	Read(ctx context.Context, path string) ([]byte, error)

	// List gives the names directly below a folder ("" is the whole store), sorted bytewise: objects as "app.json", folders as "runs/".
	// It costs what lies directly in the folder, not what lies below. A folder that does not exist is empty;
	// a folder that is listed may hold nothing.
	List(ctx context.Context, folder string) ([]string, error)

	// Delete removes an object. When there is none the error has dataflow.CodeNotFound.
	Delete(ctx context.Context, path string) error

	// Location says where the object is, for messages to people.
	Location(path string) string
}

// temporaryPrefix begins the names of files that are being written. Stores never list or accept them.
const temporaryPrefix = ".tmp-"

// checkPath refuses what is not the path of an object.
func checkPath(path string) error {
	if !fs.ValidPath(path) || path == "." {
		return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "check path", Cause: fmt.Errorf("%q is not the path of an object", path)}
	}
	for name := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(name, temporaryPrefix) {
			return &dataflow.Error{Code: dataflow.CodeInvalid, Op: "check path", Cause: fmt.Errorf("%q has a name that is kept for temporary files", path)}
		}
	}
	return nil
}

// checkFolder is checkPath for List, where "" is the whole store.
func checkFolder(folder string) error {
	if folder == "" {
		return nil
	}
	return checkPath(folder)
}

func errExists(location string) error {
	return &dataflow.Error{Code: dataflow.CodeExists, Op: "create", Object: location, Cause: errors.New("it exists already")}
}

func errNotFound(op, location string) error {
	return &dataflow.Error{Code: dataflow.CodeNotFound, Op: op, Object: location, Cause: errors.New("it does not exist")}
}

func errTooLarge(location string) error {
	return &dataflow.Error{
		Code: dataflow.CodeCorrupt, Op: "read", Object: location, Hint: hintCorrupt,
		Cause: fmt.Errorf("it is larger than %d bytes, which no record is", MaxObject),
	}
}

// done gives ctx's error as the Store contract wants it.
func done(ctx context.Context, op, location string) error {
	if err := ctx.Err(); err != nil {
		return &dataflow.Error{Op: op, Object: location, Cause: err}
	}
	return nil
}
