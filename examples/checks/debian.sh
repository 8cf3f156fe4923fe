#!/usr/bin/env bash
# The Debian package and the service of systemd that is in it: builds it, installs it in a fresh
# Debian, boots that with a real systemd, and does what an operator does, until all is removed.
# Needs root, for the Debian of its own; see machine.sh. Its network is nobody else's.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/checks/tools.sh
. examples/checks/machine.sh

[[ $EUID -eq 0 ]] || leave_out 'needs root'

# What is in the machine, but for what packages and logs of others leave.
files() {
    (cd "$root" && find etc home opt root srv usr var \
        -path var/log -prune -o -path var/cache -prune -o -path var/lib/dpkg -prune -o -print | sort)
}

# Until a command succeeds, at most a minute.
until_it() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    booted journalctl --no-pager -u xt211-bridge -n 20 >&2
    fail "never came true: $*"
}

# Succeeds if the service has logged this since it was last started.
logged() {
    booted sh -c 'journalctl --no-pager _SYSTEMD_INVOCATION_ID=$(
        systemctl show -P InvocationID xt211-bridge)' | grep -q -- "$1"
}

property() { booted systemctl show -P "$1" xt211-bridge; }
is() { [[ $(property "$1") == "$2" ]]; }
expect() { is "$1" "$2" || fail "expected $1=$2, found $(property "$1")"; }

say 'builds the package'
command -v cargo-deb >/dev/null || cargo install --quiet --locked cargo-deb@3.8.0
machine
cargo deb --quiet -p xt211-bridge --locked -o "$scratch/xt211-bridge.deb" >"$scratch/log" 2>&1 ||
    fail "$(cat "$scratch/log")"
[[ $(dpkg-deb -f "$scratch/xt211-bridge.deb" Depends) =~ ^libc6\ [^,]*$ ]] ||
    fail "needs more than the C library: $(dpkg-deb -f "$scratch/xt211-bridge.deb" Depends)"

say 'installs it in a fresh Debian'
files >"$scratch/before"
cp crates/xt211-message/corpus/seed-data.json "$root/srv/"
dpkg=$scratch/dpkg.log
dpkg --root="$root" --install "$scratch/xt211-bridge.deb" >"$dpkg" 2>&1 || fail "$(cat "$dpkg")"
inside xt211-bridge decode /srv/seed-data.json 2>/dev/null | grep -q '1_8_0=7369.066' ||
    fail 'decode does not show the line of a sample'
# There is no broker yet.
if inside xt211-bridge check >"$scratch/check" 2>&1; then fail 'check found a broker'; fi
grep -q 'localhost:1883' "$scratch/check" || fail "check does not name it: $(cat "$scratch/check")"

say 'boots it'
boot
. examples/checks/service.sh

say 'installs it again, as a new version is'
cp "$scratch/xt211-bridge.deb" "$root/srv/"
before=$(property MainPID)
booted dpkg --install /srv/xt211-bridge.deb >"$dpkg" 2>&1 || fail "$(cat "$dpkg")"
is MainPID "$before" && fail 'the service was not restarted'
expect ActiveState active

say 'removes it'
booted dpkg --remove xt211-bridge >"$dpkg" 2>&1 || fail "$(cat "$dpkg")"
expect ActiveState inactive
[[ ! -e $root/usr/bin/xt211-bridge ]] || fail 'the program is still there'
[[ -s $root/var/lib/private/xt211-bridge/xt211-bridge.db ]] || fail 'the readings are gone'

say 'purges it'
booted dpkg --purge xt211-bridge >"$dpkg" 2>&1 || fail "$(cat "$dpkg")"
halt
rm -rf "$root"/srv/*
# What a first boot makes is not ours.
files | comm -13 "$scratch/before" - | grep xt211 && fail 'that is left'

say 'all passed'
