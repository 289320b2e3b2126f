#!/bin/sh
# Makes the two environments in which other people's senders of traces run: tests/stock/ drives them.
# Both lie inside .venv, so that whoever removes it removes them. The lists are complete and exact, so nothing is resolved.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
venv=$here/.venv
home=$venv/stock

environment() {
    echo "setup   stock senders: tests/stock/$2.txt"
    rm -rf "${home:?}/$1"
    "$venv/bin/python" -m venv --without-pip "$home/$1"
    "$venv/bin/python" -m pip --python "$home/$1/bin/python" install -qq --disable-pip-version-check --no-deps --no-compile \
        --requirement "$here/tests/stock/$2.txt"
}

environment today packages
environment last-year packages_of_last_year
touch "$home/.ready"
