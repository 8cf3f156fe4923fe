#!/usr/bin/env bash
# The image of the docker-compose folder, built from its Dockerfile by buildah, which needs no engine.
# The images that it begins with cannot be fetched everywhere: a fresh Debian stands for both, and in
# that of Rust a `cargo` that has built the program before.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/checks/tools.sh
. examples/checks/machine.sh

[[ $EUID -eq 0 ]] || leave_out 'needs root'
need buildah buildah
build
base
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT

export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
images() { buildah --root "$scratch/images" --runroot "$scratch/run" "$@"; }

# Commits a container as the image of this name.
commit() {
    images commit --quiet "$1" "$2" >/dev/null
    images rm "$1" >/dev/null
}

say 'builds it'
debian=$(images from scratch)
images add --quiet "$debian" "$cache/debian-$release" / >/dev/null
commit "$debian" docker.io/library/debian:bookworm-slim

cat >"$scratch/cargo" <<'CARGO'
#!/bin/sh
# The context is a source tree without what was built before.
set -eu
[ "$*" = 'build --release --locked -p xt211-bridge' ]
[ -e Cargo.lock ] && [ ! -e target ] && [ ! -e .git ]
mkdir -p target/release
mv /xt211-bridge target/release/
CARGO
chmod +x "$scratch/cargo"
rust=$(images from --pull-never docker.io/library/debian:bookworm-slim)
images add --quiet "$rust" "$scratch/cargo" /usr/local/bin/ >/dev/null
images add --quiet "$rust" "$bridge" / >/dev/null
commit "$rust" docker.io/library/rust:1-bookworm

folder=examples/docker-compose
images bud --quiet --pull-never --network host --tag xt211-bridge --file "$folder/Dockerfile" \
    --ignorefile "$folder/Dockerfile.dockerignore" . >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"

say 'runs it'
container=$(images from --pull-never xt211-bridge)
# As a user of its own, in a folder that it may write to, until it is told to stop.
images run --env XT211_MQTT_URL=mqtt://127.0.0.1:1 "$container" -- sh -euc '
    [ "$(id -un)" = xt211 ]
    [ "$PWD" = /data ]
    xt211-bridge run &
    for _ in $(seq 600); do
        if [ -s xt211-bridge.db ]; then break; fi
        sleep 0.1
    done
    [ -s xt211-bridge.db ]
    kill $!
    wait $!
' >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
[[ $(images inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' xt211-bridge) == \
    '[xt211-bridge] [run]' ]] || fail 'begins with something else'

say 'all passed'
