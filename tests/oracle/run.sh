#!/bin/sh
# Compares Plimsoll with the Go code that Kubernetes runs: tests/oracle/run.sh BUILD_DIR [-count N] [-seed N]
set -eu
if [ $# -lt 1 ]; then
  echo "usage: $0 BUILD_DIR [-count N] [-seed N]" >&2
  exit 2
fi
if ! command -v go >/dev/null; then
  echo "$0: needs Go, see tests/oracle/go/go.mod for the version" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
shift
cmake --build "$build" --target plimsoll_oracle >/dev/null
(cd "$(dirname "$0")/go" && GOFLAGS="${GOFLAGS:-} -mod=readonly" go build -o "$build/tests/oracle_go" .)
exec "$build/tests/oracle_go" "$@" "$build/tests/plimsoll_oracle"
