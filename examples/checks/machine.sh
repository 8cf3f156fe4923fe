# shellcheck shell=bash
# A Debian of its own, in a folder: sourced by the checks that install and run something in it.
#
# Its release is this machine's, so that what is built here runs there. It is fetched once, from
# where this machine's apt gets its packages, and kept outside the checkout; each check gets a copy.

release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")

# The base that is copied.
base() {
    local base=$cache/debian-$release mirror uri lock
    if [[ ! -e $base ]]; then
        need debootstrap debootstrap
        exec {lock}>"$base.lock"
        flock "$lock"
        [[ ! -e $base ]] || return 0
        for uri in $(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
            sed -n "s/ $release\$//p" | sort -u); do
            mirror=${mirror:-$uri}
        done
        say "fetches Debian $release" >&2
        rm -rf --one-file-system "$base.partial"
        debootstrap --variant=minbase --include=systemd-sysv,mosquitto,mosquitto-clients \
            "$release" "$base.partial" "${mirror:-}" >"$base.log" 2>&1 || fail "see $base.log"
        rm -rf "$base.partial"/var/cache/apt/archives/*.deb
        mv "$base.partial" "$base"
    fi
}

# A copy, gone when the check ends. Sets `root`.
machine() {
    need systemd-nspawn systemd-container
    base
    scratch=$(mktemp -d)
    trap 'halt; rm -rf --one-file-system "$scratch"' EXIT
    root=$scratch/machine
    cp -a --reflink=auto "$cache/debian-$release" "$root"
    printf '%s\n' '127.0.0.1 localhost' '::1 localhost' >"$root/etc/hosts"
}

nspawn=(systemd-nspawn --quiet --register=no --keep-unit --private-network --resolv-conf=off
    --timezone=off)

# Runs a command in it as in a chroot: no service runs there.
inside() { "${nspawn[@]}" --directory="$root" --as-pid2 --pipe "$@" </dev/null; }

# Boots it, with systemd as its first process and no network but its own loopback.
boot() {
    local tries state
    "${nspawn[@]}" --directory="$root" --boot </dev/null >"$scratch/console" 2>&1 &
    container=$!
    for ((tries = 0; tries < 600; tries++)); do
        leader=$(cat "/proc/$container/task/$container/children" 2>/dev/null) || break
        leader=${leader% }
        state=$(booted systemctl is-system-running 2>/dev/null || true)
        case $state in
            running) return ;;
            degraded) fail "at boot: $(booted systemctl --failed)" ;;
        esac
        sleep 0.1
    done
    tail -n 30 "$scratch/console" >&2
    fail 'does not boot'
}

# Runs a command in what was booted.
booted() {
    nsenter --target="$leader" --all --root --wd \
        env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

halt() {
    local tries
    [[ -n ${container:-} ]] || return 0
    kill "$container" 2>/dev/null || true
    # If it does not stop by itself: all that runs in it ends with its first process.
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$container" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$container" "$leader" 2>/dev/null || true
    wait "$container" 2>/dev/null || true
    container=
}
