"""A signed call: who asks the chain for what, once."""

from dataclasses import dataclass
from typing import Any

from miner import keys
from miner.chain.canonical import canonical, digest
from solard.core.errors import SolardError

DOMAIN = b"solard-extrinsic/1\n"
MAX_EXTRINSIC_BYTES = 16384


class ExtrinsicInvalid(SolardError):
    """An extrinsic is malformed, not signed by its sender, or meant for another chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extrinsic:
    """One call with its sender's signature; the genesis hash is part of what is signed."""

    signer: str
    nonce: int
    call: str
    args: dict[str, Any]
    signature: str
    """128 hex digits."""

    @property
    def hash(self) -> str:
        """Return its name: the hash over everything but the signature, which is not unique."""
        return digest([self.signer, self.nonce, self.call, self.args])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "signer": self.signer,
            "nonce": self.nonce,
            "call": self.call,
            "args": self.args,
            "signature": self.signature,
        }


def sign_extrinsic(
    keypair: keys.Keypair, genesis: str, nonce: int, call: str, args: dict[str, Any]
) -> Extrinsic:
    """Return a call signed for the chain with this genesis hash."""
    message = _message(genesis, keypair.ss58, nonce, call, args)
    return Extrinsic(
        signer=keypair.ss58,
        nonce=nonce,
        call=call,
        args=args,
        signature=keypair.sign(message).hex(),
    )


def read_extrinsic(data: Any) -> Extrinsic:
    """Return the extrinsic that plain data describes; raise ExtrinsicInvalid otherwise."""
    shape = {"signer": str, "nonce": int, "call": str, "args": dict, "signature": str}
    if not isinstance(data, dict) or set(data) != set(shape):
        raise ExtrinsicInvalid(f"an extrinsic has exactly the fields {', '.join(shape)}")
    for name, kind in shape.items():
        if type(data[name]) is not kind:
            raise ExtrinsicInvalid(f"extrinsic: {name} is not of type {kind.__name__}")
    if not 0 <= data["nonce"] < 1 << 63:
        raise ExtrinsicInvalid(f"extrinsic: nonce {data['nonce']} is outside 0..2^63-1")
    try:
        size = len(canonical(data))
    except (ValueError, RecursionError) as err:
        raise ExtrinsicInvalid("extrinsic: its arguments cannot be written as JSON") from err
    if size > MAX_EXTRINSIC_BYTES:
        raise ExtrinsicInvalid(f"extrinsic: {size} bytes, at most {MAX_EXTRINSIC_BYTES}")
    return Extrinsic(**data)


def is_signed(extrinsic: Extrinsic, genesis: str) -> bool:
    """Tell whether its signer signed exactly this, for this chain."""
    message = _message(genesis, extrinsic.signer, extrinsic.nonce, extrinsic.call, extrinsic.args)
    try:
        signature = bytes.fromhex(extrinsic.signature)
    except ValueError:
        return False
    return keys.verify(extrinsic.signer, message, signature)


def _message(genesis: str, signer: str, nonce: int, call: str, args: dict[str, Any]) -> bytes:
    return DOMAIN + canonical(
        {"genesis": genesis, "signer": signer, "nonce": nonce, "call": call, "args": args}
    )
