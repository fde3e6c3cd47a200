//go:build tools

// Package pins keeps the dependencies of the programs that ../../build.py builds in go.mod; it is never compiled.
package pins

import (
	_ "go.etcd.io/etcd/server/v3"
)
