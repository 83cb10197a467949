#!/usr/bin/env bash
# Runs a command with a cluster that has Flux: the one that KUBECONFIG names, or the lab's, which the scripts in
# LAB_DIR start with one real node and stop again, or with NODES=simulated without it. The command finds
#   KUBECONFIG      the cluster, with Flux's controllers and a node that can run the images of images/build.sh
#   GIT_REMOTE      an empty Git repository that it may push to and that Flux can read
# and kubectl on PATH.
# usage: cluster.sh COMMAND [ARG...]
set -euo pipefail

if [ -n "${KUBECONFIG:-}" ]; then
	[ -n "${GIT_REMOTE:-}" ] || {
		echo 'error: KUBECONFIG names a cluster, but GIT_REMOTE names no Git repository' >&2
		echo '  hint: set GIT_REMOTE to the URL of an empty repository that Flux can read and this test may push to' >&2
		exit 1
	}
	exec "$@"
fi
lab=${LAB_DIR:-}/cluster
[ -x "$lab/up.sh" ] || {
	echo 'error: no cluster to test on' >&2
	echo '  hint: set KUBECONFIG and GIT_REMOTE, or LAB_DIR to the folder of the lab'"'"'s scripts' >&2
	exit 1
}
real() { [ "${NODES:-real}" = real ]; }
if real; then
	packages='containerd runc containernetworking-plugins conntrack nftables iproute2'
	# shellcheck disable=SC2086 # a list
	dpkg -s $packages >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends $packages >/dev/null
	NODE=1 "$lab/build.sh"
else
	"$lab/build.sh"
fi
# shellcheck source=/dev/null
. "$lab/env.sh"
# shellcheck source=/dev/null
. "$lab/node-env.sh"
down() {
	! real || "$lab/node-down.sh" || true
	WIPE=1 "$lab/down.sh" || true
}
trap down EXIT
images() { # the archives that the real node loads
	mkdir -p "${node:?}/images"
	for name in postgres mlflow minio nginx older; do
		if [ "$name" = older ]; then
			ref=$(images/older.sh)
		else
			ref=localhost/mlops-gitops/$name:$(sed -n "s|^${name^^}_IMAGE=.*:||p" images/versions.env)
		fi
		id=$(docker image inspect -f '{{.Id}}' "$ref")
		archive=$node/images/$name-${id:7:12}.tar
		[ -s "$archive" ] || {
			rm -f "$node/images/$name"-*
			docker save "$ref" -o "$archive.part"
			mv "$archive.part" "$archive"
		}
	done
}
! real || images
FRESH=1 "$lab/up.sh"
! real || REAL=1 "$lab/node-up.sh"
name=e2e-$$
git init --quiet --bare --initial-branch main "${state:?}/git/$name.git"
export GIT_REMOTE="${git_url:?}/$name.git" PATH="${bin:?}:$PATH"
"$@"
