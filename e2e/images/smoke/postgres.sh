# The promises of the PostgreSQL image; smoke.sh sources it. Leaves the server "postgres" running with the
# databases platform, mlflow and mlflow-auth for the promises of MLflow.
# shellcheck shell=bash disable=SC2154 # prefix, work: smoke.sh

postgres=$(image postgres)
data=$prefix-data
printf admin-Pa55_w0rd >"$work/password"
echo someone >"$work/user"
mkdir "$work/init"
cat >"$work/init/10-role.sql" <<'SQL'
CREATE ROLE mlflow LOGIN PASSWORD 'role-Pa55_w0rd';
CREATE DATABASE mlflow OWNER mlflow;
SQL
# Not executable: the entrypoint sources it.
cat >"$work/init/20-auth.sh" <<'SH'
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c 'CREATE DATABASE "mlflow-auth" OWNER mlflow'
SH
chmod -R a+rX,a-w "$work/password" "$work/user" "$work/init"

by_file=(-e POSTGRES_PASSWORD_FILE=/run/secrets/password -v "$work/password:/run/secrets/password:ro")
start_postgres() {
	run postgres --user 999:999 --tmpfs /var/run/postgresql -v "$data:/var/lib/postgresql" "${by_file[@]}" \
		-e POSTGRES_USER=admin -e POSTGRES_DB=platform -v "$work/init:/docker-entrypoint-initdb.d:ro" "$postgres" \
		-c max_connections=50
}
ready() { docker exec "$prefix-postgres" pg_isready -q -h 127.0.0.1 -U admin -d platform; }
start_and_wait() { start_postgres && within 30 ready; }
# ask SQL: from inside, by the socket; login PASSWORD: from another container, by the network.
ask() { docker exec "$prefix-postgres" psql -U admin -d platform -v ON_ERROR_STOP=1 -Atc "$1"; }
login() { once -e PGPASSWORD="$1" "$postgres" psql -h postgres -U mlflow -d mlflow -Atc 'SELECT 1'; }
answer() { [ "$(ask "$1")" = "$2" ]; }
logs_say() { docker logs "$prefix-$1" 2>&1 | grep -F -- "$2"; }
says_nothing_of() { ! logs_say "$1" "$2"; }
# bare ARGUMENT...: an attempt that must not get as far as a running server.
bare() { timeout 20 docker run --rm --name "$prefix-once-$RANDOM" "$@"; }
stop_cleanly() { docker stop -t 30 "$prefix-postgres" && logs_say postgres 'database system is shut down'; }
again() { docker rm -f "$prefix-postgres" && start_and_wait; }
start_elsewhere() { # NAME ARGUMENT...: another server, ready by the network address
	docker run -d --name "$prefix-$1" -e POSTGRES_PASSWORD=x "${@:2}" "$postgres" &&
		within 30 docker exec "$prefix-$1" pg_isready -q -h 127.0.0.1 -U postgres
}

keeps 'postgres: first start as 999, read-only root, no capability, password by file' start_and_wait
keeps 'postgres: process 1 is uid 999' serves_as postgres 999
keeps 'postgres: is major 18' answer "SELECT current_setting('server_version_num')::int / 10000" 18
keeps 'postgres: arguments reach the server' answer 'SHOW max_connections' 50
keeps 'postgres: data at /var/lib/postgresql/18/docker' answer 'SHOW data_directory' /var/lib/postgresql/18/docker
keeps 'postgres: UTF-8, en_US.utf8' answer "SELECT pg_encoding_to_char(encoding) || datcollate FROM pg_database WHERE datname = 'platform'" UTF8en_US.utf8
keeps 'postgres: init scripts made the other databases' answer "SELECT count(*) FROM pg_database WHERE datname LIKE 'mlflow%'" 2
keeps 'postgres: the right password is let in over the network' login role-Pa55_w0rd
refuses 'postgres: a wrong one is not' 'password authentication failed' login wrong
keeps 'postgres: passwords are scram' answer "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = 'mlflow'" SCRAM-SHA-256
keeps 'postgres: the log holds no password' says_nothing_of postgres Pa55_w0rd
keeps 'postgres: writes a row' ask 'CREATE TABLE kept AS SELECT 42 AS answer'
keeps 'postgres: SIGINT stops it cleanly' stop_cleanly
keeps 'postgres: a new container on the same volume' again
keeps 'postgres: the row is there' answer 'SELECT answer FROM kept' 42
keeps 'postgres: and nothing was initialised again' says_nothing_of postgres 'init process complete'
keeps 'postgres: started by root serves as 999' start_elsewhere as-root
keeps 'postgres: (its process 1)' serves_as as-root 999
keeps 'postgres: started by a uid without a name' start_elsewhere as-1234 --user 1234:1234 --read-only --tmpfs /tmp \
	--tmpfs /var/run/postgresql:uid=1234 --tmpfs /var/lib/postgresql:uid=1234
keeps 'postgres: POSTGRES_INITDB_ARGS and the user by file' start_elsewhere args -v "$work/user:/run/secrets/user:ro" \
	-e POSTGRES_USER_FILE=/run/secrets/user -e POSTGRES_INITDB_ARGS='--encoding=LATIN1 --locale=C'
keeps 'postgres: (both took effect)' docker exec "$prefix-args" sh -c 'psql -U someone -Atc "SHOW server_encoding" | grep -x LATIN1'
docker rm -fv "$prefix-as-root" "$prefix-as-1234" "$prefix-args" >/dev/null 2>&1 || true
refuses 'postgres: both forms of a setting' 'both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set' \
	bare "${by_file[@]}" -e POSTGRES_PASSWORD=x "$postgres"
refuses 'postgres: no password' 'superuser password is not specified' bare "$postgres"
refuses 'postgres: a volume at the path of major 17' 'unused mount/volume' \
	bare -e POSTGRES_PASSWORD=x -v "$prefix-old:/var/lib/postgresql/data" "$postgres"
keeps 'postgres: another command runs as it is' bare "$postgres" pg_dump --version
echo "      memory of postgres: $(memory postgres)"
