#!/usr/bin/env bash
# Runs a command with Helm on PATH: the version that helm/go.mod names, whose dependencies are none of the tests'.
# It is built once and kept outside of the tree, each version in a folder of its own.
# usage: helm.sh COMMAND [ARG...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

key=$({ cat "$here/helm/go.mod" "$here/helm/go.sum"; go version; } | sha256sum)
dir=${MLOPS_GITOPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mlops-gitops}/helm/${key:0:12}
[ -x "$dir/helm" ] || {
	mkdir -p "$dir"
	(cd "$here/helm" && go build -o "$dir/helm.part" helm.sh/helm/v4/cmd/helm)
	mv "$dir/helm.part" "$dir/helm"
}
PATH=$dir:$PATH exec "$@"
