#!/usr/bin/env bash
# Runs a command with the linters of Kubernetes objects on PATH: kube-score, a Go program, and those of
# testdata/lint/requirements.txt, Python's. They are kept outside of the tree, each set of versions in a folder of its own.
# usage: lint.sh COMMAND [ARG...]
set -euo pipefail
cd "$(dirname "$0")"

kube_score=github.com/zegl/kube-score/cmd/kube-score@v1.20.0
requirements=testdata/lint/requirements.txt
key=$({ echo "$kube_score"; cat "$requirements"; go version; python3 --version; } | sha256sum)
dir=${MLOPS_GITOPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mlops-gitops}/lint/${key:0:12}
[ -e "$dir/complete" ] || {
	rm -rf "$dir"
	mkdir -p "$dir"
	GOBIN=$dir/bin go install "$kube_score"
	python3 -m venv "$dir" # a program names the folder that it was installed into: it can't be moved
	"$dir/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
	touch "$dir/complete"
}
PATH=$dir/bin:$PATH exec "$@"
