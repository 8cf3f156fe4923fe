# shellcheck shell=bash
# Sourced by the checks: what they say, where they cache, and what they install when it is missing.

cache=${CI_CACHE:-$HOME/.cache/xt211-bridge-ci}
mkdir -p "$cache"

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*"; }
leave_out() { say "left out: $*"; exit 77; }
fail() { say "FAILED: $*" >&2; exit 1; }

# Installs what is missing, as root on Debian; a service that comes along is not started.
need() {
    local program=$1 package=$2 policy=/usr/sbin/policy-rc.d ours=
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null && return
    [[ $EUID -eq 0 ]] || fail "$program is needed: apt-get install $package"
    if [[ ! -e $policy ]]; then
        ours=$policy
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    fi
    apt_get install -y --no-install-recommends "$package" || {
        # A fresh machine knows no package at all.
        apt_get update && apt_get install -y --no-install-recommends "$package"
    } || fail "apt-get install $package"
    [[ -z $ours ]] || rm -f "$ours"
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@" >/dev/null; }

# What is to be tried: as `.ci/run` and `cargo run --release` build it. Sets `bridge`.
build() {
    cargo build --quiet --release --locked -p xt211-bridge
    bridge=${CARGO_TARGET_DIR:-$PWD/target}/release/xt211-bridge
}
