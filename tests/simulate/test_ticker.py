"""The daemon's tick on recorded figures: what it makes of cards that jobs have taken."""

from datetime import timedelta

from solard.config.load import load_settings
from solard.core.future import Future, FutureSlot
from solard.core.plan import Plan
from solard.simulate.recording import TickRow
from solard.simulate.site import make_site
from solard.simulate.ticker import Seen, Settled, SimTicker
from tests.simulate.stage import EXAMPLES, FIRST


def settled(worth_per_kwh: float, job_cards: int) -> Settled:
    """Settle at noon: 4 kW are left over, and a kWh in the half full battery is worth so much."""
    worths = tuple((worth_per_kwh * 1.0, worth_per_kwh * 10.0) for _cards in range(5))
    future = Future(
        capacity_wh=10000.0,
        start_cost=0.0,
        grid_soc=(0.1, 1.0),
        slots=tuple(
            FutureSlot(at=FIRST + timedelta(hours=hours), worths=worths) for hours in (0.0, 2.0)
        ),
    )
    plan = Plan(made_at=FIRST, solve_s=0.0, gap=0.0, slots=(), future=future)
    row = TickRow(
        starts_at=FIRST,
        pv_w=5000.0 + 300.0 * job_cards,
        load_w=1000.0,
        pv_known=True,
        load_known=True,
        import_per_kwh=0.32,
        export_per_kwh=0.08,
        has_price=False,
        pv_forecast_w=None,
    )
    seen = Seen(row=row, soc=0.5, tick=0, jobs_w=300.0 * job_cards, job_cards=job_cards)
    return SimTicker(make_site(load_settings(EXAMPLES / "berlin.yaml"))).settle(seen, plan)


def test_work_beside_jobs_is_worth_what_it_is_without_them() -> None:
    # The third part of a card's curve earns 0.094 EUR/kWh, the second 0.133: at 0.95 × 0.12 the
    # second is taken and the third is not, however many cards jobs have taken.
    alone, beside = settled(0.12, job_cards=0), settled(0.12, job_cards=2)

    assert (alone.cards_on, beside.cards_on) == (4, 2)
    assert alone.rig_w / 4 == beside.rig_w / 2
