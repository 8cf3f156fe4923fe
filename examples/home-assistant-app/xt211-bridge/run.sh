#!/bin/sh
# Starts the bridge with what the supervisor knows: the app's options, the broker, and a token for
# Home Assistant. All other settings are made in the page, which writes /data/config.toml.
set -eu
umask 077

# The first process has to ask for the signal that stops it.
trap 'exit 143' TERM

say() { echo "xt211-bridge: $*" >&2; }
fail() { say "$@"; exit 1; }

option() { jq -r ".$1" /data/options.json; }

supervisor() {
    timeout 10 wget -q -O - --header "Authorization: Bearer $SUPERVISOR_TOKEN" "http://supervisor$1" \
        || fail "the supervisor did not answer to $1; start the app again"
}

# Of the service mqtt: ready, starting (an app that provides it is installed), or none.
broker() {
    services=$(supervisor /services) || exit 1
    printf '%s' "$services" | jq -r '.data.services[] | select(.slug == "mqtt")
        | if .available then "ready" elif .providers == [] then "none" else "starting" end'
}

# Secrets go through files in memory, as the environment is seen by whoever looks at the process.
secret() { cat >"/tmp/$1"; }

XT211_LOG=$(option log_level)
export XT211_LOG

if [ "$(option mosquitto)" = true ]; then
    # After a reboot, the broker's app may come later than this one.
    for _ in $(seq 60); do
        state=$(broker) || exit 1
        [ "$state" = starting ] || break
        [ -n "${waiting-}" ] || say "waiting for the broker's app to start"
        waiting=yes
        sleep 2
    done
    if [ "$state" = ready ]; then
        mqtt=$(supervisor /services/mqtt) || exit 1
        of_mqtt() { printf '%s' "$mqtt" | jq -r ".data | $1"; }
        XT211_MQTT_URL=$(of_mqtt '(if .ssl then "mqtts" else "mqtt" end) + "://\(.host):\(.port)"')
        export XT211_MQTT_URL
        XT211_MQTT_USERNAME=$(of_mqtt '.username // ""')
        [ -z "$XT211_MQTT_USERNAME" ] || export XT211_MQTT_USERNAME
        of_mqtt '.password // ""' | secret mqtt-password
        [ -z "$(cat /tmp/mqtt-password)" ] || export XT211_MQTT_PASSWORD_FILE=/tmp/mqtt-password
    else
        say "the supervisor offers no broker: set one in the page, or install the Mosquitto app" \
            "and start this one again"
    fi
fi

if [ "$(option statistics)" = true ]; then
    printf '%s' "$SUPERVISOR_TOKEN" | secret homeassistant-token
    export XT211_HOMEASSISTANT_URL=http://supervisor/core
    export XT211_HOMEASSISTANT_TOKEN_FILE=/tmp/homeassistant-token
fi
unset SUPERVISOR_TOKEN HASSIO_TOKEN

# A file that is named has to be there.
[ -e "$XT211_CONFIG" ] || : >"$XT211_CONFIG"
exec xt211-bridge run
