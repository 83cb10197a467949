#!/usr/bin/env bash
# Makes sure that the images which end-to-end tests run are in the Docker engine that answers (DOCKER_HOST):
# the real ones where a registry answers, stand-ins made from the same programs where none does.
# usage: build.sh [NAME...]   names are the folders beside this script; all of them by default.
# Prints one line per image. Safe to run again, twice at once, and after being killed.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cache=${MLOPS_GITOPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mlops-gitops}/images
registry=unknown # or silent: not asked again in this run
maker= # process that makes a root file system

fail() {
	echo "error: $1" >&2
	[ -z "${2:-}" ] || echo "  hint: $2" >&2
	exit 1
}

# setting NAME: a value of versions.env.
setting() { sed -n "s/^$1=//p" "$here/versions.env"; }

# key NAME: changes when the version or anything that the stand-in is made from does.
key() {
	(cd "$here" && { grep "^${1^^}_" versions.env && find "$1" debian.sh -type f -print0 | sort -z | xargs -0 sha256sum; }) |
		sha256sum | cut -c1-16
}

# present REF KEY: the engine has the image, real (no key) or stand-in with this key.
present() {
	local found
	found=$(docker image inspect -f '{{index .Config.Labels "mlops-gitops.stand-in"}}' "$1" 2>/dev/null) || return 1
	[ -z "$found" ] || [ "$found" = "$2" ]
}

# pull REAL REF: the real image under the local name. A registry that does not answer within 20 s is not asked again.
pull() {
	[ "$registry" != silent ] || return 1
	local log=$work/pull.log
	docker pull "$1" >"$log" 2>&1 &
	local puller=$!
	for _ in $(seq 200); do
		if grep -q 'Pulling from' "$log" || ! kill -0 "$puller" 2>/dev/null; then break; fi
		sleep 0.1
	done
	if ! grep -q 'Pulling from' "$log"; then
		kill "$puller" 2>/dev/null || true
		wait "$puller" || true
		registry=silent
		return 1
	fi
	wait "$puller" || { tail -3 "$log" >&2; return 1; }
	docker tag "$1" "$2"
}

# build NAME REF KEY: the stand-in from Debian's packages, PyPI and Go modules.
build() {
	local name=$1 ref=$2 key=$3 root=$work/$1 log=$cache/$1.log
	[ "$(id -u)" = 0 ] || fail "the stand-in for $name is not in the cache, and only root can build it" "run $0 $name as root once"
	command -v debootstrap >/dev/null || fail "debootstrap is not installed" "apt-get install debootstrap"
	local settings
	mapfile -t settings < <(grep '^[A-Z]' "$here/versions.env")
	# In namespaces of its own, so that its mounts and processes end with it, and it ends with this script.
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
		env "${settings[@]}" "$here/$name/rootfs.sh" "$root" >"$root.conf" 2>"$log" &
	maker=$!
	if ! wait "$maker"; then
		tail -20 "$log" >&2
		fail "the stand-in for $name could not be built" "the whole log is $log"
	fi
	maker=
	# Import alone knows no STOPSIGNAL. The old builder is always there; buildx may not be.
	tar -C "$root" --numeric-owner --exclude './dev/*' -c . | docker import - "$ref-root" >>"$log"
	{
		echo "FROM $ref-root"
		cat "$root.conf"
		echo "LABEL mlops-gitops.stand-in=$key"
	} | DOCKER_BUILDKIT=0 docker build --tag "$ref" - >>"$log" 2>&1 || fail "the engine refused the stand-in for $name" "see the end of $log"
	docker rmi "$ref-root" >>"$log" 2>&1
	rm -rf --one-file-system "$root"
}

# ensure NAME: the image under its local name; prints how it came about.
ensure() {
	local name=$1 began=$SECONDS real ref key tarball how
	real=$(setting "${name^^}_IMAGE")
	if [ -z "$real" ] || [ ! -x "$here/$name/rootfs.sh" ]; then fail "no image is called $name" "images: $(images)"; fi
	ref=localhost/mlops-gitops/$name:${real##*:}
	key=$(key "$name")
	tarball=$cache/$name-$key.tar
	if present "$ref" "$key"; then
		how=have
	elif pull "$real" "$ref"; then
		how=pulled
	elif [ -f "$tarball" ] && docker load -q -i "$tarball" >/dev/null && present "$ref" "$key"; then
		how=loaded
	else
		build "$name" "$ref" "$key"
		docker save -o "$tarball.part" "$ref"
		mv "$tarball.part" "$tarball"
		how=built
	fi
	printf '%-6s %s  %d s\n' "$how" "$ref" $((SECONDS - began))
}

leave() {
	if [ -n "$maker" ] && kill -KILL "$maker" 2>/dev/null; then wait "$maker" 2>/dev/null || true; fi
	rm -rf --one-file-system "$work"
}

images() { (cd "$here" && echo */rootfs.sh | sed 's|/rootfs.sh||g'); }

docker info >/dev/null 2>&1 || fail "no Docker engine answers" "start one, or point DOCKER_HOST at it"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock --nonblock 9 || { echo "waiting for another build" >&2; flock 9; }
rm -rf --one-file-system "$cache"/work.* "$cache"/*.part # what a killed run left behind
work=$(mktemp -d "$cache/work.XXXXXX")
trap leave EXIT

[ $# -gt 0 ] || read -ra all <<<"$(images)"
for name in "${@:-${all[@]}}"; do ensure "$name"; done
