#!/bin/sh
# Installs what the studio's test needs: Chromium, Node and the library that drives the one from the other.
set -eu
cd "$(dirname "$0")"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

packages=
command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"
if [ -n "$packages" ]; then
    echo "setup-studio: installing$packages"
    as_root apt-get update -qq
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
fi

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
