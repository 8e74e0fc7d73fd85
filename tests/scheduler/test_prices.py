"""Other people's prices, in every shape that is known, and none that cannot be."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.sources.errors import SourceUnreadable
from scheduler.sources.prices import read_prices
from solard.core.tariff import PriceSlot, SpotTerms, expected_prices, find_prices
from solard.core.told import ToldPrice

BERLIN = ZoneInfo("Europe/Berlin")
EIGHT = datetime(2024, 6, 3, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def prices(body: str) -> list[tuple[int, float]]:
    """Hours after eight, and prices."""
    return [
        (round((one.starts_at - EIGHT) / HOUR), round(one.price_per_kwh, 6))
        for one in read_prices(body.encode(), BERLIN)
    ]


@pytest.mark.parametrize(
    "body",
    [
        '{"unix_seconds": [1717401600, 1717405200], "price": [85.3, -10], "unit": "EUR / MWh"}',
        '{"data": [{"start_timestamp": 1717401600000, "end_timestamp": 1717405200000,'
        ' "marketprice": 85.3, "unit": "Eur/MWh"},'
        ' {"start_timestamp": 1717405200000, "end_timestamp": 1717408800000,'
        ' "marketprice": -10, "unit": "Eur/MWh"}]}',
        '{"rates": [{"start": "2024-06-03T10:00:00+02:00", "value": 0.0853},'
        ' {"start": "2024-06-03T11:00:00+02:00", "value": -0.01}]}',
        "time_utc,eur_per_mwh\n2024-06-03T08:00Z,85.3\n2024-06-03T09:00Z,-10\n",
        "time;price_per_kwh\n2024-06-03 11:00;-0.01\n2024-06-03 10:00;0.0853\n",
    ],
    ids=["energy-charts", "awattar", "evcc", "csv per MWh", "unsorted csv in local time"],
)
def test_every_known_shape_says_the_same_two_prices(body: str) -> None:
    assert prices(body) == [(0, 0.0853), (1, -0.01)]


def test_price_that_cannot_be_is_left_out() -> None:
    rows = ["2024-06-03T08:00Z,0.2", "2024-06-03T09:00Z,1e9", "2024-06-03T10:00Z,NaN"]

    assert prices("\n".join(["time,price", *rows])) == [(0, 0.2)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>", "it sent a web page, not prices"),
        ("{]", "its answer is no JSON"),
        ("time,price\nsoon,much", "nothing in its answer can be used as a price"),
        ('{"unix_seconds": [1], "price": null}', "nothing in its answer can be used as a price"),
    ],
)
def test_nonsense_is_a_sentence(body: str, said: str) -> None:
    with pytest.raises(SourceUnreadable, match=said):
        read_prices(body.encode(), BERLIN)


@pytest.mark.parametrize(
    ("day", "hours"), [("2024-03-30", 23), ("2024-06-03", 24), ("2024-10-26", 25)]
)
def test_23_day_of_any_length_has_a_price_for_each_of_its_hours(day: str, hours: int) -> None:
    begins = datetime.fromisoformat(f"{day}T22:00:00").replace(tzinfo=UTC)
    begins += timedelta(hours=1) * (day == "2024-03-30")
    rows = [f"{begins + HOUR * index:%Y-%m-%dT%H:%MZ},{index / 100}" for index in range(hours)]
    told = read_prices("\n".join(["time,price", *rows]).encode(), BERLIN)

    assert [round(100 * one.price_per_kwh) for one in told] == list(range(hours))
    assert sum(((one.ends_at - one.starts_at) for one in told), timedelta()) == HOUR * hours


def told(price: float) -> ToldPrice:
    return ToldPrice(starts_at=EIGHT, ends_at=EIGHT + HOUR, price_per_kwh=price)


def test_what_the_supplier_adds_is_taxed_too() -> None:
    slot = SpotTerms(add_per_kwh=0.18, vat_share=0.19, export_per_kwh=0.08).slot(told(0.02))

    assert slot.import_per_kwh == pytest.approx(0.238)
    assert slot.export_per_kwh == 0.08


def test_export_earns_nothing_while_the_exchange_is_below_zero() -> None:
    terms = SpotTerms(export_per_kwh=0.08, none_when_negative=True)

    assert terms.slot(told(-0.01)).export_per_kwh == 0.0
    assert terms.slot(told(0.01)).export_per_kwh == 0.08


def test_export_at_spot_may_cost() -> None:
    assert SpotTerms(sells_at_spot=True).slot(told(-0.01)).export_per_kwh == -0.01


def test_hours_that_nobody_has_priced_yet_cost_what_they_cost_the_day_before() -> None:
    today = tuple(
        PriceSlot(
            starts_at=EIGHT + HOUR * index,
            ends_at=EIGHT + HOUR * (index + 1),
            import_per_kwh=index / 100,
        )
        for index in range(24)
    )
    expected = expected_prices(today, EIGHT + HOUR * 49)

    assert len(expected) == 49
    for hours, price in ((3, 0.03), (27, 0.03), (48, 0.0)):
        found = find_prices(expected, EIGHT + HOUR * hours)
        assert found is not None
        assert found.import_per_kwh == price
