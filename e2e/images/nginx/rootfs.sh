#!/usr/bin/env bash
# Makes Nginx's root file system in DIR and prints the image's configuration as Dockerfile instructions.
# usage: rootfs.sh DIR, with versions.env in the environment; chatter goes to stderr.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=e2e/images/debian.sh
. "$here/../debian.sh"
dir=$1

make_rootfs() {
	bootstrap "$NGINX_SUITE" "$dir"
	# Debian would run it as www-data: the user that the real image has must be there before the package is.
	inside "$dir" groupadd --system --gid 101 nginx
	inside "$dir" useradd --system --uid 101 --gid nginx --home-dir /var/cache/nginx --shell /usr/sbin/nologin nginx
	install_packages "$dir" ca-certificates curl nginx tzdata
	# shellcheck disable=SC2016 # a field of dpkg's
	inside "$dir" dpkg-query -W -f '${Version}\n' nginx >"$dir.version"
	strip "$dir"

	local settings=$dir/etc/nginx
	rm -rf "$settings"/{sites-available,sites-enabled,snippets,modules-available,modules-enabled}
	mkdir -p "$settings/conf.d" "$dir/docker-entrypoint.d"
	install -m 644 "$here/nginx.conf" "$settings/nginx.conf"
	install -m 644 "$here/default.conf" "$settings/conf.d/default.conf"
	cp "$dir"/usr/share/nginx/html/index*.html "$dir/usr/share/nginx/html/index.html" 2>/dev/null || true
	install -d -m 775 "$dir/var/cache/nginx"
	chown -R 101:0 "$settings" "$dir/var/cache/nginx"
	chmod -R g+w "$settings"
	install -d "$dir/var/log/nginx"
	ln -s /dev/stdout "$dir/var/log/nginx/access.log"
	ln -s /dev/stderr "$dir/var/log/nginx/error.log"
	install -m 755 "$here/docker-entrypoint.sh" "$dir/docker-entrypoint.sh"
	# The real image is Alpine: what relies on these two must fail here too.
	rm -f "$dir"/usr/bin/bash "$dir"/usr/bin/perl*
}
make_rootfs >&2

cat <<END
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV NGINX_VERSION=$(sed 's/-.*//' "$dir.version")
ENTRYPOINT ["/docker-entrypoint.sh"]
EXPOSE 8080
STOPSIGNAL SIGQUIT
USER 101
CMD ["nginx", "-g", "daemon off;"]
LABEL org.opencontainers.image.version=$(cat "$dir.version")
END
