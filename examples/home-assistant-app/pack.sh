#!/usr/bin/env bash
# Makes a repository of the app, in a new folder: the app needs the sources beside it, since whoever
# builds it sees nothing but its own folder.
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: $0 NEW-FOLDER" >&2; exit 2; }
[[ ! -e $1 ]] || { echo "$1: is there already; expected a folder to be made" >&2; exit 2; }
mkdir -p "$1/xt211-bridge/source"
to=$(cd "$1" && pwd)
cd "$(dirname "$0")"

cp -p repository.yaml "$to"
cp -pr xt211-bridge/. "$to/xt211-bridge"
# What Cargo reads. All that is called config.yaml in a repository is taken for an app's, so no
# other examples.
cd ../..
git ls-files -z -- Cargo.lock Cargo.toml README.md 'LICENSE-*' benches crates \
    examples/Cargo.toml 'examples/*.rs' fuzz/properties \
    | tar -c --null --files-from - | tar -x -C "$to/xt211-bridge/source"
