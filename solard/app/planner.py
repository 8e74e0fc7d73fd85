"""Forecast and plan for the configured site, made by the scheduler's workers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.workers import run_calibration, run_forecast, run_plan
from solard.app.miners_word import MinersWord
from solard.app.told import make_price_source, make_source
from solard.config.load import Settings
from solard.config.plan_terms import battery_spec, solar_site
from solard.core.calibration import Calibration
from solard.core.forecast import Forecast
from solard.core.full_charge import find_evenings
from solard.core.leeway import foreseen
from solard.core.plan import Plan
from solard.core.planning import (
    ForecastBasis,
    ForecastRequest,
    PlanBasis,
    PlanRequest,
)
from solard.core.rig import Rig
from solard.core.rules.fuse import Fuse
from solard.core.rules.plan_rule import PlanRule
from solard.core.tariff import KnownPrices, expected_prices
from solard.daemon.ticking import with_card_ids

PLAN_REACHES = timedelta(hours=49)


class SitePlanner:
    """Turns configuration into requests; a reload replaces the configuration.

    Whom of the miners to ask stays: workloads are changed by a restart.
    """

    def __init__(self, settings: Settings, kept: Path, miners: MinersWord | None = None) -> None:
        """Make a planner; `kept` is a directory for what forecast sources say."""
        self._kept = kept
        self._miners = miners
        self._settings = settings
        self._source = make_source(settings, kept)
        self._price_source = make_price_source(settings, kept)
        self._prices = KnownPrices()

    def use(self, settings: Settings) -> None:
        """Go on with another configuration."""
        self._settings = settings
        self._source = make_source(settings, self._kept)
        self._price_source = make_price_source(settings, self._kept)
        self._prices = KnownPrices()

    async def prices(self, now: datetime) -> KnownPrices:
        """Return the prices of the hour as far as they are known; the next plan uses them too."""
        terms = self._settings.spot
        if self._price_source is None or terms is None:
            return KnownPrices()
        told = await self._price_source.newest(now)
        self._prices = KnownPrices(
            slots=tuple(terms.slot(one) for one in told.prices),
            asked_at=told.asked_at,
            problem=told.problem,
        )
        return self._prices

    async def forecast(self, issued_at: datetime, basis: ForecastBasis) -> Forecast:
        """Return a forecast of what the site remembers and of the newest word of others."""
        told = None if self._source is None else await self._source.newest(issued_at)
        forecast = await run_forecast(replace(self._request(issued_at, basis), told=told))
        if self._miners is None:
            return forecast
        return await self._miners.mix_into(forecast, basis.history)

    async def calibrate(self, made_at: datetime, basis: ForecastBasis) -> Calibration:
        """Return what a long history teaches."""
        return await run_calibration(self._request(made_at, basis))

    def _request(self, issued_at: datetime, basis: ForecastBasis) -> ForecastRequest:
        return ForecastRequest(
            site=solar_site(self._settings),
            issued_at=issued_at,
            history=basis.history,
            told_before=basis.told_before,
            calibration=basis.calibration,
        )

    async def plan(self, forecast: Forecast, basis: PlanBasis) -> Plan:
        """Return a plan for the next two days: a new one, or `previous` where that does better."""
        request = plan_request(self._settings, forecast, basis)
        until = forecast.issued_at + PLAN_REACHES
        prices = expected_prices(self._prices.slots, until)
        return await run_plan(replace(request, prices=prices))


def plan_request(settings: Settings, forecast: Forecast, basis: PlanBasis) -> PlanRequest:
    """Return the question for a plan of the configured site."""
    rule = next((each for each in settings.rules if isinstance(each, PlanRule)), PlanRule())
    fuse = next((each for each in settings.rules if isinstance(each, Fuse)), None)
    return PlanRequest(
        forecast=forecast,
        timezone=settings.site.timezone,
        rig=_as_capped(basis.rig, dict(settings.rig.caps_w)),
        workloads=with_card_ids(settings.core_workloads, basis.rig.cards),
        jobs=basis.jobs,
        battery=battery_spec(settings),
        soc=basis.soc,
        tariff=settings.tariff,
        rules=foreseen(settings.rules),
        fuse_w=None if fuse is None else fuse.phase_w,
        phases=1 if fuse is None else fuse.phases,
        off_grid=settings.is_off_grid,
        export_at_most_w=settings.grid.export_at_most_w,
        import_at_most_w=rule.import_at_most_w,
        nominal_per_kwh=rule.nominal_per_kwh,
        sleep=None if settings.rig.sleep is None else settings.rig.sleep.for_core(),
        heat_per_kwh=0.0 if rule.heat is None else rule.heat.per_kwh(basis.seen),
        full_by=_full_by(settings, forecast.issued_at, basis.full_at),
        cards_on=_expected_cards(basis.previous, forecast.issued_at),
        previous=basis.previous,
        start_cost=settings.rig.start_cost,
    )


def _as_capped(rig: Rig, caps_w: Mapping[int, float]) -> Rig:
    """Return the rig with single cards that their owner allows less than their driver does."""
    cards = tuple(
        replace(card, max_w=min(card.max_w, caps_w.get(card.index, card.max_w)))
        for card in rig.cards
    )
    return replace(rig, cards=cards)


def _full_by(settings: Settings, now: datetime, full_at: datetime | None) -> tuple[datetime, ...]:
    """Return the evenings that the battery should end full."""
    if settings.battery is None:
        return ()
    site = settings.site
    evenings = find_evenings(now, now + PLAN_REACHES, site.latitude_deg, site.longitude_deg)
    return settings.battery.full_charge.moments(evenings, now, full_at)


def _expected_cards(previous: Plan | None, moment: datetime) -> int | None:
    """Return how many cards work by the plan in force: the tick follows it, dwell and all."""
    slot = None
    if previous is not None and previous.is_fresh(moment):
        slot = previous.slot_at(moment)
    return None if slot is None else slot.cards_on
