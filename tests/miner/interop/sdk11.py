"""Runs under bittensor 11.3.0: its `http_auth` signs for our axon and verifies our dendrite.

`sdk11.py sign RECEIVER PATH BODY` prints headers; `sdk11.py verify` reads a request as JSON from
stdin and prints whose it is, or why it is nobody's; `sdk11.py wallet DIR` makes the hotkey `sdk/h1`
there, and prints its address and that of `rig/default`.
"""

import json
import sys

from bittensor import Wallet, http_auth
from bittensor_core import Keypair

BOB = Keypair.create_from_uri("//DendriteBob")


def main() -> dict:
    if sys.argv[1] == "wallet":
        made = Wallet(name="sdk", hotkey="h1", path=sys.argv[2])
        made.create_new_hotkey(use_password=False, suppress=True)
        read = Wallet(name="rig", hotkey="default", path=sys.argv[2])
        return {
            "made": made.hotkey.ss58_address,
            "read": read.hotkey.ss58_address,
            "public": read.hotkeypub.ss58_address,
            "owner": read.coldkeypub.ss58_address,
        }
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
