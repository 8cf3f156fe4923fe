# shellcheck shell=bash
# The service in the machine that is booted: sourced by debian.sh.

# The most exposed that it may be, in tenths; `systemd-analyze security` counts from 0 to 100.
most_exposed=14

state=/var/lib/private/xt211-bridge
secrets=/etc/systemd/system/xt211-bridge.service.d/secrets.conf

restart() {
    booted systemctl daemon-reload
    booted systemctl reset-failed xt211-bridge
    booted systemctl restart "$@" xt211-bridge
}

# As an operator does, in the file that the page would write.
configure() { printf '%s\n' "$@" >"$root$state/xt211-bridge.toml"; }

say 'the unit is right'
unit=/usr/lib/systemd/system/xt211-bridge.service
said=$(booted systemd-analyze verify "$unit" 2>&1) || fail "$said"
[[ -z $said ]] || fail "$said"
exposure=$(booted systemd-analyze security --offline=true --threshold="$most_exposed" --no-pager \
    "$unit" | tail -n 1) || fail "too much is open: $exposure"
say "${exposure#* }"

say 'the service bridges, with nothing configured'
expect UnitFileState enabled
expect ActiveState active
until_it logged 'connected to mqtt://localhost:1883'

say 'its page asks for the rest'
booted bash -c 'exec 3<>/dev/tcp/127.0.0.1/8099
    printf "GET / HTTP/1.0\r\nHost: localhost:8099\r\n\r\n" >&3
    cat <&3' | grep -qi '^location: /setup' || fail 'it does not'

say 'what it hears there comes out'
until_it booted mosquitto_pub -t elektromer/data -q 1 -f /srv/seed-data.json
booted mosquitto_sub -t xt211/meter/energy -C 1 -W 60 | grep -q '"1.8.0":7369.066' ||
    fail 'the reading does not come out'

say 'it is locked up'
status=$(booted cat "/proc/$(property MainPID)/status")
for line in 'CapBnd:\s*0*$' 'NoNewPrivs:\s*1$' 'Seccomp:\s*2$'; do
    grep -Pq "$line" <<<"$status" || fail "expected $line in $status"
done
grep -Pq 'Uid:\s*0' <<<"$status" && fail 'it runs as root'
[[ $(stat -c %a "$root$state" "$root$state"/* | sort -u | tr '\n' ' ') == '600 700 ' ]] ||
    fail "others may read: $(ls -la "$root$state")"

say 'it starts again when it is killed'
before=$(property MainPID)
booted systemctl kill --signal=KILL xt211-bridge
restarted() { is ActiveState active && ! is MainPID "$before"; }
until_it restarted

say 'it does not when its settings are wrong'
configure '[mqtt]' 'url = "nonsense"'
restart --no-block
until_it is ActiveState failed
expect ExecMainStatus 2
expect NRestarts 0
rm "$root$state/xt211-bridge.toml"

say 'it reads its settings again when it is told to'
restart
until_it logged 'connected to mqtt://localhost:1883'
before=$(property MainPID)
configure '[homeassistant]' 'topic_prefix = "changed"'
booted systemctl reload xt211-bridge
booted mosquitto_sub -t changed/bridge/availability -C 1 -W 60 | grep -q online ||
    fail 'nothing comes out as it is configured now'
expect MainPID "$before"
rm "$root$state/xt211-bridge.toml"

say 'it reads /etc as long as there is nothing else'
mkdir "$root/etc/xt211-bridge"
printf '[homeassistant]\ntopic_prefix = "from-etc"\n' >"$root/etc/xt211-bridge/config.toml"
restart
until_it logged 'configured by /etc/xt211-bridge/config.toml'
booted mosquitto_sub -t from-etc/bridge/availability -C 1 -W 60 | grep -q online ||
    fail 'nothing comes out as it is configured there'
rm -r "$root/etc/xt211-bridge"

say 'root may look at what is kept, whether it runs or not'
kept() { booted sh -c 'cd /var/lib/xt211-bridge && xt211-bridge export' 2>/dev/null | grep -q '1_8_0=7369.066'; }
kept || fail 'nothing, while it runs'
booted systemctl stop xt211-bridge
kept || fail 'nothing, while it does not run'
restart
until_it logged 'connected to mqtt://localhost:1883'
[[ $(stat -c %u "$root$state"/* | sort -u) == "$(stat -c %u "$root$state")" ]] ||
    fail "not all of it is the service's own any more: $(ls -la "$root$state")"

say 'it gets a password that only root may read'
printf '%s\n' 'listener 1883 127.0.0.1' 'password_file /etc/mosquitto/passwords' \
    >"$root/etc/mosquitto/conf.d/check.conf"
booted mosquitto_passwd -b -c /etc/mosquitto/passwords xt211 'right horse'
booted chown mosquitto /etc/mosquitto/passwords
booted systemctl restart mosquitto
configure '[mqtt]' 'username = "xt211"'
mkdir -p "$root/etc/xt211-bridge" "$root$(dirname "$secrets")"
cp examples/systemd/secrets.conf "$root$secrets"
# Without the file it does not run, and waits for it.
restart --no-block
until_it is SubState auto-restart
# EXIT_CREDENTIALS, of systemd.exec(5).
expect ExecMainStatus 243
(umask 077 && printf 'right horse\n' >"$root/etc/xt211-bridge/mqtt")
restart
until_it logged 'connected to mqtt://localhost:1883'
rm -r "$root/etc/xt211-bridge" "$root$(dirname "$secrets")" "$root/etc/mosquitto/conf.d/check.conf"
rm "$root$state/xt211-bridge.toml"
booted systemctl restart mosquitto
restart
