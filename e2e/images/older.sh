#!/usr/bin/env bash
# Makes an MLflow of an older version of the image that build.sh has put into the engine, for tests of upgrades: the same
# image with the older version's own wheels from PyPI.
# usage: older.sh   prints the image
set -euo pipefail
here=$(dirname "$(realpath "$0")")
setting() { sed -n "s/^$1=//p" "$here/versions.env"; }

newer=localhost/mlops-gitops/mlflow:v$(setting MLFLOW_VERSION)-full
older=localhost/mlops-gitops/mlflow:v$(setting OLDER_MLFLOW)-full
of=$(docker image inspect -f '{{.Id}}' "$newer")
if [ "$(docker image inspect -f '{{index .Config.Labels "mlops-gitops.of"}}' "$older" 2>/dev/null || true)" != "$of" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	python3 -m pip download --quiet --no-deps --dest "$work" mlflow{,-skinny,-tracing}=="$(setting OLDER_MLFLOW)"
	cat >"$work/Dockerfile" <<-END
		FROM $newer
		COPY *.whl /tmp/
		USER 0
		RUN python -m pip install --quiet --no-index --no-deps --root-user-action ignore /tmp/*.whl && rm /tmp/*.whl
		LABEL mlops-gitops.of=$of
	END
	DOCKER_BUILDKIT=0 docker build --quiet --tag "$older" "$work" >/dev/null
fi
echo "$older"
