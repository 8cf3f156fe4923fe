#!/usr/bin/env python3
"""Writes the two dashboards: what they show stands here once, and how it is asked for in
languages.py, once for InfluxQL and once for Flux.

    examples/grafana/generate.py            # write them
    examples/grafana/generate.py --check    # say whether they are what this would write
"""

import json
import pathlib
import sys

from languages import Flux, InfluxQl

FOLDER = pathlib.Path(__file__).parent

# The measurement of what modules say of themselves; that of readings is a variable.
STATUS = "xt211_status"

# Fields as they are in InfluxDB, with the names they get here.
TARIFFS = {f"1_8_{number}": f"Tariff {number}" for number in range(1, 5)}
BOTH_WAYS = {"1_8_0": "Import", "2_8_0": "Export"}
POWER = {"16_7_0": "Net", "1_7_0": "Import", "2_7_0": "Export"}
NET = {"36_7_0": "L1", "56_7_0": "L2", "76_7_0": "L3"}
IMPORT = {"21_7_0": "L1", "41_7_0": "L2", "61_7_0": "L3"}
EXPORT = {"22_7_0": "L1", "42_7_0": "L2", "62_7_0": "L3"}
VOLTAGE = {"32_7_0": "L1", "52_7_0": "L2", "72_7_0": "L3"}
CURRENT = {"31_7_0": "L1", "51_7_0": "L2", "71_7_0": "L3"}
GRID = {"14_7_0": "Frequency", "13_7_0": "Power factor"}
BATTERY = {"battery_soc": "Charge", "battery_voltage": "Voltage"}
SIGNAL = {"status_wifi": "Wi-Fi", "status_rssi": "LoRa"}
WAKE_UPS = {"status_wakeups": "Wake-ups", "status_resets": "Resets"}
DRIFT = {"status_ntpdrift": "Clock drift"}

COLOURS = {
    "Tariff 1": "orange", "Tariff 2": "blue", "Tariff 3": "green", "Tariff 4": "purple",
    "Import": "orange", "Export": "green", "Net": "blue",
    "L1": "#8a5a2b", "L2": "text", "L3": "#9aa0a6",
}


class Dashboard:
    """Panels from left to right and down, 24 columns wide, asked for in one language."""

    def __init__(self, language):
        self.language = language
        self.panels = []
        self.x = self.y = self.height = 0

    def place(self, panel, width, height):
        if self.x + width > 24:
            self.x, self.y = 0, self.y + self.height
        panel["id"] = len(self.panels) + 1
        panel["gridPos"] = {"x": self.x, "y": self.y, "w": width, "h": height}
        self.x, self.height = self.x + width, height
        self.panels.append(panel)

    def row(self, title):
        self.x = 24
        self.place({"type": "row", "title": title, "collapsed": False, "panels": []}, 24, 1)

    def stat(self, title, query, unit, names, width=4, reduced="", overrides=(), **options):
        """The latest value, large."""
        defaults = {"unit": unit, "noValue": "–", "color": {"mode": "fixed", "fixedColor": "text"}}
        self.place({
            "type": "stat",
            "title": title,
            "datasource": self.language.datasource,
            "targets": [query],
            "fieldConfig": {
                "defaults": {**defaults, **options},
                "overrides": [*named(names), *overrides],
            },
            "options": {
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": reduced, "values": False},
                "colorMode": "value", "graphMode": "none", "textMode": "auto",
                "orientation": "auto", "justifyMode": "auto",
            },
        }, width, 4)

    def chart(self, title, query, unit, names, description="", bars=False, overrides=(), **options):
        """Values over time: bars for what was used in a period, else lines."""
        look = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto",
                # Readings are minutes to hours apart: a line joins them, but not over a day.
                "spanNulls": 86_400_000}
        if bars:
            look = {"drawStyle": "bars", "barAlignment": 1, "lineWidth": 0, "fillOpacity": 80,
                    "stacking": {"mode": "normal", "group": "A"}}
        panel = {
            "type": "timeseries",
            "title": title,
            "description": description,
            "datasource": self.language.datasource,
            "targets": [query],
            "fieldConfig": {
                "defaults": {"unit": unit, "color": {"mode": "palette-classic"}, "custom": look,
                             **options},
                "overrides": [*named(names), *overrides],
            },
            "options": {
                "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom",
                           "calcs": ["sum"] if bars else []},
                "tooltip": {"mode": "multi", "sort": "none"},
            },
        }
        if not bars:
            # Meters push once a minute.
            panel["interval"] = "1m"
        self.place(panel, 12, 8)


def override(field, **properties):
    """Properties of one field; `custom__x` stands for `custom.x`."""
    return {
        "matcher": {"id": "byName", "options": field},
        "properties": [{"id": name.replace("__", "."), "value": value}
                       for name, value in properties.items()],
    }


def named(names):
    """The name of each field, and its colour where it always has the same."""
    for field, name in names.items():
        properties = {"displayName": name}
        if name in COLOURS:
            properties["color"] = {"mode": "fixed", "fixedColor": COLOURS[name]}
        yield override(field, **properties)


def panels(language):
    """What both show."""
    board = Dashboard(language)
    home = language.home
    # Exports go down from the axis.
    down = override("2_8_0", custom__transform="negative-Y")

    age, reduced = language.age(home, "1_8_0")
    board.stat("Last reading", age, "dateTimeFromNow", {}, reduced=reduced)
    board.stat("Meter", language.latest(home, BOTH_WAYS), "kwatth", BOTH_WAYS, width=8, decimals=3)
    board.stat("Battery", language.latest(STATUS, BATTERY), "percent", BATTERY, width=8, decimals=0,
               overrides=[override("battery_voltage", unit="volt", decimals=2)])
    board.stat("Signal", language.latest(STATUS, SIGNAL), "dBm", SIGNAL)

    board.row("Energy")
    for every, title in (("1d", "day"), ("1h", "hour")):
        board.chart(f"Consumption by {title}, by tariff", language.used(home, TARIFFS, every),
                    "kwatth", TARIFFS, bars=True)
        board.chart(f"Import and export by {title}", language.used(home, BOTH_WAYS, every),
                    "kwatth", BOTH_WAYS, bars=True, overrides=[down])

    board.row("Power")
    board.chart("Average power between readings", language.rate(home, BOTH_WAYS), "watt", BOTH_WAYS,
                "By how much the totals rose, for meters that send no power.",
                overrides=[down])
    for title, fields in (("Power", POWER), ("Power by phase", NET),
                          ("Import by phase", IMPORT), ("Export by phase", EXPORT)):
        board.chart(title, language.mean(home, fields), "watt", fields)

    board.row("Grid")
    board.chart("Voltage", language.mean(home, VOLTAGE), "volt", VOLTAGE, decimals=1)
    board.chart("Current", language.mean(home, CURRENT), "amp", CURRENT)
    board.chart("Frequency and power factor", language.mean(home, GRID), "hertz", GRID,
                overrides=[override("13_7_0", unit="none", custom__axisPlacement="right")])

    board.row("Module")
    board.chart("Battery", language.mean(STATUS, BATTERY), "percent", BATTERY, min=0,
                overrides=[override("battery_voltage", unit="volt", min=3, max=4.3,
                                    custom__axisPlacement="right")])
    board.chart("Signal", language.mean(STATUS, SIGNAL), "dBm", SIGNAL)
    board.chart("Wake-ups and resets by day", language.used(STATUS, WAKE_UPS, "1d"), "short",
                WAKE_UPS, bars=True)
    board.chart("Clock drift", language.mean(STATUS, DRIFT), "s", DRIFT)
    return board.panels


def dashboard(language):
    """All of it, as Grafana 10 and later take it."""
    return {
        "uid": f"xt211-{language.name.lower()}",
        "title": f"XT211 ({language.name})",
        "description": "Readings of Sagemcom XT211 meters, as xt211-bridge forwards them to InfluxDB.",
        "tags": ["xt211", "energy"],
        "schemaVersion": 39,
        "editable": True,
        "timezone": "browser",
        "time": {"from": "now-7d", "to": "now"},
        "refresh": "1m",
        "graphTooltip": 1,
        "templating": {"list": language.variables()},
        "panels": panels(language),
    }


def main():
    check, wrong = sys.argv[1:] == ["--check"], []
    for language in (InfluxQl(), Flux()):
        file = FOLDER / f"xt211-{language.name.lower()}.json"
        text = json.dumps(dashboard(language), indent=2, ensure_ascii=False) + "\n"
        if not check:
            file.write_text(text)
        elif not file.is_file() or file.read_text() != text:
            wrong.append(file.name)
    if wrong:
        sys.exit(f"{' and '.join(wrong)}: not what generate.py writes; run it again")


if __name__ == "__main__":
    main()
