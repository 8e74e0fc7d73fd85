"""The embedded chain: epochs of Yuma, proofs of work, blocks of a year that is fast-forwarded."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from miner import keys
from miner.chain.authority import Authority, open_authority
from miner.chain.extrinsic import sign_extrinsic
from miner.chain.proof_of_work import registration_prefix, search
from miner.chain.values import Rules
from miner.chain.verify import verify_chain
from miner.chain.yuma.bonds import LiquidAlpha
from miner.chain.yuma.entries import Entries, entries_of
from miner.chain.yuma.epoch import YumaInput, YumaParameters, run_epoch
from tests.bench.figures import Figure, once

TAO = 1_000_000_000
START = datetime(2024, 6, 20, tzinfo=UTC)
MINERS, VALIDATORS = 8, 3
BATCH = 50
NEVER = (1 << 63) - 1
SEARCHED = 1 << 20


def measure_chain(block_seconds: float) -> tuple[Figure, ...]:
    """Return what consensus, proofs of work and blocks take."""
    return (
        _epochs("Yuma classic, 256 × 64", 256, YumaParameters(), 21, below=6.0),
        _epochs("Yuma classic, 4096 × 64", 4096, YumaParameters(), 7, below=100.0),
        _epochs(
            "Yuma3 with liquid alpha, 256 × 64",
            256,
            YumaParameters(yuma3=True, liquid=LiquidAlpha()),
            11,
            below=60.0,
        ),
        _hashes(),
        *_blocks(block_seconds),
    )


def _epochs(
    name: str, neurons: int, parameters: YumaParameters, repeats: int, *, below: float
) -> Figure:
    given = _subnet(neurons, 64)
    values = tuple(_ms(lambda: run_epoch(given, parameters)) for _ in range(repeats + 1))[1:]
    how = "processor time, one thread: what else runs here does not count"
    return Figure(name=name, unit="ms an epoch", values=values, below=below, how=how)


def _ms(run: Callable[[], object]) -> float:
    began_s = time.process_time()
    run()
    return (time.process_time() - began_s) * 1000


def _subnet(neurons: int, validators: int) -> YumaInput:
    random = np.random.default_rng(1)

    def entries() -> Entries:
        rows: list[list[tuple[int, int]]] = [[] for _ in range(neurons)]
        for uid in range(validators):
            values = random.integers(1, 65536, neurons - validators).tolist()
            rows[uid] = list(zip(range(validators, neurons), values, strict=True))
        return entries_of(rows)

    stake = random.integers(10**12, 10**15, validators).tolist()
    return YumaInput(
        block=10_000,
        last_tempo=9_640,
        stake=stake + [0] * (neurons - validators),
        permits=[uid < validators for uid in range(neurons)],
        last_update=[9_990] * neurons,
        registered=[1] * neurons,
        weights=entries(),
        bonds=entries(),
    )


def _hashes() -> Figure:
    alice, bob = keys.from_uri("//Alice").ss58, keys.from_uri("//Bob").ss58
    prefix = registration_prefix(1, bytes(32), alice, bob)
    values = tuple(SEARCHED / _ms(lambda: search(prefix, NEVER, 0, SEARCHED)) for _ in range(3))
    return Figure(name="proof of work, one thread", unit="kH/s", values=values)


def _blocks(seconds: float) -> tuple[Figure, ...]:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        authority = open_authority(home, START, Rules(tempo=360))
        _populate(authority)
        first, began_s = authority.head.number, time.perf_counter()
        while time.perf_counter() - began_s < seconds:
            _step(authority, BATCH)
        taken_s = time.perf_counter() - began_s
        made = authority.head.number - first
        authority.store.close()
        began_s = time.perf_counter()
        verdict = verify_chain(home / "chain.db")
        verified_s = time.perf_counter() - began_s
    how = f"{VALIDATORS} validators, {MINERS} miners, tempo 360"
    return (
        once("blocks made when fast-forwarding", "blocks/s", made / taken_s, how=how),
        once("a year of blocks, fast-forwarded", "h", 2_629_800 / (made / taken_s) / 3600),
        once("blocks verified", "blocks/s", verdict.blocks / verified_s, how="verify, all of them"),
    )


def _populate(authority: Authority) -> None:
    """Register everybody, and let validators weigh."""
    everybody = [keys.from_uri(f"//Bench{place}") for place in range(MINERS + VALIDATORS)]
    for keypair in everybody:
        _call(authority, keypair, "claim_grant")
    for keypair in everybody:
        _call(authority, keypair, "register", netuid=1, hotkey=keypair.ss58)
    for keypair in everybody[:VALIDATORS]:
        _call(authority, keypair, "add_stake", netuid=1, hotkey=keypair.ss58, rao=40 * TAO)
    _step(authority, 361)
    uids = list(range(1 + VALIDATORS, 1 + VALIDATORS + MINERS))
    for keypair in everybody[:VALIDATORS]:
        _call(authority, keypair, "set_weights", netuid=1, uids=uids, values=uids)


def _call(authority: Authority, keypair: keys.Keypair, call: str, **args: Any) -> None:
    nonce = authority.state.account(keypair.ss58).nonce
    authority.submit(sign_extrinsic(keypair, authority.genesis.hash, nonce, call, args))
    _step(authority, 1)


def _step(authority: Authority, count: int) -> None:
    number = authority.head.number
    authority.make_blocks(
        [START + timedelta(seconds=12 * (number + step)) for step in range(1, count + 1)]
    )
