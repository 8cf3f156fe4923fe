"""A supervisor of Home Assistant, as far as the app asks it: what services there are, the broker, and
whether Home Assistant lets it in.

Usage: supervisor.py TOKEN SERVICES, where SERVICES is a JSON file, read again for each request:
{"providers": ["core_mosquitto"], "mqtt": {"host": …} or null}
"""

import base64
import hashlib
import json
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN, SERVICES = sys.argv[1:]


def answer(path, state):
    """The status and what is answered, in the supervisor's envelope."""
    mqtt = {"slug": "mqtt", "available": state["mqtt"] is not None, "providers": state["providers"]}
    mysql = {"slug": "mysql", "available": False, "providers": []}
    match path:
        case "/services":
            return 200, {"result": "ok", "data": {"services": [mqtt, mysql]}}
        case "/services/mqtt" if state["mqtt"]:
            return 200, {"result": "ok", "data": {"addon": "core_mosquitto", **state["mqtt"]}}
        case "/services/mqtt":
            return 400, {"result": "error", "message": "Service not enabled"}
        case _:
            return 404, {"result": "error", "message": "Not found"}


class Supervisor(BaseHTTPRequestHandler):
    """Answers to those who have the token."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/core/api/websocket":
            return self.home_assistant()
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            status, body = answer(self.path, json.loads(pathlib.Path(SERVICES).read_text()))
        else:
            status, body = 401, {"result": "error", "message": "Unauthorized"}
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def home_assistant(self):
        """As much of a WebSocket as it takes to be shown the token."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        asked = b'{"type":"auth_required","ha_version":"2026.11.0"}'
        self.wfile.write(bytes([0x81, len(asked)]) + asked)
        length = self.rfile.read(2)[1] & 0x7F
        if length == 126:
            length = int.from_bytes(self.rfile.read(2))
        mask = self.rfile.read(4)
        shown = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(length)))
        self.log_message("Home Assistant was shown %s", json.loads(shown)["access_token"])
        self.close_connection = True


ThreadingHTTPServer(("172.30.32.2", 80), Supervisor).serve_forever()
