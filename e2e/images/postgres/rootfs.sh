#!/usr/bin/env bash
# Makes PostgreSQL's root file system in DIR and prints the image's configuration as Dockerfile instructions.
# usage: rootfs.sh DIR, with versions.env in the environment; chatter goes to stderr.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=e2e/images/debian.sh
. "$here/../debian.sh"
dir=$1

make_rootfs() {
	bootstrap "$POSTGRES_SUITE" "$dir"
	# Debian would choose the number itself: the user must be there before the packages are.
	inside "$dir" groupadd --system --gid 999 postgres
	inside "$dir" useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres
	# No cluster at package installation; and the small sysusers program keeps the whole of systemd out.
	mkdir -p "$dir/etc/postgresql-common"
	echo 'create_main_cluster = false' >"$dir/etc/postgresql-common/createcluster.conf"
	install_packages "$dir" -o Dpkg::Options::=--force-confold \
		"postgresql-$POSTGRES_MAJOR" gosu less libnss-wrapper locales systemd-standalone-sysusers xz-utils zstd
	inside "$dir" localedef -i en_US -c -f UTF-8 en_US.UTF-8
	local package
	# shellcheck disable=SC2016 # a field of dpkg's
	package=$(inside "$dir" dpkg-query -W -f '${Version}' "postgresql-$POSTGRES_MAJOR")
	echo "$package" >"$dir.version"
	strip "$dir"
	rm -rf "$dir"/usr/share/i18n "$dir"/etc/ssl/private/ssl-cert-snakeoil.key "$dir"/etc/ssl/certs/ssl-cert-snakeoil.pem

	sed -Ei "s/^#?(listen_addresses) *= *\S+/\1 = '*'/" "$dir/usr/share/postgresql/$POSTGRES_MAJOR/postgresql.conf.sample"
	grep -q "^listen_addresses = '\*'" "$dir/usr/share/postgresql/$POSTGRES_MAJOR/postgresql.conf.sample"
	rm -rf "$dir/var/lib/postgresql"
	install -d -o 999 -g 999 -m 1777 "$dir/var/lib/postgresql"
	install -d -o 999 -g 999 -m 3777 "$dir/run/postgresql"
	install -d "$dir/docker-entrypoint-initdb.d"
	install -m 755 "$here/docker-entrypoint.sh" "$dir/usr/local/bin/docker-entrypoint.sh"
}
make_rootfs >&2

cat <<END
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/$POSTGRES_MAJOR/bin
ENV LANG=en_US.utf8
ENV PG_MAJOR=$POSTGRES_MAJOR
ENV PG_VERSION=$(cat "$dir.version")
ENV PGDATA=/var/lib/postgresql/$POSTGRES_MAJOR/docker
VOLUME /var/lib/postgresql
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
LABEL org.opencontainers.image.version=$(cat "$dir.version")
END
