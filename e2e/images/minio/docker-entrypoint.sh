#!/bin/sh
# Starts the server as the documentation of the Silo image describes it: no command, an option, a server command or
# "minio" all mean the server program, which is called silo; any other command is run as it is.
set -eu

case ${1:-} in
minio) shift && set -- silo "$@" ;;
'' | -* | server | fmt-gen | healthcheck) set -- silo "$@" ;;
esac

# The server looks for its own settings below the home folder, which a uid without a name does not have.
if [ "${HOME:-/root}" = /root ] || [ ! -d "$HOME" ] || [ ! -w "$HOME" ]; then
	export HOME=/tmp
fi
exec "$@"
