#!/usr/bin/env bash
# The docker-compose file: it is well-formed, starts with no password left empty, and all that it
# names is there; its broker runs (Debian's Mosquitto, by the file's own command), its health checks
# tell well from ill, and the bridge takes its settings. No container is run: that needs Docker.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/checks/tools.sh
. examples/checks/machine.sh

[[ $EUID -eq 0 ]] || leave_out 'needs root'
need docker-compose docker-compose
need python3 python3
build
machine

folder=examples/docker-compose
settings=$scratch/env
compose() { docker-compose --project-directory "$folder" -f "$folder/docker-compose.yml" "$@"; }

say 'it does not start with the passwords empty'
if compose --env-file "$folder/.env.example" config >/dev/null 2>"$scratch/refused"; then
    fail 'it does'
fi
grep -q 'is missing in .env' "$scratch/refused" || fail "$(cat "$scratch/refused")"

say 'it is well-formed'
sed 's/=$/=right-horse/' "$folder/.env.example" >"$settings"
compose --env-file "$settings" config >/dev/null
# And what its parts have to agree on. What is to be tried comes into a folder of the machine.
mkdir -p "$root/try"
python3 -B examples/checks/compose.py "$settings" "$root/try"
bash -n "$folder/influxdb-init.sh"

say 'its broker lets in who has the password'
mkdir -p "$root/mosquitto/config" "$root/mosquitto/data"
cp "$folder/mosquitto.conf" "$root/mosquitto/config/"
chroot "$root" chown mosquitto /mosquitto/data
inside bash /try/broker.sh >"$scratch/broker.log" 2>&1 || fail "$(cat "$scratch/broker.log")"

say 'the bridge takes its settings'
cp "$bridge" "$root/usr/local/bin/"
code=0
inside bash /try/bridge.sh >"$scratch/bridge.log" 2>&1 || code=$?
# Neither is there; that they are looked for by these names is what can be seen.
[[ $code -eq 1 ]] || fail "exit code $code: $(cat "$scratch/bridge.log")"
for name in mosquitto:1883 influxdb:8086; do
    grep -q "$name" "$scratch/bridge.log" || fail "no word of $name: $(cat "$scratch/bridge.log")"
done

say 'all passed'
