#!/usr/bin/env bash
# Builds what the tests in this folder need: a Debian system in a folder of its own, and in it the
# Home Assistant that they are for. Prints where it is, and does nothing more if it is there.
#
# Debian sid, because Home Assistant wants a newer Python than stable releases have. It comes from
# the mirror that this machine's apt uses, Home Assistant from where its pip takes packages.
#
# Needs root, on a Debian or what is like it. It may be stopped at any time: what is finished is
# kept, and the rest is done by the next one.
set -euo pipefail

version=2026.11.0
# The Python that it was released for, as Debian calls it.
python=python3.14
cache=${CI_CACHE:-$HOME/.cache/xt211-bridge-ci}
root=${XT211_TEST_HOME_ASSISTANT:-$cache/home-assistant-$version}

# What a test's configuration may ask for, and hassio, which mqtt's set-up imports. Home Assistant would
# install what they need at its start, from a network that it does not get.
integrations=(api config energy frontend hassio history logger mqtt recorder utility_meter websocket_api)

say() { printf 'home-assistant: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[[ $root == /*/* ]] || fail "$root: expected the path of a folder of its own"
if [[ ! -e $root ]]; then
    [[ $EUID -eq 0 ]] || fail "is not built yet, and only root can build it: run $0 as root"
    if [[ ${XT211_MOUNTS:-} != private ]]; then
        # What is mounted from here on nobody else sees, and it is gone with us, however we end: so
        # nothing of this machine is in the folder when it is removed.
        XT211_MOUNTS=private exec unshare --mount "$0" "$@"
    fi
fi

# One that was interrupted.
partial=$root.partial

inside() {
    env -i HOME=/root LANG=C.UTF-8 PATH=/srv/ha/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 \
        PIP_NO_CACHE_DIR=1 \
        ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        chroot "$partial" "$@"
}

# The mirror of this machine's own packages that has sid as well.
mirror() {
    local uri list
    list=$(mktemp)
    # It is not known any more when the trap is sprung.
    trap "rm -f '$list'" EXIT
    for uri in $(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u); do
        if /usr/lib/apt/apt-helper download-file "${uri%/}/dists/sid/InRelease" "$list" \
            >/dev/null 2>&1; then
            printf '%s\n' "$uri"
            return
        fi
    done
    fail "none of this machine's package sources has Debian sid"
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
install() { apt_get install -y --no-install-recommends "$@"; }

system() {
    [[ -e $partial/built ]] && return
    local from
    from=$(mirror)
    say "a Debian sid from $from"
    command -v debootstrap >/dev/null || install debootstrap || { apt_get update && install debootstrap; }
    rm -rf --one-file-system "$partial"
    mkdir -p "$partial"
    # Besides Python, what builds those few packages that have no binary for it.
    debootstrap --variant=minbase --include="$(tr -s '\n ' , <<<"
        $python $python-dev $python-venv ca-certificates cmake g++ gcc iproute2 libffi-dev
        libjpeg-dev libssl-dev make pkg-config zlib1g-dev" | sed 's/^,//; s/,$//')" \
        sid "$partial" "$from"
    rm -rf "$partial"/var/cache/apt/archives/*.deb
    touch "$partial/built"
}

packages() {
    say "Home Assistant $version"
    # To reach what this machine reaches, in the way it does.
    local file
    for file in /etc/hosts /etc/resolv.conf /etc/pip.conf; do
        if [[ -e $file ]]; then cp "$file" "$partial/etc/"; fi
    done
    cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" \
        "$partial/etc/ssl/certs/ca-certificates.crt"
    mount --bind /dev "$partial/dev"
    mount -t proc proc "$partial/proc"
    inside "$python" -m venv /srv/ha
    inside pip install -q -U pip wheel
    inside pip install -q "homeassistant==$version"
    inside python - "${integrations[@]}" >"$partial/requirements.txt" <<'PYTHON'
"""Prints what these integrations, and those that always start, need besides Home Assistant."""
import json
import pathlib
import sys

import homeassistant.components
from homeassistant.bootstrap import DEFAULT_INTEGRATIONS

folder = pathlib.Path(next(iter(homeassistant.components.__path__)))
left, seen, requirements = [*sys.argv[1:], *DEFAULT_INTEGRATIONS], set(), set()
while left:
    if (name := left.pop()) not in seen:
        seen.add(name)
        manifest = json.loads((folder / name / "manifest.json").read_text())
        requirements.update(manifest.get("requirements", []))
        left += manifest.get("dependencies", [])
print(*sorted(requirements), sep="\n")
PYTHON
    inside pip install -q -r /requirements.txt \
        -c "/srv/ha/lib/$python/site-packages/homeassistant/package_constraints.txt"
}

if [[ ! -e $root ]]; then
    mkdir -p "$(dirname "$root")"
    exec {lock}>"$root.lock"
    flock "$lock"
    # Another one may have built it while we waited.
    if [[ ! -e $root ]]; then
        # Our own output is only where it is.
        { system; packages; umount "$partial/proc" "$partial/dev"; } >&2
        mv "$partial" "$root"
    fi
fi
printf '%s\n' "$root"
