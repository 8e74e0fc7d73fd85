"""A third-party miner for tests: `script_miner.py PORT [--small] [--slow S] [--deaf-after N]`.

It answers `GET /health`, `/stats` (JSON) and `/metrics`, takes `POST /mode`, says its rate in its
log, and changes its mode on SIGUSR1 (full) and SIGUSR2 (small).
"""

import http.server
import json
import signal
import sys
import threading
import time

DEAF_AFTER = (
    int(sys.argv[sys.argv.index("--deaf-after") + 1]) if "--deaf-after" in sys.argv else 999
)


class Miner(http.server.BaseHTTPRequestHandler):
    mode = "small" if "--small" in sys.argv else "full"
    answered = 0

    def do_GET(self) -> None:
        Miner.answered += 1
        if "--slow" in sys.argv:
            time.sleep(float(sys.argv[sys.argv.index("--slow") + 1]))
        if Miner.answered > DEAF_AFTER:
            self.send_error(500)
            return
        if self.path == "/stats":
            self.say(json.dumps({"gpus": [{"rate": "41.5"}], "mode": Miner.mode}))
        elif self.path == "/metrics":
            self.say(f'hashes_total{{gpu="0"}} {Miner.answered}\nhashes_total{{gpu="1"}} 1\n')
        else:
            self.say("fine")

    def do_POST(self) -> None:
        Miner.mode = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        print("told", Miner.mode, flush=True)
        self.say("")

    def say(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        return


def change(number: int, _: object) -> None:
    Miner.mode = "full" if number == signal.SIGUSR1 else "small"
    print("mode", Miner.mode, flush=True)


def main() -> None:
    signal.signal(signal.SIGUSR1, change)
    signal.signal(signal.SIGUSR2, change)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Miner)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        print(f"rate: {2.5 if Miner.mode == 'full' else 0.5} answers/min", flush=True)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
