# The promises of the MLflow image; smoke.sh sources it after those of PostgreSQL, whose server it uses.
# shellcheck shell=bash disable=SC2154 # prefix, work, here, data: smoke.sh and smoke/postgres.sh

mlflow=$(image mlflow)
cat >"$work/pg_service.conf" <<'INI'
[mlflow]
host=postgres
port=5432
dbname=mlflow
user=mlflow
password=role-Pa55_w0rd

[mlflow-auth]
host=postgres
port=5432
dbname=mlflow-auth
user=mlflow
password=role-Pa55_w0rd
INI
cat >"$work/basic_auth.ini" <<'INI'
[mlflow]
default_permission = READ
database_uri = postgresql+psycopg2:///?service=mlflow-auth
admin_username = admin
admin_password = admin-Pa55_w0rd
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
INI
chmod 444 "$work/pg_service.conf" "$work/basic_auth.ini"
cp "$here/smoke/client.py" "$work/client.py"
chmod 444 "$work/client.py"

backend='postgresql+psycopg2:///?service=mlflow'
# The whole environment that server, migration and schema check need; HOME, USER and TMPDIR are not among it.
as_server=(--user 1000:1000 -e PGSERVICEFILE=/etc/pg_service.conf -e MLFLOW_BACKEND_STORE_URI="$backend"
	-e MLFLOW_DISABLE_TELEMETRY=true -e MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
	-v "$work/pg_service.conf:/etc/pg_service.conf:ro")
# Succeeds when the schema is at the revision that this MLflow expects; the wait command of an init container.
schema_is_current='import os; from mlflow.store.db import utils as u; u._verify_schema(u.create_sqlalchemy_engine(os.environ["MLFLOW_BACKEND_STORE_URI"]))'
health='import urllib.request as u; u.urlopen("http://127.0.0.1:5000/health", timeout=4)'

in_image() { once --user 1000:1000 "$mlflow" "$@"; }
configured() { [ "$(docker image inspect -f "{{json .Config.$1}}" "$mlflow")" = "$2" ]; }
check_schema() { once "${as_server[@]}" "$mlflow" python -c "$schema_is_current"; }
# What the migration runs: an empty database begins, any other is brought up to date.
begin_or_upgrade='import os, sqlalchemy
from mlflow.store.db.utils import create_sqlalchemy_engine, _initialize_tables, _upgrade_db
engine = create_sqlalchemy_engine(os.environ["MLFLOW_BACKEND_STORE_URI"])
known = sqlalchemy.inspect(engine).has_table("experiments")
(_upgrade_db if known else _initialize_tables)(engine)'
migrate() { once "${as_server[@]}" "$mlflow" python -c "$begin_or_upgrade"; }
migrate_auth() { once "${as_server[@]}" "$mlflow" python -m mlflow.server.auth db upgrade --url 'postgresql+psycopg2:///?service=mlflow-auth'; }
healthy() { docker exec "$prefix-mlflow" python -c "$health"; }
# serve ARGUMENT... -- OPTION...: the server with more for docker run, then more for mlflow; returns when healthy.
serve() {
	local docker_args=()
	while [ "$1" != -- ]; do
		docker_args+=("$1")
		shift
	done
	run mlflow "${as_server[@]}" "${docker_args[@]}" -v "$prefix-artifacts:/artifacts" "$mlflow" \
		mlflow server --host 0.0.0.0 --port 5000 --workers 1 --artifacts-destination /artifacts \
		--allowed-hosts mlflow:5000,localhost:5000,127.0.0.1:5000 "${@:2}" && within 60 healthy
}
use() { once --user 1000:1000 -e HOME=/tmp -e USER=smoke -e MLFLOW_TRACKING_URI=http://mlflow:5000 \
	-v "$work/client.py:/client.py:ro" "$@" "$mlflow" python /client.py; }
stop_server() { docker stop -t 30 "$prefix-mlflow" && docker rm "$prefix-mlflow"; }
lets_in() { use -e MLFLOW_TRACKING_USERNAME=admin -e MLFLOW_TRACKING_PASSWORD="$1"; }

keeps 'mlflow: root by default, no entrypoint' configured User '""'
keeps 'mlflow: (entrypoint)' configured Entrypoint null
keeps 'mlflow: version is that of the tag' in_image sh -c "mlflow --version | grep -F $(sed -n 's/^MLFLOW_VERSION=//p' "$here/versions.env")"
keeps 'mlflow: python is 3.11' in_image python -c 'import sys; assert sys.version_info[:2] == (3, 11), sys.version'
keeps 'mlflow: no curl, no wget' in_image sh -c '! command -v curl && ! command -v wget'
keeps 'mlflow: the packages of the full image' in_image python -c \
	'import boto3, psycopg2, psycopg, pymysql, pymssql, flask_wtf, azure.storage.blob, azure.identity, google.cloud.storage, prometheus_flask_exporter, sklearn, tiktoken, slowapi, aiohttp, kubernetes'
keeps 'mlflow: dependencies agree' in_image python -m pip check
# shellcheck disable=SC2016 # for the shell in the container
keeps 'mlflow: no pip settings or certificates of the builder' in_image sh -c \
	'test -z "$(python -m pip config list)" && test -z "$(find /usr/local/share/ca-certificates /root /etc/pip.conf -type f -name "*.c*" 2>/dev/null)"'

refuses 'mlflow: an empty database is not current' 'out-of-date database schema' check_schema
keeps 'mlflow: db upgrade of an empty database, by a service file of mode 0444' migrate
keeps 'mlflow: db upgrade again' migrate
keeps 'mlflow: the schema is current' check_schema
refuses 'mlflow: read-only root without /tmp' 'No usable temporary directory' \
	docker run --rm --name "$prefix-once" --read-only "${as_server[@]}" "$mlflow" mlflow server
docker run --rm --name "$prefix-once" -v "$prefix-artifacts:/artifacts" "$mlflow" chown 1000:1000 /artifacts
keeps 'mlflow: server healthy as 1000, read-only root, 1 worker' serve --
echo "      memory of mlflow, idle: $(memory mlflow)"
keeps 'mlflow: run, artifact and model logged and read back' use
echo "      memory of mlflow, used: $(memory mlflow)"
keeps 'mlflow: stops in time' stop_server

keeps 'mlflow: auth schema upgrade of an empty database' migrate_auth
keeps 'mlflow: auth schema upgrade again' migrate_auth
keeps 'mlflow: server with basic-auth healthy' serve -v "$work/basic_auth.ini:/basic_auth.ini:ro" -e MLFLOW_AUTH_CONFIG_PATH=/basic_auth.ini \
	-e MLFLOW_FLASK_SERVER_SECRET_KEY=smoke-smoke-smoke -- --app-name basic-auth
refuses 'mlflow: no password' 'You are not authenticated' use
refuses 'mlflow: a wrong password' 'You are not authenticated' lets_in wrong
keeps 'mlflow: the right one is let in' lets_in admin-Pa55_w0rd
