#!/usr/bin/env bash
# Makes the object store's root file system in DIR and prints the image's configuration as Dockerfile instructions.
# usage: rootfs.sh DIR, with versions.env in the environment; chatter goes to stderr.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=e2e/images/debian.sh
. "$here/../debian.sh"
dir=$1

# go_install MODULE VERSION NAME: the program NAME, which tells the time of its commit as its version, as upstream's builds do.
go_install() {
	local module=$1 version=$2 name=$3 stamp tag
	stamp=$(sed -E 's/.*-(....)(..)(..)(..)(..)(..)-.*/\1-\2-\3T\4-\5-\6Z/' <<<"$version")
	tag=DEVELOPMENT.$stamp
	GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 GOBIN=$dir/go go install -trimpath -ldflags \
		"-s -w -X $module/cmd.ReleaseTag=$tag -X $module/cmd.Version=$(sed -E 's/(T..)-(..)-/\1:\2:/' <<<"$stamp") \
		-X $module/cmd.CopyrightYear=${stamp%%-*} -X $module/cmd.CommitID=${version##*-}" "$module@$version"
	install -m 755 "$dir/go/${module##*/}" "$dir/usr/bin/$name"
	rm -rf "$dir/go"
}

# keep_programs PACKAGE...: removes all other programs, so that what relies on one of them fails here too.
keep_programs() {
	local kept=$dir.kept program
	inside "$dir" dpkg-query -L "$@" | sed -E 's|^(/usr)?/s?bin/||; t; d' >"$kept"
	echo sh >>"$kept"
	for program in "$dir"/usr/bin/* "$dir"/usr/sbin/*; do
		grep -qxF "${program##*/}" "$kept" || rm -rf "$program"
	done
	ln -sf bash "$dir/usr/bin/sh"
}

make_rootfs() {
	bootstrap "$MINIO_SUITE" "$dir" ca-certificates curl netbase tzdata
	strip "$dir"
	keep_programs bash coreutils libc-bin curl
	go_install github.com/minio/minio "$MINIO_SERVER" silo
	go_install github.com/minio/mc "$MINIO_CLIENT" mcli
	ln -s mcli "$dir/usr/bin/mc"
	install -m 755 "$here/docker-entrypoint.sh" "$dir/usr/bin/docker-entrypoint.sh"
}
make_rootfs >&2

cat <<END
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV MINIO_ACCESS_KEY_FILE=access_key
ENV MINIO_SECRET_KEY_FILE=secret_key
ENV MINIO_ROOT_USER_FILE=access_key
ENV MINIO_ROOT_PASSWORD_FILE=secret_key
ENV MINIO_KMS_SECRET_KEY_FILE=kms_master_key
ENV MINIO_CONFIG_ENV_FILE=config.env
ENV HOME=/tmp
ENV MC_CONFIG_DIR=/tmp/.mc
EXPOSE 9000
VOLUME /data
ENTRYPOINT ["/usr/bin/docker-entrypoint.sh"]
CMD ["silo"]
LABEL org.opencontainers.image.version=$MINIO_SERVER
END
