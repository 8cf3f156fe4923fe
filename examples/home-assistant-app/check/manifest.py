"""Checks what the supervisor would pass over in silence: it drops keys that it does not know.

Usage: manifest.py APP-FOLDER WORKSPACE-CARGO.TOML
The rules are those of supervisor/apps/validate.py, for the keys that the app uses.
"""

import pathlib
import re
import struct
import sys
import tomllib

import yaml

APP, CARGO = map(pathlib.Path, sys.argv[1:])
CONFIG = yaml.safe_load((APP / "config.yaml").read_text())
NETWORK_PORT = range(1, 65536)


def one_of(*values):
    return lambda value: value in values


def like(pattern):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def every(is_right):
    return lambda values: isinstance(values, list) and all(map(is_right, values))


def is_port_map(ports):
    return all(
        re.fullmatch(r"\d+/(tcp|udp)", port) and (on_host is None or on_host in NETWORK_PORT)
        for port, on_host in ports.items()
    )


SWITCH = one_of(True, False)
VERSION = like(r"\d+(\.\d+)+")
OPTION = like(r"(bool|email|url|port|str|password|int|float|match\(.*\)|list\(.+\))\??")
REQUIRED = {"name", "version", "slug", "description", "arch"}
KEYS = {
    "name": like(".+"),
    "version": VERSION,
    "slug": like(r"[-_.A-Za-z0-9]+"),
    "description": like(".+"),
    "arch": every(one_of("aarch64", "amd64")),
    "stage": one_of("stable", "experimental", "deprecated"),
    "homeassistant": VERSION,
    "init": SWITCH,
    "timeout": lambda seconds: seconds in range(10, 301),
    "watchdog": like(r"(https?|\[PROTO:\w+\]|tcp)://\[HOST\]:(\[PORT:\d+\]|\d+).*"),
    "backup": one_of("hot", "cold"),
    "ingress": SWITCH,
    "ingress_port": lambda port: port == 0 or port in NETWORK_PORT,
    "panel_icon": like(r"mdi:[a-z0-9-]+"),
    "panel_title": like(".+"),
    "ports": is_port_map,
    "services": every(like(r"(mqtt|mysql):(provide|want|need)")),
    "homeassistant_api": SWITCH,
    "tmpfs": SWITCH,
    "map": every(lambda entry: entry.keys() <= {"type", "read_only", "path"} and entry["type"]
                 in ("addon_config", "homeassistant_config", "ssl", "share", "media", "data")),
    "options": lambda options: isinstance(options, dict),
    "schema": lambda schema: all(map(OPTION, schema.values())),
}


def problems():
    """All that is wrong."""
    for key in REQUIRED - CONFIG.keys():
        yield f"config.yaml: {key} is missing"
    for key, value in CONFIG.items():
        if key not in KEYS:
            yield f"config.yaml: {key} is not a key that this check knows; is it one of the supervisor?"
        elif not KEYS[key](value):
            yield f"config.yaml: {key} may not be {value!r}"
    if CONFIG["options"].keys() != CONFIG["schema"].keys():
        yield "config.yaml: options and schema do not name the same"
    for key, value in CONFIG["options"].items():
        kind = CONFIG["schema"].get(key, "")
        choice = re.fullmatch(r"list\((.+)\)", kind)
        if value not in (choice[1].split("|") if choice else (True, False)):
            yield f"config.yaml: options.{key} may not be {value!r}, as it is of {kind}"

    version = tomllib.loads(CARGO.read_text())["workspace"]["package"]["version"]
    if CONFIG["version"] != version:
        yield f"config.yaml: version is {CONFIG['version']}, and that of the program {version}"
    if f"\n## {version}" not in (APP / "CHANGELOG.md").read_text():
        yield f"CHANGELOG.md: has nothing of version {version}"

    for language in ("en", "cs"):
        place = f"translations/{language}.yaml"
        words = yaml.safe_load((APP / place).read_text())
        if words["configuration"].keys() != CONFIG["schema"].keys():
            yield f"{place}: configuration does not name what config.yaml's schema does"
        if words["network"].keys() != CONFIG["ports"].keys():
            yield f"{place}: network does not name what config.yaml's ports does"
        for key, entry in words["configuration"].items():
            if entry.keys() != {"name", "description"}:
                yield f"{place}: {key} needs a name and a description"

    profiles = re.findall(r"^profile (\S+)", (APP / "apparmor.txt").read_text(), re.MULTILINE)
    if profiles != [CONFIG["slug"]]:
        yield f"apparmor.txt: expected one profile {CONFIG['slug']}, found {profiles}"
    dockerfile = (APP / "Dockerfile").read_text()
    if f"XT211_WEB_LISTEN=0.0.0.0:{CONFIG['ingress_port']} " not in dockerfile:
        yield "Dockerfile: XT211_WEB_LISTEN is not where config.yaml's ingress_port is"
    for picture, width, height in (("icon.png", 128, 128), ("logo.png", 250, 100)):
        header = (APP / picture).read_bytes()[:24]
        if header[:8] != b"\x89PNG\r\n\x1a\n" or struct.unpack(">II", header[16:]) != (width, height):
            yield f"{picture}: expected a PNG of {width}x{height}"


found = list(problems())
for problem in found:
    print(problem)
sys.exit(bool(found))
