"""Runs under bittensor 11.3.0: its `http_auth` signs for our axon and verifies our dendrite.

`sdk11.py sign RECEIVER PATH BODY` prints headers; `sdk11.py verify` reads a request as JSON from
stdin and prints whose it is, or why it is nobody's.
"""

import json
import sys

from bittensor import http_auth
from bittensor_core import Keypair

BOB = Keypair.create_from_uri("//DendriteBob")


def main() -> dict:
    if sys.argv[1] == "sign":
        receiver, path, body = sys.argv[2:5]
        return http_auth.sign(
            BOB, method="POST", path=path, body=body.encode(), receiver_ss58=receiver
        )
    told = json.load(sys.stdin)
    try:
        caller = http_auth.verify(
            told["headers"],
            told["body"].encode(),
            method=told["method"],
            path=told["path"],
            self_hotkey_ss58=told["me"],
        )
    except http_auth.AuthError as err:
        return {"error": f"{type(err).__name__}: {err}"}
    return {"hotkey": caller.hotkey_ss58}


if __name__ == "__main__":
    print(json.dumps(main()))
