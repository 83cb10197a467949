#!/usr/bin/env bash
# Proves on the engine that answers that the images behave as e2e/README.md promises, stand-in or real alike.
# usage: smoke.sh [NAME...]   names are images, all by default; mlflow needs postgres too.
# Prints one line per promise with the time it took; exits 1 when one is not kept.
# Whatever it starts carries one prefix and is removed on exit.
# shellcheck disable=SC2317 # most functions are called by name
set -euo pipefail
here=$(dirname "$(realpath "$0")")
prefix=mlops-gitops-smoke-$$
work=$(mktemp -d)
chmod 755 "$work" # containers with other user ids read the files in it
broken=0
names=("$@")

clean_up() {
	local found
	found=$(docker ps -aq --filter "name=^$prefix")
	[ -z "$found" ] || xargs docker rm -fv <<<"$found" >/dev/null
	found=$(docker volume ls -q --filter "name=^$prefix")
	[ -z "$found" ] || xargs docker volume rm <<<"$found" >/dev/null
	docker network rm "$prefix" >/dev/null 2>&1 || true
	rm -rf "$work"
}

# report VERDICT BEGAN WHAT: one line; BEGAN is EPOCHREALTIME at the start.
report() {
	printf '%-5s %5.1f s  %s\n' "$1" "$(bc <<<"$EPOCHREALTIME - $2")" "$3"
	[ "$1" = ok ] || broken=1
}

# keeps WHAT COMMAND...: the command must succeed.
keeps() {
	local what=$1 began=$EPOCHREALTIME
	shift
	if "$@" >"$work/out" 2>&1; then
		report ok "$began" "$what"
	else
		report FAIL "$began" "$what"
		tail -20 "$work/out" | sed 's/^/      /'
	fi
}

# refuses WHAT TEXT COMMAND...: the command must fail and say the text.
refuses() {
	local what=$1 text=$2 began=$EPOCHREALTIME
	shift 2
	if ! "$@" >"$work/out" 2>&1 && grep -qF -- "$text" "$work/out"; then
		report ok "$began" "$what"
	else
		report FAIL "$began" "$what (expected a refusal that says: $text)"
		tail -20 "$work/out" | sed 's/^/      /'
	fi
}

# within SECONDS COMMAND...: tries until the command succeeds.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# run NAME ARGUMENT...: a container in the background, hardened as the rendered stacks are.
hardened=(--read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp)
run() { docker run -d --name "$prefix-$1" --network "$prefix" --network-alias "$1" "${hardened[@]}" "${@:2}"; }

# once ARGUMENT...: the same, in the foreground and gone afterwards.
once() { docker run --rm --name "$prefix-once-$RANDOM" --network "$prefix" "${hardened[@]}" "$@"; }

# serves_as NAME UID: the container's first process has that user id.
serves_as() { [ "$(docker exec "$prefix-$1" stat -c %u /proc/1)" = "$2" ]; }

# memory NAME: what the container's processes and tmpfs hold now.
memory() { docker stats --no-stream --format '{{.MemUsage}}' "$prefix-$1" | sed 's| /.*||'; }

# wanted NAME: no images were named, or this one was.
wanted() { [[ "${names[*]:-$1}" =~ (^| )$1( |$) ]]; }

image() { echo "localhost/mlops-gitops/$1:$(sed -n "s|^${1^^}_IMAGE=.*:||p" "$here/versions.env")"; }

trap clean_up EXIT
docker network create "$prefix" >/dev/null
# shellcheck source=e2e/images/smoke/postgres.sh
wanted postgres && . "$here/smoke/postgres.sh"
# shellcheck source=e2e/images/smoke/mlflow.sh
wanted mlflow && . "$here/smoke/mlflow.sh"
# shellcheck source=e2e/images/smoke/minio.sh
wanted minio && . "$here/smoke/minio.sh"
# shellcheck source=e2e/images/smoke/nginx.sh
wanted nginx && . "$here/smoke/nginx.sh"
exit "$broken"
