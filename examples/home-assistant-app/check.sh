#!/usr/bin/env bash
# Builds the app's image without a container engine, and runs it as the supervisor would: with a
# supervisor that answers as the real one does, and a real broker that wants a password.
#
# Needs root on Debian, Rust, and 5 GB in a cache outside of this folder, which may be deleted at
# any time. The first build takes ten minutes, a later one two to five.
set -euo pipefail
cd "$(dirname "$0")"

cache=${CI_CACHE:-$HOME/.cache/xt211-bridge-ci}/home-assistant-app
packages=(apparmor buildah debootstrap iproute2 jq mosquitto mosquitto-clients python3-yaml)

say() { printf 'home-assistant-app: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

[[ $EUID -eq 0 ]] || fail 'only root can build an image and run it: run this as root'
if [[ ${XT211_MOUNTS:-} != private ]]; then
    # What is mounted from here on nobody else sees, and it is gone with us, however we end.
    XT211_MOUNTS=private exec unshare --mount "./$(basename "$0")"
fi
mkdir -p "$cache"

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@" >/dev/null; }
install_packages() {
    local policy=/usr/sbin/policy-rc.d ours=
    # An installed package would start its service, and Mosquitto's take port 1883.
    if [[ ! -e $policy ]]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    apt_get install -y --no-install-recommends "$@" \
        || { apt_get update && apt_get install -y --no-install-recommends "$@"; }
    [[ -z $ours ]] || rm "$policy"
}
dpkg -s "${packages[@]}" >/dev/null 2>&1 || install_packages "${packages[@]}"

work=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

say 'what describes the app'
/usr/bin/python3 check/manifest.py xt211-bridge ../../Cargo.toml
apparmor_parser --skip-kernel-load --skip-cache xt211-bridge/apparmor.txt 2>"$work/apparmor.log" \
    || { cat "$work/apparmor.log"; fail 'the AppArmor profile is wrong'; }

export TMPDIR=$cache/tmp
mkdir -p "$TMPDIR"
image_tool() {
    buildah --root "$cache/images" --runroot "$work/images-run" --storage-driver overlay "$@"
}

# What the Dockerfile takes from a registry: here it is this machine's Debian, with its Rust.
. /etc/os-release
base=localhost/rust:$VERSION_CODENAME-$(rustc --version | tr -c 'a-z0-9.\n' -)
if ! image_tool inspect --type image "$base" >/dev/null 2>&1; then
    say "a base of $VERSION_CODENAME and $(rustc --version)"
    image_tool rm --all >/dev/null 2>&1 || true
    image_tool rmi --all --force >/dev/null 2>&1 || true
    rm -rf --one-file-system "${TMPDIR:?}"/*
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' \
        | awk -v release="$VERSION_CODENAME" '$2 == release { print $1; exit }')
    debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev \
        "$VERSION_CODENAME" "$work/base" "$mirror" >"$work/debootstrap.log" \
        || { tail "$work/debootstrap.log"; fail "no Debian from $mirror"; }
    # To reach what this machine reaches, in the way it does.
    cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" \
        "$work/base/etc/ssl/certs/ca-certificates.crt"
    cp -a /etc/apt/sources.list.d/debian.sources "$work/base/etc/apt/sources.list.d/" 2>/dev/null \
        && rm -f "$work/base/etc/apt/sources.list"
    cp -a "$(rustc --print sysroot)"/{bin,lib} "$work/base/usr/local/"
    container=$(image_tool from scratch)
    image_tool add --quiet "$container" "$work/base" / >/dev/null
    image_tool commit --quiet --rm "$container" "$base" >/dev/null
    rm -rf --one-file-system "$work/base"
fi

say 'the image'
./pack.sh "$work/repository"
image=localhost/xt211-bridge
image_tool build --isolation chroot --pull=never --layers --quiet \
    --build-arg BUILD_FROM="$base" --build-arg BUILD_ARCH=amd64 --build-arg BUILD_VERSION=check \
    --tag "$image" "$work/repository/xt211-bridge" >"$work/build.log" 2>&1 \
    || { tail -n 40 "$work/build.log"; fail 'the image is not built'; }
image_tool inspect --type image "$image" | jq .OCIv1.config >"$work/config.json"
container=$(image_tool from --pull=never "$image")
cp -a "$(image_tool mount "$container")" "$work/root"
image_tool rm "$container" >/dev/null
say "it has $(du -sm "$work/root" | cut -f 1) MB"

# A network, mounts and processes of its own: what is done there is gone with it.
unshare --net --mount --pid --fork --kill-child --mount-proc \
    check/scenario.sh "$work" "$PWD/../../crates/xt211-message/corpus"
say 'all passed'
