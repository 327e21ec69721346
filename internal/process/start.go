package process

import "github.com/google/uuid"

// randomStart stands in for a start time where the kernel's cannot be had. It is this process's alone,
// which is enough to know oneself by.
func randomStart() string { return uuid.NewString() }
