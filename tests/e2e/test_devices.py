"""A daemon shares its one connection with a stranger, and reads a second roof over HTTP."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pymodbus.client import ModbusTcpClient

from tests.e2e.stage import Site, eventually, free_port, short_home


class Roof(http.server.BaseHTTPRequestHandler):
    """A small inverter with a JSON page of its own; each answer differs by a letter."""

    answers = 0

    def do_GET(self) -> None:  # the base class names it so
        Roof.answers += 1
        body = json.dumps({"inverters": [{"kw": 1.25}], "count": Roof.answers}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def second_roof() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Roof)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_connection_is_shared_and_a_roof_over_http_adds_up() -> None:
    shared = free_port()
    with short_home() as outside, second_roof() as roof:
        site = Site(outside, "sunspec", speed=1.0)
        text = site.config.read_text()
        http_device = (
            "  roof: {source: http, essential: false, every: 1 s, "
            f'url: "http://127.0.0.1:{roof}/state", '
            "points: {pv_power: {path: inverters.0.kw, unit: kW}}}\n"
        )
        lines = text.splitlines(keepends=True)
        at = next(i for i, line in enumerate(lines) if f"port: {site.port}" in line)
        lines[at] = lines[at].replace(
            f"port: {site.port}", f'port: {site.port}, share_on: "127.0.0.1:{shared}"'
        )
        lines.insert(at + 1, http_device)
        site.config.write_text("".join(lines))
        try:
            site.start_plant()
            site.start_keeper()
            site.start_daemon()
            whole = eventually(lambda: site.status()["state"]["pv_w"])
            client = ModbusTcpClient("127.0.0.1", port=shared)
            assert eventually(client.connect), site.log("daemon")
            marker = client.read_holding_registers(40000, count=2, device_id=1)
            refused = client.write_register(40000, 1, device_id=1)
            client.close()
            site.stop("daemon")
        finally:
            site.close()

    assert whole is not None
    assert marker.registers == [0x5375, 0x6E53]
    assert refused.exception_code == 1
    assert whole > 1250.0
