#!/usr/bin/env bash
# What the app has to do, from its first start on. Called by check.sh, in namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")"
work=$1 corpus=$2

# As in the supervisor's network: itself, the broker's app, and ours.
supervisor=172.30.32.2 broker=172.30.33.1 app=172.30.33.2 stranger=172.30.33.3
token=a-token-of-the-supervisor password='a "password" \ of the broker'

step() { printf 'home-assistant-app: %s\n' "$*"; }
fail() {
    printf 'home-assistant-app: %s; the log of the app is:\n' "$*" >&2
    tail -n 40 "$work/app.log" >&2
    exit 1
}
# Waits until a command succeeds.
wait_for() {
    local what=$1 deadline=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "$what: not so after 30 seconds"
        sleep 0.1
    done
}
in_log() { grep -qF -- "$1" "$work/app.log"; }

ip link set lo up
for address in $supervisor $broker $app $stranger; do ip address add "$address/32" dev lo; done

services() { jq -n "$1" >"$work/services.new" && mv "$work/services.new" "$work/services.json"; }
services '{providers: ["core_mosquitto"], mqtt: null}'
/usr/bin/python3 supervisor.py "$token" "$work/services.json" >"$work/supervisor.log" 2>&1 &
wait_for 'the supervisor' bash -c "</dev/tcp/$supervisor/80"

mosquitto_passwd -b -c "$work/passwords" addons "$password"
mosquitto_passwd -b "$work/passwords" meter meter
printf '%s\n' "listener 1883 $broker" "password_file $work/passwords" 'user root' \
    >"$work/mosquitto.conf"
mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
wait_for 'the broker' bash -c "</dev/tcp/$broker/1883"
publish() { mosquitto_pub -h $broker -u meter -P meter -q 1 -t "$1" -s; }
# The first message of a topic, within three seconds.
message() { mosquitto_sub -h $broker -u meter -P meter -t "$1" -C 1 -W 3; }
says() { message "$1" | grep -qF -- "$2"; }

# What Docker adds to an image's root, which is otherwise not written to.
root=$work/root data=$work/data
mkdir -p "$data" "$root"/{dev,proc,config}
printf '127.0.0.1 localhost\n%s supervisor\n%s core-mosquitto\n' $supervisor $broker >"$root/etc/hosts"
touch "$root/etc/resolv.conf"
options() { printf '{"log_level":"debug","mosquitto":%s,"statistics":true}' "$1" >"$data/options.json"; }
mapfile -t environment < <(jq -r '.Env[]' "$work/config.json")
mapfile -t command < <(jq -r '.Cmd[]' "$work/config.json")
export root data

in_root='
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    mount --bind "$data" "$root/data"
    mount -t tmpfs -o mode=1777,noexec tmpfs "$root/tmp"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    exec env -i "${@:2:$1}" chroot "$root" "${@:$1+2}"'
# In front of a command, runs it in the image, as its first process.
contained=(unshare --mount --pid --fork --kill-child bash -euc "$in_root" _
    $((${#environment[@]} + 3)) "${environment[@]}" TZ=Europe/Prague
    SUPERVISOR_TOKEN="$token" HASSIO_TOKEN="$token")
start() { "${contained[@]}" "${command[@]}" >"$work/app.log" 2>&1 & runner=$!; }
process() { pgrep -P "$runner"; }
# Stops the app as Docker does, and expects that it takes no longer than until it is killed.
stop() {
    local before=$SECONDS status=0
    kill -TERM "$(process)"
    wait "$runner" || status=$?
    [[ $status -eq 0 ]] || fail "stopped with exit code $status"
    ((SECONDS - before < 10)) || fail "took $((SECONDS - before)) s to stop"
}

step 'waits for the broker, and takes it from the supervisor'
options true
start
wait_for 'waits' in_log "waiting for the broker's app to start"
services "{providers: [\"core_mosquitto\"], mqtt: {host: \"core-mosquitto\", port: 1883, ssl: false,
    username: \"addons\", password: $(jq -n --arg password "$password" '$password'),
    protocol: \"3.1.1\"}}"
wait_for 'is online' says xt211/bridge/availability online
! tr '\0' '\n' <"/proc/$(process)/environ" | grep -F -e "$token" -e "$password" \
    || fail 'a secret is in the environment'
[[ $(find "/proc/$(process)/root/tmp" -type f -perm /077) == '' ]] || fail 'others can read a secret'

step 'a message becomes a device'
publish elektromer/data <"$corpus/seed-data.json"
wait_for 'discovery' says homeassistant/device/xt211_meter/config '"xt211_meter_1.8.0"'
wait_for 'the reading' says xt211/meter/energy '"1.8.0":7369.066'

step 'shows Home Assistant the token, for statistics'
wait_for 'the token' grep -F "Home Assistant was shown $token" "$work/supervisor.log"

step 'the page is for the supervisor only'
status() { curl -s -o /dev/null -w '%{http_code}' --interface "$1" "http://$app:8099$2"; }
page() { [[ $(status $supervisor /healthz) == 200 ]]; }
wait_for 'the watchdog' page
[[ $(status $supervisor /) =~ ^(200|303)$ ]] || fail "ingress gets $(status $supervisor /)"
[[ $(status $stranger /) == 403 ]] || fail "another app gets $(status $stranger /)"

step 'stops in time, and says goodbye'
stop
says xt211/bridge/availability offline || fail 'said no goodbye'

! grep -F -e "$token" -e "$password" "$work/app.log" || fail 'a secret is in the log'

step 'goes on where it was'
sed 's/20:27:09/20:42:09/; s/7369.066/7369.166/; s/1338.005/1338.105/' "$corpus/seed-data.json" \
    | publish elektromer/data
start
wait_for 'the reading of meanwhile' says xt211/meter/energy '"1.8.0":7369.166'
stop
# By Docker's exec one gets the same settings.
exported=$("${contained[@]}" xt211-bridge export)
[[ $(grep -c '^home_energy,meter=5100025085 1_8_0=7369.[01]66' <<<"$exported") -eq 2 ]] \
    || fail "the store does not hold both readings, but: $exported"

step 'without a broker, it is for the page to ask'
services '{providers: [], mqtt: null}'
mv "$data" "$data.before" && mkdir "$data"
options true
start
wait_for 'says so' in_log 'the supervisor offers no broker'
wait_for 'the page' page
stop

step 'a supervisor that does not answer is said'
services '"broken"'
start
wait "$runner" && fail 'started all the same'
in_log 'the supervisor did not answer to /services' || fail 'says nothing of it'
