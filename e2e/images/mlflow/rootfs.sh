#!/usr/bin/env bash
# Makes MLflow's root file system in DIR and prints the image's configuration as Dockerfile instructions.
# usage: rootfs.sh DIR, with versions.env in the environment; chatter goes to stderr.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=e2e/images/debian.sh
. "$here/../debian.sh"
dir=$1

# borrow_pip_settings: lends the build this machine's pip configuration and certificates, in memory mounted over /root.
borrow_pip_settings() {
	mount -t tmpfs -o mode=700 tmpfs "$dir/root"
	local system=/etc/pip.conf user=${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf
	[ -f "$user" ] || user=$HOME/.pip/pip.conf
	mkdir -p "$dir/root/system/pip" "$dir/root/.config/pip"
	[ ! -f "$system" ] || cp "$system" "$dir/root/system/pip/pip.conf"
	[ ! -f "$user" ] || cp "$user" "$dir/root/.config/pip/pip.conf"
	[ -z "${PIP_CONFIG_FILE:-}" ] || cp "$PIP_CONFIG_FILE" "$dir/root/pip.conf"
	cp -L "${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}" "$dir/root/certificates.crt"
	python3 -m pip download --quiet --no-deps --dest "$dir/root" "pip==$MLFLOW_PIP"
}

# pip_install REQUIREMENT...: by a pip that is not installed, into the system's own /usr/local, as the real image has it.
pip_install() {
	inside "$dir" env -u PIP_FIND_LINKS -u XDG_CONFIG_HOME HOME=/root XDG_CONFIG_DIRS=/root/system \
		${PIP_CONFIG_FILE:+PIP_CONFIG_FILE=/root/pip.conf} \
		PIP_CERT=/root/certificates.crt SSL_CERT_FILE=/root/certificates.crt REQUESTS_CA_BUNDLE=/root/certificates.crt \
		python3 "/root/pip-$MLFLOW_PIP-py3-none-any.whl/pip" install \
		--no-cache-dir --no-warn-script-location --root-user-action ignore --progress-bar off "$@"
}

make_rootfs() {
	bootstrap "$MLFLOW_SUITE" "$dir" ca-certificates netbase python3 python3-distutils tzdata
	rm -f "$dir"/usr/lib/python3*/EXTERNALLY-MANAGED
	ln -s /usr/bin/python3 "$dir/usr/local/bin/python3"
	ln -s python3 "$dir/usr/local/bin/python"
	borrow_pip_settings
	cp "$here/constraints.txt" "$dir/root/constraints.txt"
	pip_install --constraint /root/constraints.txt "pip==$MLFLOW_PIP" "setuptools==$MLFLOW_SETUPTOOLS" wheel \
		"mlflow[extras,azure,db,gateway,genai,auth]==$MLFLOW_VERSION"
	umount "$dir/root"
	strip "$dir"
}
make_rootfs >&2

cat <<END
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
ENV LANG=C.UTF-8
WORKDIR /
CMD ["python3"]
LABEL org.opencontainers.image.version=$MLFLOW_VERSION
END
