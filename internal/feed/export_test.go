package feed

import "net/http"

// Transport is what carries calls under a policy.
func Transport(p Policy) *http.Transport { return p.transport() }
