"""Asks all that the dashboards ask, as Grafana would, of what the bridge makes of three simulated days.

The bridge runs with a real Mosquitto, what it has kept is exported as lines into Debian's InfluxDB
1.6, and its answers in InfluxQL are compared with what was simulated. There is no InfluxDB 2 in
Debian: Flux is checked for syntax, names and types by InfluxData's own compiler (flux.js), and so is
the shape of both files by Grafana's own types (shape.js).
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zoneinfo

ROOT = pathlib.Path(__file__).parents[2]
METER = "5100025085"
ZONE = zoneinfo.ZoneInfo("Europe/Prague")
# Three whole days there, from the first minute on; a reading every quarter of an hour.
BEGIN = datetime.datetime(2026, 3, 3, 0, 5, tzinfo=ZONE)
DAYS, STEP = 3, datetime.timedelta(minutes=15)

# What Grafana puts in the place of its variables.
FROM, TO = BEGIN.replace(minute=0), BEGIN.replace(minute=0) + datetime.timedelta(days=DAYS)
VARIABLES = {
    "measurement": "home_energy", "meter": METER, "timezone": "Europe/Prague", "bucket": "energy",
}


def simulated():
    """Messages of three days: 1 kWh an hour, from 6 to 22 o'clock in tariff 1; half of that out."""
    first, second, out = 1000.0, 2000.0, 500.0
    for number in range(-4, DAYS * 96):
        when = BEGIN + number * STEP
        first, second = ((first + 0.25, second) if 6 <= when.hour < 22 else (first, second + 0.25))
        out += 0.125
        utc = when.astimezone(datetime.timezone.utc)
        phases = {"36": 1.0, "56": 2.0, "76": 3.0, "21": 1.0, "41": 2.0, "61": 3.0, "22": 1.0,
                  "42": 2.0, "62": 3.0, "32": 231.0, "52": 232.0, "72": 233.0, "31": 1.0,
                  "51": 2.0, "71": 3.0, "16": -500.0, "1": 1000.0, "2": 500.0, "14": 50.0, "13": 0.9}
        yield {"data": {
            "reading_datetime": utc.strftime("%a %Y-%m-%d %H:%M:%S GMT"),
            "values": {
                "1.8.0": first + second, "1.8.1": first, "1.8.2": second, "1.8.3": 0, "1.8.4": 0,
                "2.8.0": out, "96.1.1": METER,
                **{f"{code}.7.0": value for code, value in phases.items()},
            }}}
        signal = {"Wifi": "-70"} if number % 2 else {"RSSI": -104}
        yield {
            "datetime": (utc + datetime.timedelta(seconds=9)).strftime("%a %b %d %H:%M:%S %Y"),
            "Status": {"Status": "OK", "Wakeups": 1000 + number, "Resets": 2, "NTPDrift": "-0.5",
                       "SerialNo": METER, **signal},
            "Battery": {"Voltage": 3.9, "SOC": 60.5},
        }


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(condition, what):
    """Waits for a condition, at most a minute."""
    for _ in range(600):
        if (found := condition()) is not None:
            return found
        time.sleep(0.1)
    sys.exit(f"grafana: FAILED: never came true: {what}")


@contextlib.contextmanager
def running(*command, **environment):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def lines(folder, bridge):
    """What the bridge has kept of the simulation, as InfluxDB would get it."""
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    settings = {"XT211_MQTT_URL": f"mqtt://127.0.0.1:{port}", "XT211_STORE_PATH": str(folder / "db")}
    messages = "".join(json.dumps(message) + "\n" for message in simulated())

    def export():
        printed = subprocess.run([bridge, "export"], env={**os.environ, **settings}, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        return printed if printed.count("\n") == messages.count("\n") else None

    mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    with running(mosquitto, "-c", str(configuration)), running(bridge, "run", **settings):
        def published():
            publish = ["mosquitto_pub", "-p", str(port), "-t", "elektromer/data", "-q", "1", "-l"]
            code = subprocess.run(publish, input=messages, text=True, stderr=subprocess.DEVNULL)
            return True if code.returncode == 0 else None

        watch = ["mosquitto_sub", "-p", str(port), "-t", "xt211/bridge/availability", "-C", "1", "-W", "60"]
        until(lambda: subprocess.run(watch, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                     text=True).stdout.strip() == "online" or None, "the bridge is online")
        until(published, "the messages are published")
        return until(export, "all that was sent is kept")


class Influx:
    """Debian's InfluxDB, with a database of the lines."""

    def __init__(self, folder):
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = {
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
            "INFLUXDB_META_DIR": f"{folder}/meta",
            "INFLUXDB_DATA_DIR": f"{folder}/data",
            "INFLUXDB_DATA_WAL_DIR": f"{folder}/wal",
            "INFLUXDB_HTTP_BIND_ADDRESS": self.address,
        }

    def request(self, path, data=None, **parameters):
        url = f"http://{self.address}/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(urllib.request.Request(url, data=data)) as response:
            return response.read()

    def is_up(self):
        try:
            self.request("ping")
            return True
        except OSError:
            return None

    def fill(self, text):
        self.request("query", b"", q="CREATE DATABASE energy")
        self.request("write", text.encode(), db="energy")

    def ask(self, query):
        """The rows of an answer, each by column."""
        try:
            answer = json.loads(self.request("query", db="energy", q=query, epoch="ms"))["results"]
        except urllib.error.HTTPError as error:
            sys.exit(f"grafana: FAILED: {query}\n{error.read().decode()}")
        if "error" in answer[0]:
            sys.exit(f"grafana: FAILED: {query}\n{answer[0]['error']}")
        return [dict(zip(series["columns"], row))
                for series in answer[0].get("series", []) for row in series["values"]]


def filled(query, interval="1h"):
    """As Grafana sends it."""
    milliseconds = [int(when.timestamp() * 1000) for when in (FROM, TO)]
    query = query.replace("$timeFilter", "time >= {}ms and time <= {}ms".format(*milliseconds))
    query = query.replace("$__interval", interval)
    query = re.sub(r"\$\{(\w+)\}", lambda match: VARIABLES[match[1]], query)
    for name, when in (("Start", FROM), ("Stop", TO)):
        instant = when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = query.replace(f"v.timeRange{name}", instant)
    return query.replace("v.windowPeriod", interval)


def queries(dashboard):
    """Each panel that asks, with what it asks."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel, target["query"]


def check_influxql(dashboard, influx):
    count = 0
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values = [row["value"] for row in influx.ask(filled(variable["query"]))]
            assert METER in values, (variable["name"], values)
            count += 1
    for panel, query in queries(dashboard):
        title, rows = panel["title"], influx.ask(filled(query))
        assert rows, f"{title}: no rows: {query}"
        fields = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
        for field in fields:
            values = [row[field] for row in rows if row[field] is not None]
            assert values, f"{title}: no values of {field}: {query}"
            for expected, close in expectations(title, field):
                assert all(abs(value - expected) < close for value in values), (title, field, values)
        if title == "Consumption by day, by tariff":
            assert len(rows) == DAYS, rows
            # The days begin at midnight where the meter is.
            assert rows[0]["time"] == FROM.timestamp() * 1000, rows
        count += 1
    return count


def expectations(title, field):
    """What each value must be, and how exactly."""
    by_day = {"1_8_1": 16, "1_8_2": 8, "1_8_3": 0, "1_8_4": 0, "1_8_0": 24, "2_8_0": 12}
    if title.endswith("by day, by tariff") or title == "Import and export by day":
        yield by_day[field], 1e-6
    elif title == "Import and export by hour":
        yield by_day[field] / 24, 1e-6
    elif title == "Average power between readings":
        yield by_day[field] / 24 * 1000, 1e-3
    elif title == "Wake-ups and resets by day":
        yield {"status_wakeups": 96, "status_resets": 0}[field], 1e-6


def main():
    bridge, modules = sys.argv[1:]
    dashboards = {name: json.loads((ROOT / f"examples/grafana/xt211-{name}.json").read_text())
                  for name in ("influxql", "flux")}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        influx = Influx(folder)
        with running("influxd", "run", **influx.environment):
            until(influx.is_up, "InfluxDB is up")
            influx.fill(lines(folder, bridge))
            count = check_influxql(dashboards["influxql"], influx)
    print(f"grafana: InfluxQL: {count} queries answered as simulated")

    flux = [filled(query) for _, query in queries(dashboards["flux"])]
    flux += [filled(variable["query"]) for variable in dashboards["flux"]["templating"]["list"]
             if variable["type"] == "query"]
    tools = ROOT / "examples/checks"
    subprocess.run(["node", tools / "flux.js", modules], input=json.dumps(flux), text=True, check=True)
    print(f"grafana: Flux: {len(flux)} queries compile")
    # The same panels, and the same questions.
    titles = [[panel["title"] for panel, _ in queries(dashboard)] for dashboard in dashboards.values()]
    assert titles[0] == titles[1], titles


if __name__ == "__main__":
    main()
