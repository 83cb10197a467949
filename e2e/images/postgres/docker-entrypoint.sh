#!/usr/bin/env bash
# Starts PostgreSQL as the documentation of the official image describes it:
# first start on an empty data directory makes the cluster, the user, the database and runs the init scripts once;
# later starts run the server. Anything but "postgres" as the command is run as it is.
set -euo pipefail
shopt -s nullglob

scripts=/docker-entrypoint-initdb.d
sockets=/var/run/postgresql
volume=/var/lib/postgresql

fatal() {
	printf 'error: %s\n' "$@" >&2
	exit 1
}

# setting NAME [DEFAULT]: exports NAME from its own value, from the file named by NAME_FILE, or from the default.
setting() {
	local name=$1 file=${1}_FILE value=${2:-}
	if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
		fatal "both $name and $file are set (but are exclusive)"
	elif [ -n "${!name:-}" ]; then
		value=${!name}
	elif [ -n "${!file:-}" ]; then
		[ -r "${!file}" ] || fatal "$file names ${!file}, which cannot be read"
		value=$(<"${!file}")
	fi
	export "$name=$value"
	unset "$file"
}

read_settings() {
	setting POSTGRES_PASSWORD
	setting POSTGRES_USER postgres
	setting POSTGRES_DB "$POSTGRES_USER"
	setting POSTGRES_INITDB_ARGS
	: "${POSTGRES_HOST_AUTH_METHOD:=}"
}

# prepare_directories: makes the two places that the server writes to; root also hands them to the postgres user.
prepare_directories() {
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA" 2>/dev/null || true
	mkdir -p "$sockets" 2>/dev/null || true
	chmod 3775 "$sockets" 2>/dev/null || true
	if [ "$(id -u)" = 0 ]; then
		find "$PGDATA" "$sockets" ! -user postgres -exec chown postgres {} +
	fi
}

# refuse_other_clusters: data at a path that this major version does not use would be passed over in silence.
refuse_other_clusters() {
	[ "$PGDATA" = "$volume/$PG_MAJOR/docker" ] || return 0
	local found=() place
	for place in "$volume" "$volume/data" "$volume"/*/docker; do
		[ ! -s "$place/PG_VERSION" ] || found+=("$place")
	done
	if [ "${#found[@]}" = 0 ] && mountpoint -q "$volume/data"; then
		found=("$volume/data (unused mount/volume)")
	fi
	[ "${#found[@]}" = 0 ] || fatal \
		"PostgreSQL data found where $PG_MAJOR does not look for it: ${found[*]}" \
		"mount the volume at $volume and move or upgrade the data to $PGDATA"
}

require_password() {
	[ -z "$POSTGRES_PASSWORD" ] || return 0
	[ "$POSTGRES_HOST_AUTH_METHOD" = trust ] || fatal \
		"database is uninitialized and superuser password is not specified" \
		"set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE to a value that is not empty"
	echo "warning: POSTGRES_HOST_AUTH_METHOD is trust: anyone who reaches the port is let in without a password" >&2
}

# name_this_user: initdb wants a name for its user id; nss_wrapper gives one to ids that have none.
name_this_user() {
	! getent passwd "$(id -u)" >/dev/null || return 0
	local library
	for library in /usr/lib/*/libnss_wrapper.so; do
		NSS_WRAPPER_PASSWD=$(mktemp)
		NSS_WRAPPER_GROUP=$(mktemp)
		echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
		echo "postgres:x:$(id -g):" >"$NSS_WRAPPER_GROUP"
		export LD_PRELOAD=$library NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
	done
}

forget_the_name() {
	[ -n "${NSS_WRAPPER_PASSWD:-}" ] || return 0
	rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
	unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

make_cluster() {
	name_this_user
	local words
	eval "words=($POSTGRES_INITDB_ARGS ${POSTGRES_INITDB_WALDIR:+--waldir \"\$POSTGRES_INITDB_WALDIR\"})"
	if [ -n "$POSTGRES_PASSWORD" ]; then
		initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${words[@]}"
	else
		initdb --username="$POSTGRES_USER" "${words[@]}"
	fi
	forget_the_name
	: "${POSTGRES_HOST_AUTH_METHOD:=$(postgres -C password_encryption "$@")}"
	printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
}

# sql DATABASE ARGUMENT...: psql as the superuser, by the socket, stopping at the first mistake.
sql() {
	PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password \
		--username "$POSTGRES_USER" --dbname "$1" "${@:2}"
}

make_database() {
	local known
	known=$(sql postgres --tuples-only --set db="$POSTGRES_DB" <<<"SELECT 1 FROM pg_database WHERE datname = :'db'")
	[ -n "$known" ] || sql postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db"'
}

run_init_scripts() {
	local script
	for script in "$scripts"/*; do
		echo "$0: $script"
		case $script in
		*.sh)
			if [ -x "$script" ]; then
				"$script"
			else
				# shellcheck disable=SC1090 # a user's script
				. "$script"
			fi
			;;
		*.sql) sql "$POSTGRES_DB" -f "$script" ;;
		*.sql.gz) gunzip -c "$script" | sql "$POSTGRES_DB" ;;
		*.sql.xz) xz -dc "$script" | sql "$POSTGRES_DB" ;;
		*.sql.zst) zstd -dc "$script" | sql "$POSTGRES_DB" ;;
		*) echo "$0: ignored $script" ;;
		esac
	done
}

# first_start ARGUMENT...: cluster, database and init scripts, on a server that only the socket reaches.
first_start() {
	make_cluster "$@"
	local options
	printf -v options '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}"
	NOTIFY_SOCKET='' pg_ctl -D "$PGDATA" -o "$options" -w start
	export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
	make_database
	run_init_scripts
	pg_ctl -D "$PGDATA" -m fast -w stop
	unset PGPASSWORD
	echo "PostgreSQL init process complete; ready for start up."
}

# only_asks ARGUMENT...: the command wants to know something and starts no server.
only_asks() {
	local word
	for word; do
		case $word in -'?' | --help | --describe-config | -V | --version) return 0 ;; esac
	done
	return 1
}

case ${1:-} in -*) set -- postgres "$@" ;; esac
if [ "${1:-}" = postgres ] && ! only_asks "$@"; then
	read_settings
	prepare_directories
	if [ "$(id -u)" = 0 ]; then
		exec gosu postgres "${BASH_SOURCE[0]}" "$@"
	fi
	if [ -s "$PGDATA/PG_VERSION" ]; then
		echo "PostgreSQL Database directory appears to contain a database; Skipping initialization"
	else
		require_password
		refuse_other_clusters
		first_start "${@:2}"
	fi
fi
exec "$@"
