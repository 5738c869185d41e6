#!/bin/sh
# Installs the system packages that the build and the tests need: FFmpeg's libraries with their headers,
# libclang for the bindings, and the ffmpeg program for the tests. Does nothing where they are all there.
set -eu

LIBRARIES="libavcodec libavformat libavutil libswscale libswresample"

missing() {
    command -v cc >/dev/null 2>&1 || return 0
    command -v pkg-config >/dev/null 2>&1 || return 0
    # shellcheck disable=SC2086
    pkg-config --exists $LIBRARIES 2>/dev/null || return 0
    command -v ffprobe >/dev/null 2>&1 || return 0
    [ -n "${LIBCLANG_PATH:-}" ] && return 1
    # libclang alone is not enough: the bindings need clang's own headers as well.
    ls /usr/lib/llvm-*/lib/libclang*.so* >/dev/null 2>&1 && ls -d /usr/lib/llvm-*/lib/clang/*/include >/dev/null 2>&1 && return 1
    [ "$(uname)" = Darwin ] && return 1
    ls /usr/lib*/libclang.so* /usr/lib/*/libclang.so* >/dev/null 2>&1 && return 1
    return 0
}

if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: Rust is missing; install it from https://rustup.rs and run this again" >&2
    exit 1
fi

missing || exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if command -v apt-get >/dev/null 2>&1; then
    packages="build-essential pkg-config libclang-dev ffmpeg"
    for library in $LIBRARIES; do packages="$packages $library-dev"; done
    echo "setup: installing $packages"
    as_root apt-get update -qq
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
elif command -v brew >/dev/null 2>&1; then
    brew install ffmpeg pkg-config llvm
else
    echo "setup: please install, with your system's package manager:" >&2
    echo "  a C compiler, pkg-config, libclang with its headers, ffmpeg, and the development files of" >&2
    echo "  $LIBRARIES" >&2
    exit 1
fi
