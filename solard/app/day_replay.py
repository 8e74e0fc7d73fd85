"""A day of this site out of its history, for `solard replay`."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler.hindsight import day_forecast, is_known, replay_day
from solard.app.planner import plan_request
from solard.config.load import Settings
from solard.core.day_replay import DayReplay
from solard.core.errors import SolardError
from solard.core.planning import PlanBasis
from solard.core.rig import Rig
from solard.core.site_slot import SLOT_S
from solard.core.tariff import PriceSlot
from solard.store.reading import History, open_history
from solard.system.clock import clock_from_environment

QUARTER = timedelta(seconds=SLOT_S)
ONE_DAY = timedelta(days=1)
SOC_KNOWN_FOR = timedelta(minutes=10)
FIRST_PLAN_WITHIN = timedelta(hours=1)
"""Of a day that solard saw only in part."""


class NothingToReplay(SolardError):
    """A day of which history holds nothing."""


def replay_day_of(settings: Settings, database: Path, day: date | timedelta) -> DayReplay:
    """Return a day, or that of so long ago; raise SolardError where nothing is known of it.

    What solard did not see at the day's beginning and end is left out.
    """
    zone = ZoneInfo(settings.site.timezone)
    with open_history(database) as history:
        last = history.last_cycle()
        if isinstance(day, timedelta):
            now = clock_from_environment().now() if last is None else last.inputs.state.taken_at
            day = (now.astimezone(zone) - day).date()
        midnights = _midnight(day, zone), _midnight(day + ONE_DAY, zone)
        slots, socs = history.site15(*midnights), _charges(history, *midnights)
        known = [
            slot.starts_at
            for slot in slots
            if is_known(slot)
            and (settings.battery is None or socs(slot.starts_at + QUARTER) is not None)
        ]
        if not known:
            raise NothingToReplay(
                f"nothing is known of {day}: name a day of the last {_kept(settings)} in which "
                "solard ran through a whole quarter hour"
            )
        begins_at, ends_at = known[0], known[-1] + QUARTER
        slots = tuple(slot for slot in slots if begins_at <= slot.starts_at < ends_at)
        notes = []
        if last is None:
            notes.append("The cards are not known: no decision is stored.")
        rig = Rig(host_w=settings.rig.idle_w) if last is None else last.inputs.rig
        forecast = day_forecast(slots, begins_at, ends_at)
        soc = socs(begins_at)
        soc = socs(begins_at + QUARTER) if soc is None else soc
        request = plan_request(settings, forecast, PlanBasis(rig=rig, soc=soc))
        request = replace(request, prices=_prices(history, begins_at, ends_at))
        planned = history.plan_at(begins_at) or history.plan_at(begins_at + FIRST_PLAN_WITHIN)
        if planned is None:
            notes.append("The plan of that morning is not kept any more, or there was none.")
        courses = replay_day(request, slots, socs, planned)
    return DayReplay(
        day=day.isoformat(),
        currency=settings.tariff.currency,
        courses=courses,
        known_quarters=len(known),
        quarters=(midnights[1] - midnights[0]) // QUARTER,
        notes=tuple(notes),
    )


def _kept(settings: Settings) -> str:
    """Return how far back a day can be told: charges are kept by the minute."""
    return "three years" if settings.battery is None else "30 days"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _charges(
    history: History, begins_at: datetime, ends_at: datetime
) -> Callable[[datetime], float | None]:
    """Return what tells the charge at a moment: the last known one of the minutes before."""
    samples = [
        one
        for one in history.samples(begins_at - SOC_KNOWN_FOR)
        if one.soc is not None and one.starts_at <= ends_at
    ]
    stamps = [one.starts_at for one in samples]

    def charge(moment: datetime) -> float | None:
        place = bisect_right(stamps, moment) - 1
        if place < 0 or moment - stamps[place] > SOC_KNOWN_FOR:
            return None
        return samples[place].soc

    return charge


def _prices(history: History, begins_at: datetime, ends_at: datetime) -> tuple[PriceSlot, ...]:
    """Return the prices that decisions of the day knew; the tariff says the rest."""
    found = []
    moment = begins_at
    while moment < ends_at:
        record = history.cycle_after(moment, moment + QUARTER)
        if record is not None:
            local = record.inputs.state.local_at
            tariff = record.inputs.tariff
            found.append(
                PriceSlot(
                    starts_at=moment,
                    ends_at=moment + QUARTER,
                    import_per_kwh=tariff.import_at(local.hour * 60 + local.minute),
                    export_per_kwh=tariff.export_per_kwh,
                )
            )
        moment += QUARTER
    return tuple(found)
