#!/bin/sh
# Runs what /docker-entrypoint.d holds before Nginx starts, as the image's documentation describes it: *.envsh are
# sourced and *.sh run, in order of name, when they are executable. Any other command is run as it is.
set -eu

if [ "${1:-}" = nginx ]; then
	for script in /docker-entrypoint.d/*; do
		[ -x "$script" ] || continue
		case $script in
		*.envsh)
			# shellcheck disable=SC1090 # a user's script
			. "$script"
			;;
		*.sh) "$script" ;;
		esac
	done
fi
exec "$@"
