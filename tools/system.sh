#!/bin/sh
# Installs the two programs that the tests drive, if they are missing: Chromium and PostgreSQL's server.
# Does nothing, in a few milliseconds, when both are there.
set -eu

found() { command -v "$1" > /dev/null 2>&1; }

missing=""
if ! found chromium && ! found chromium-browser && ! found google-chrome; then
    missing="$missing chromium"
fi
if ! found initdb && ! ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1; then
    missing="$missing postgresql"
fi
[ -z "$missing" ] && exit 0

if ! found apt-get; then
    echo "setup   please install by hand:$missing (browser and PostgreSQL tests need them)" >&2
    exit 1
fi
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    found sudo || { echo "setup   please install as root: apt-get install$missing" >&2; exit 1; }
    sudo="sudo"
fi

echo "setup   installing from Debian:$missing"
log=$(mktemp)
# shellcheck disable=SC2086  # the list is meant to be split
if ! { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing; } > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
rm -f "$log"
