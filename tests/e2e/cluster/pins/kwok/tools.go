//go:build tools

// Package pins keeps the dependencies of the programs that ../../build.py builds in go.mod; it is never compiled.
package pins

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
