"""A judge for answers that can be checked at once: each miner is asked something of its own."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from miner.subnets.subnet import Verdict

Ask = Callable[[bytes], dict[str, Any]]
"""Makes the question that 16 bytes stand for, always the same."""
Score = Callable[[bytes, Any], float | None]
"""Judges an answer to it, 0..1; None where it is none and the miner is asked again."""


class AtOnceJudge:
    """Asks what nobody can foresee or copy, and judges as answers come.

    What each miner is asked follows from this validator's secret, the round and the hotkey: the
    same after a restart, and another for everybody.
    """

    def __init__(self, ask: Ask, score: Score) -> None:
        self._ask = ask
        self._score = score
        self._secret = secrets.token_bytes(32)
        self._verdicts: list[Verdict] = []

    async def open(self, round_at: datetime) -> None:
        """Nothing is needed to ask."""

    def question(self, round_at: datetime, hotkey: str) -> dict[str, Any]:
        """Return this miner's question of a round."""
        return self._ask(self._seed(round_at, hotkey))

    def hear(self, round_at: datetime, hotkey: str, answer: Any) -> bool:
        """Judge an answer; silence is worth nothing."""
        score = 0.0
        if answer is not None:
            judged = self._score(self._seed(round_at, hotkey), answer)
            if judged is None:
                return False
            score = judged
        self._verdicts.append(Verdict(hotkey=hotkey, score=score, weight=1.0))
        return True

    async def settle(self, _now: datetime) -> tuple[Verdict, ...]:
        """Return the verdicts since the last call."""
        verdicts, self._verdicts = tuple(self._verdicts), []
        return verdicts

    def to_json(self) -> dict[str, Any]:
        """Return the secret: a restart must not ask the same round anew."""
        return {"secret": self._secret.hex()}

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take the secret back; keep the new one where there is none."""
        text = data.get("secret")
        if isinstance(text, str):
            self._secret = bytes.fromhex(text)

    def _seed(self, round_at: datetime, hotkey: str) -> bytes:
        told = f"{round_at.isoformat()} {hotkey}".encode()
        return hashlib.blake2b(told, key=self._secret, digest_size=16).digest()
