#!/usr/bin/env bash
# The dashboards of Grafana: they are what their generator writes, Grafana's own types take them, and
# every question in them is asked; see grafana.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
. examples/checks/tools.sh

need python3 python3
need node nodejs
need npm npm
need mosquitto mosquitto
need mosquitto_pub mosquitto-clients
need influxd influxdb
build

say 'they are what is written for them'
python3 -B examples/grafana/generate.py --check

# InfluxData's compiler of Flux, and Grafana's types with a compiler to check by them.
modules=$cache/grafana-checks
npm install --silent --no-audit --no-fund --prefix "$modules" \
    @influxdata/flux-lsp-node@0.8.40 @grafana/schema@13.2.3 typescript@7.0.2 >/dev/null

say 'Grafana knows all that is in them'
for file in examples/grafana/*.json; do
    typed=$modules/$(basename "$file" .json).ts
    { cat examples/checks/shape.ts "$file" && printf ';\n'; } >"$typed"
    "$modules/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck \
        --module nodenext --moduleResolution nodenext "$typed" || fail "$file"
done

python3 -B examples/checks/grafana.py "$bridge" "$modules"
say 'all passed'
