# Debian root file systems, for the rootfs.sh of each image to source. All of it runs as root in a mount
# namespace of its own (build.sh sees to that), so no mount outlives the build, however the build ends.
# shellcheck shell=bash

debian_mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# bootstrap SUITE DIR [PACKAGE...]: Debian's smallest system and the packages, able to reach the network by name.
bootstrap() {
	local suite=$1 dir=$2
	shift 2
	local packages
	packages=$(IFS=,; echo "$*")
	debootstrap --variant=minbase ${packages:+"--include=$packages"} "$suite" "$dir" "$debian_mirror"
	cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d" # packages must not start their services
	chmod 755 "$dir/usr/sbin/policy-rc.d"
	mount -t proc proc "$dir/proc"
	mount -t tmpfs tmpfs "$dir/tmp"
}

# inside DIR COMMAND...: runs the command in that system.
inside() {
	local dir=$1
	shift
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TMPDIR=/tmp \
		DEBIAN_FRONTEND=noninteractive chroot "$dir" "$@"
}

# install_packages DIR PACKAGE...: from the suite of bootstrap. A mirror may lag, so an expired Release file is no error.
install_packages() {
	local dir=$1
	shift
	inside "$dir" apt-get -o Acquire::Check-Valid-Until=false update -qq
	inside "$dir" apt-get install -y -qq --no-install-recommends "$@"
}

# strip DIR: removes what belongs to the build or to this machine, and what no container reads.
strip() {
	local dir=$1
	umount "$dir/proc" "$dir/tmp"
	rm -rf "$dir"/var/lib/apt/lists/* "$dir"/var/cache/apt/* "$dir"/var/cache/debconf/*-old \
		"$dir"/var/log/* "$dir"/var/lib/dpkg/*-old "$dir"/var/lib/systemd/catalog \
		"$dir"/usr/share/{man,info,lintian,locale,bash-completion} "$dir"/usr/sbin/policy-rc.d \
		"$dir"/etc/ssh "$dir"/root/.cache "$dir"/root/.config
	mkdir -p "$dir/usr/share/man" "$dir/usr/share/locale" "$dir/var/log/apt"
	find "$dir/usr/share/doc" -type f ! -name copyright -delete
	find "$dir/usr/share/doc" -depth -type d -empty -delete
	: >"$dir/etc/resolv.conf"
	: >"$dir/etc/machine-id"
	rm -f "$dir/etc/hostname"
	[ ! -f "$dir/etc/apt/sources.list" ] || sed -i "s|$debian_mirror|http://deb.debian.org/debian|" "$dir/etc/apt/sources.list"
}
