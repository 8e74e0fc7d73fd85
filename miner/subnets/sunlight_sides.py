"""Both sides of `sunlight`: miners learn on their own site, validators judge by what came true."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from miner.subnets import sunlight
from miner.subnets.mixing import Weighed, mean_of, take_best
from miner.subnets.model import UNTRAINED, Trained, train
from miner.subnets.slots import SLOT, SLOT_S, SiteSlot
from miner.subnets.subnet import QuestionInvalid, Subnet, Surroundings, Verdict
from solard.core.modes import WorkMode

HISTORY = timedelta(days=14)
RECENT = timedelta(hours=3)
GIVE_UP = timedelta(hours=6)
"""A slot without good data by then never comes true."""

Guesses = dict[str, list[sunlight.Guess | None]]
"""What each hotkey said about one slot, ask by ask; None where it said nothing."""


class SunlightWorker:
    """Forecasts the sun with what its own site taught it."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._clock = surroundings.clock
        self._site = surroundings.site
        self._location = surroundings.location
        self._trained: Trained = UNTRAINED

    async def learn(self) -> None:
        """Train on the site's own history."""
        now = self._clock.now()
        self._trained = train(await self._site.slots(now - HISTORY, now, now), self._location)

    async def answer(self, question: Any, mode: WorkMode) -> dict[str, Any]:
        """Return the energy of each asked slot."""
        try:
            challenge = sunlight.read_challenge(question)
        except sunlight.SunlightInvalid as err:
            raise QuestionInvalid(str(err)) from err
        return sunlight.forward(challenge, self._trained, mode)


class SunlightJudge:
    """Asks about the validator's own site, and scores each slot when it has come true."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._clock = surroundings.clock
        self._site = surroundings.site
        self._location = surroundings.location
        self._peak_w = surroundings.peak_w
        self._recent: tuple[SiteSlot, ...] = ()
        self._waiting: dict[datetime, Guesses] = {}
        self._best_slot_wh = 0.0

    async def open(self, round_at: datetime) -> None:
        """Read the last hours of the site: they are part of the question."""
        self._recent = await self._site.slots(round_at - RECENT, round_at, self._clock.now())
        self._learn_scale(self._recent)

    def question(self, round_at: datetime, hotkey: str) -> dict[str, Any]:
        """Return the slots from this one on; everybody is asked the same."""
        del hotkey
        return sunlight.new_challenge(
            round_at, self._recent, self._location, self._peak_w
        ).to_json()

    def hear(self, round_at: datetime, hotkey: str, answer: Any) -> bool:
        """Keep a forecast until its slots have come true."""
        values: tuple[sunlight.Guess | None, ...] | None = (None,) * sunlight.HORIZON_SLOTS
        if answer is not None:
            values = sunlight.read_answer(answer, sunlight.HORIZON_SLOTS)
        if values is None:
            return False
        for place, value in enumerate(values):
            guesses = self._waiting.setdefault(round_at + SLOT * place, {})
            guesses.setdefault(hotkey, []).append(value)
        return True

    async def settle(self, now: datetime) -> tuple[Verdict, ...]:
        """Score the slots that have come true."""
        due = [at for at in self._waiting if at + SLOT <= now]
        if not due:
            return ()
        truths = await self._site.slots(min(due), max(due) + SLOT, now)
        self._learn_scale(truths)
        verdicts: list[Verdict] = []
        for truth in truths:
            verdicts += self._judge(self._waiting.pop(truth.starts_at, {}), truth)
        for at in [at for at in self._waiting if at + GIVE_UP < now]:
            del self._waiting[at]
        return tuple(verdicts)

    def to_json(self) -> dict[str, Any]:
        """Return the open guesses and the scale."""
        return {
            "waiting": {
                at.isoformat(): {hotkey: [_row(one) for one in said] for hotkey, said in by.items()}
                for at, by in self._waiting.items()
            },
            "best_slot_wh": self._best_slot_wh,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take them back."""
        waiting = data.get("waiting", {})
        self._waiting = {
            datetime.fromisoformat(at): {
                hotkey: [_guess(one) for one in said] for hotkey, said in by.items()
            }
            for at, by in waiting.items()
        }
        self._best_slot_wh = float(data.get("best_slot_wh", 0.0))

    def guesses_after(self, moment: datetime) -> dict[datetime, dict[str, float]]:
        """Return what each hotkey said last about the slots that begin later, in Wh."""
        latest = {
            at: {hotkey: values[-1] for hotkey, values in guesses.items()}
            for at, guesses in sorted(self._waiting.items())
            if at > moment
        }
        return {
            at: {hotkey: one.middle_wh for hotkey, one in guesses.items() if one is not None}
            for at, guesses in latest.items()
        }

    def _judge(self, guesses: Guesses, truth: SiteSlot) -> list[Verdict]:
        verdicts = []
        for hotkey, values in guesses.items():
            judged = [sunlight.score(one, truth, self._best_slot_wh) for one in values]
            score = sum(one.score for one in judged) / len(judged)
            weight = sum(one.weight for one in judged) / len(judged)
            verdicts.append(Verdict(hotkey=hotkey, score=score, weight=weight))
        return verdicts

    def _learn_scale(self, slots: tuple[SiteSlot, ...]) -> None:
        told_wh = (self._peak_w or 0.0) / 4
        seen_wh = max((slot.pv_wh for slot in slots), default=0.0)
        self._best_slot_wh = max(self._best_slot_wh, told_wh, seen_wh)


def _row(guess: sunlight.Guess | None) -> list[float] | None:
    return None if guess is None else [guess.low_wh, guess.middle_wh, guess.high_wh]


def _guess(kept: Any) -> sunlight.Guess | None:
    """Return what `_row` wrote, or a single number as validators of before kept it."""
    if kept is None:
        return None
    low, middle, high = kept if isinstance(kept, list) else (kept, kept, kept)
    return sunlight.Guess(low, middle, high)


def mix_forecasts(answers: Weighed) -> dict[str, Any]:
    """Mix forecasts slot by slot, by the weight of who made them."""
    columns = {name: mean_of(answers, name) for name in ("pv_wh", "low_wh", "high_wh")}
    if columns["pv_wh"] is None:
        return take_best(answers)
    return {**{name: one for name, one in columns.items() if one is not None}, "model": "mixture"}


def offer_forecast(
    judge: SunlightJudge, scores: Mapping[str, float], now: datetime
) -> dict[str, Any] | None:
    """Mix what miners say about our site's next hours by the square of what they are worth."""
    rows = []
    for at, guesses in judge.guesses_after(now).items():
        weights = {hotkey: scores.get(hotkey, 0.0) ** 2 for hotkey in guesses}
        total = sum(weights.values())
        if total > 0.0:
            mean_wh = sum(weights[hotkey] * guess for hotkey, guess in guesses.items()) / total
            ends_at = (at + SLOT).isoformat()
            pv_w = round(mean_wh * 3600.0 / SLOT_S, 1)
            rows.append({"starts_at": at.isoformat(), "ends_at": ends_at, "pv_w": pv_w})
    return {"forecasts": rows} if rows else None


SUNLIGHT = Subnet(
    name=sunlight.NAME,
    about="predictions: the sun of the next two hours, scored as it comes true",
    kind=sunlight.KIND,
    round_s=float(SLOT_S),
    mode_power_w={WorkMode.FULL: 3.0, WorkMode.ECO: 1.0, WorkMode.STANDBY: 1.0},
    new_worker=SunlightWorker,
    new_judge=SunlightJudge,
    mix=mix_forecasts,
    offer=offer_forecast,
)
