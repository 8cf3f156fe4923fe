"""Compares what the parts of the docker-compose folder have to agree on, tries the health check of
the bridge on pages that are well and ill, and writes what is to be tried in a Debian of its own,
`broker.sh` and `bridge.sh`, into the given folder.
"""

import http.server
import json
import pathlib
import re
import shlex
import subprocess
import sys
import threading

import yaml

FOLDER = pathlib.Path(__file__).parents[1] / "docker-compose"


def filled(value, settings):
    """With the variables of .env in place, as a container gets it."""
    if isinstance(value, dict):
        return {name: filled(part, settings) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, settings) for part in value]
    if not isinstance(value, str):
        return value
    value = re.sub(r"(?<!\$)\$\{(\w+)[^}]*\}", lambda variable: settings[variable[1]], value)
    return value.replace("$$", "$")


def check_settings():
    """Whoever copies .env.example finds each variable that is used there, and no other."""
    compose = re.sub(r"\$\$\w+", "", (FOLDER / "docker-compose.yml").read_text())
    used = set(re.findall(r"\$\{(\w+)", compose))
    offered = set(re.findall(r"^(\w+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE))
    assert used == offered, used ^ offered
    secrets = re.findall(r"^\w+(?:PASSWORD|TOKEN)=(.+)$", (FOLDER / ".env.example").read_text(), re.MULTILINE)
    assert not secrets, secrets


def check_grafana(grafana):
    """Each dashboard begins with a data source that is provisioned, and is where it is looked for."""
    mounted = {volume.split(":")[1]: FOLDER / volume.split(":")[0]
               for volume in grafana["volumes"] if volume.startswith(".")}
    for place, source in mounted.items():
        assert source.exists(), source
    sources = yaml.safe_load((FOLDER / "grafana/datasources.yaml").read_text())["datasources"]
    provider = yaml.safe_load((FOLDER / "grafana/dashboards.yaml").read_text())["providers"][0]
    dashboards = list(mounted[provider["options"]["path"]].glob("*.json"))
    chosen = {variable["current"]["value"]
              for file in dashboards
              for variable in json.loads(file.read_text())["templating"]["list"]
              if variable["type"] == "datasource"}
    assert chosen == {source["uid"] for source in sources}, chosen
    for name in re.findall(r"\$(\w+)", json.dumps(sources)):
        assert name in grafana["environment"], name


def check_health(test):
    """The bridge's health check, on a page that answers and on one that does not."""
    for status in (200, 503, None):
        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status if self.path == "/healthz" else 404)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Page)
        if status is None:
            server.server_close()
        else:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [part.replace("8099", str(server.server_port)) for part in test[1:]]
        code = subprocess.run(command, stderr=subprocess.DEVNULL).returncode
        assert (code == 0) == (status == 200), (status, code)
        if status is not None:
            server.shutdown()
            server.server_close()


def exports(service):
    """Its environment, for a shell."""
    settings = (f"{name}={shlex.quote(value)}" for name, value in service["environment"].items())
    return f"export {' '.join(settings)}"


def broker(mosquitto):
    """Starts it by its own command, and asks by its own health check."""
    command = " ".join(shlex.quote(part) for part in mosquitto["command"])
    health = mosquitto["healthcheck"]["test"]
    return f"""set -eu
{exports(mosquitto)}
{command} &
healthy() {{ sh -c {shlex.quote(health)}; }}
for _ in $(seq 100); do
    if healthy 2>/dev/null; then break; fi
    sleep 0.1
done
healthy
if MQTT_PASSWORD=wrong healthy 2>/dev/null; then echo 'a wrong password is taken'; exit 1; fi
kill %1
wait %1
"""


def main():
    environment, folder = map(pathlib.Path, sys.argv[1:])
    settings = dict(re.findall(r"^(\w+)=(.*)$", environment.read_text(), re.MULTILINE))
    compose = yaml.safe_load((FOLDER / "docker-compose.yml").read_text())
    services = filled(compose["services"], settings)
    check_settings()
    check_grafana(services["grafana"])
    check_health(services["xt211-bridge"]["healthcheck"]["test"])
    (folder / "broker.sh").write_text(broker(services["mosquitto"]))
    (folder / "bridge.sh").write_text(f"{exports(services['xt211-bridge'])}\nxt211-bridge check\n")


main()
