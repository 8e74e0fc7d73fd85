"""The tariff's section: prices that are fixed, change by the time of day, or by the hour."""
# ruff: noqa: RUF009 - key is dataclasses.field with our metadata

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from solard.config.quantities import SHARE, read_window
from solard.config.sections import key
from solard.config.shapes import MoneyShape, ParsedShape, QuantityShape, TextShape
from solard.core.tariff import PriceWindow, SpotTerms, Tariff


class PricesFrom(StrEnum):
    """Who is asked for prices that change by the hour."""

    ENERGY_CHARTS = "energy-charts"
    HTTP = "http"
    FILE = "file"


class SoldAt(StrEnum):
    """What export earns where it is not a fixed price."""

    SPOT = "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceWindowSection:
    """A price that holds between two times of day."""

    between: tuple[int, int] = key(ParsedShape(parse=read_window, unit='"22:00-07:00"'))
    price_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffSection:
    """What energy costs and earns."""

    import_per_kwh: float | None = key(name="import.fixed", default=None)
    import_windows: tuple[PriceWindowSection, ...] = key(name="import.windows", default=())
    source: PricesFrom | None = key(name="import.source", default=None)
    zone: str | None = key(
        TextShape(unit="DE-LU", form=r"[A-Za-z0-9-]{2,12}", hint="a bidding zone such as DE-LU"),
        name="import.zone",
        default=None,
    )
    url: str | None = key(
        TextShape(
            unit="https://api.example.com/prices",
            form=r"https?://[^\s]+",
            hint="an address that begins with http:// or https://",
        ),
        name="import.url",
        default=None,
    )
    file: str | None = key(TextShape(unit="/var/lib/prices.csv"), name="import.file", default=None)
    token: str | None = key(
        TextShape(form=r"[\x21-\x7e]{1,500}", hint="a key without spaces", is_secret=True),
        name="import.token",
        default=None,
    )
    add_per_kwh: float = key(MoneyShape(per="kWh"), name="import.add", default=0.0)
    vat_share: float = key(
        QuantityShape(of=SHARE, low=0.0, high=1.0), name="import.vat", default=0.0
    )
    export_per_kwh: float | None = key(name="export.fixed", default=None)
    sold_at: SoldAt | None = key(name="export.source", default=None)
    none_when_spot_negative: bool = key(name="export.none_when_spot_negative", default=False)
    when_missing_per_kwh: float | None = key(name="when_missing", default=None)

    def for_core(self, currency: str | None) -> Tariff:
        """Return what holds where no price of the hour is known."""
        fixed = self.import_per_kwh
        told_in = "EUR" if self.source is PricesFrom.ENERGY_CHARTS else None
        return Tariff(
            currency=currency or told_in,
            import_per_kwh=self.when_missing_per_kwh if fixed is None else fixed,
            export_per_kwh=self.export_per_kwh,
            import_windows=tuple(
                PriceWindow(
                    from_minute=each.between[0],
                    to_minute=each.between[1],
                    price_per_kwh=each.price_per_kwh,
                )
                for each in self.import_windows
            ),
        )

    def spot_terms(self) -> SpotTerms | None:
        """Return what is made of the prices of the hour; None where nobody is asked."""
        if self.source is None:
            return None
        return SpotTerms(
            add_per_kwh=self.add_per_kwh,
            vat_share=self.vat_share,
            export_per_kwh=self.export_per_kwh,
            sells_at_spot=self.sold_at is SoldAt.SPOT,
            none_when_negative=self.none_when_spot_negative,
        )


def check_tariff(section: TariffSection, currency: str | None) -> Iterator[tuple[str, str]]:
    """Yield what is missing for, or contradicts, the source that is named."""
    at, source = "tariff.import.source", section.source
    needs = {
        PricesFrom.ENERGY_CHARTS: ("zone", section.zone),
        PricesFrom.HTTP: ("url", section.url),
        PricesFrom.FILE: ("file", section.file),
    }
    for one, (name, value) in needs.items():
        path = f"tariff.import.{name}"
        if source is one and value is None:
            yield at, f"{at} {one} needs {path}"
        takes = source is one or (name == "url" and source is PricesFrom.ENERGY_CHARTS)
        if value is not None and not takes:
            said = "there is no source" if source is None else f"the source is {source}"
            yield path, f"{path} means nothing while {said}; write `source: {one}`"
    if source is PricesFrom.ENERGY_CHARTS and currency not in (None, "EUR"):
        yield at, f"{at} {source} tells prices in EUR, but this file counts in {currency}"
    if section.token is not None and source is not PricesFrom.HTTP:
        yield "tariff.import.token", "tariff.import.token is only sent with `source: http`"
    if source is None and (section.sold_at or section.none_when_spot_negative):
        yield "tariff.export", f"tariff.export follows spot prices, but {at} names none"
    if section.sold_at is not None and section.export_per_kwh is not None:
        yield "tariff.export.fixed", "tariff.export has fixed and source; delete one"
    if section.when_missing_per_kwh is not None and section.import_per_kwh is not None:
        yield "tariff.when_missing", "tariff.when_missing means nothing beside import.fixed"
