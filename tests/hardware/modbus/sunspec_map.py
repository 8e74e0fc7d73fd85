"""Lay out a SunSpec device: models with raw words, everything else not implemented."""

from collections.abc import Mapping, Sequence

Raw = Mapping[int, int | str | Sequence[int]]
"""Offset from the model's ID → word, words or text."""

LENGTHS = {1: 66, 101: 50, 103: 50, 122: 44, 124: 24, 160: 88, 203: 105, 701: 153, 802: 62}


def lay_out(*models: tuple[int, Raw | list[int]]) -> list[int]:
    """Return the words of a device from its marker to its end."""
    words = [0x5375, 0x6E53]
    for model, raw in models:
        words += raw if isinstance(raw, list) else model_words(model, raw)
    return [*words, 0xFFFF, 0]


def model_words(model: int, raw: Raw) -> list[int]:
    """Return the words of one model; those that `raw` does not name are 0xFFFF."""
    length = LENGTHS[model]
    words = [model, length] + [0xFFFF] * length
    for offset, value in raw.items():
        given = [value] if isinstance(value, int) else value
        if isinstance(given, str):
            data = given.encode().ljust(2 * ((len(given) + 1) // 2 + 1), b"\0")
            given = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        words[offset : offset + len(given)] = [one & 0xFFFF for one in given]
    return words


def common(maker: str = "Fronius", product: str = "Symo GEN24 6.0") -> tuple[int, Raw]:
    """Return model 1."""
    return 1, {2: maker, 18: product, 34: "", 42: "1.34.6-1", 50: "34119102"}


def inverter(power_w: int, state: int = 4, events: int = 0) -> tuple[int, Raw]:
    """Return model 103 with its power in tens of watts and 50.02 Hz."""
    raw = {13: -1, 14: power_w // 10, 15: 1, 16: 5002, 17: -2, 24: [0, 1234], 26: 3, 38: state}
    return 103, {**raw, 40: [0, events]}


def status(pv: int, grid: int) -> tuple[int, Raw]:
    """Return model 122 with its switch words."""
    return 122, {2: pv, 3: 0, 4: grid}


def der(power_w: int, state: int = 3, connected: int = 1, mode: int = 1) -> tuple[int, Raw]:
    """Return model 701: its inverter's state, whether it is connected, and the bits of its mode."""
    raw = {4: state, 5: connected, 6: [0, 0], 8: [0, mode], 10: power_w}
    return 701, {**raw, 17: [0, 5001], 115: -2, 116: 0}


def ports(*ports_w: tuple[int, int]) -> tuple[int, list[int]]:
    """Return the whole of a model 714 with the type and the power of each DC port."""
    words = [714, 18 + 25 * len(ports_w), 0, 0, len(ports_w), *[0xFFFF] * 10, 0, 0, 1, 0, 0]
    for number, (kind, power_w) in enumerate(ports_w, start=1):
        words += [kind, number, *[0] * 8, 0, 0, power_w // 10 & 0xFFFF, *[0xFFFF] * 12]
    return 714, words


def storage(soc_percent: float) -> tuple[int, Raw]:
    """Return model 124 with a state of charge in hundredths of a percent and 5120 W."""
    return 124, {2: 5120, 8: round(soc_percent * 100), 11: 4, 18: 0, 22: -2, 24: 0}


def modules(powers_w: Sequence[int], labels: Sequence[str] = ("",) * 4) -> tuple[int, Raw]:
    """Return model 160 with four modules."""
    raw: dict[int, int | str | Sequence[int]] = {2: -2, 3: -1, 4: 0, 5: 0, 8: 4}
    for number, (power_w, label) in enumerate(zip(powers_w, labels, strict=True)):
        at = 10 + 20 * number
        raw |= {at: number + 1, at + 1: label or [0] * 8, at + 11: power_w}
    return 160, raw


def many_modules(powers_w: Sequence[int]) -> tuple[int, list[int]]:
    """Return the whole of a model 160 with any number of modules."""
    words = [160, 8 + 20 * len(powers_w), 0xFFFE, 0xFFFF, 1, 0, 0, 0, len(powers_w), 0xFFFF]
    for number, power_w in enumerate(powers_w, start=1):
        words += [number, *[0] * 8, 0, 0, power_w // 10, *[0] * 8]
    return 160, words


def meter(power_w: int, phases_w: Sequence[int] = (0, 0, 0)) -> tuple[int, Raw]:
    """Return model 203 in whole watts with 230.4 V."""
    return 203, {7: 2304, 11: 3991, 15: -1, 18: [power_w, *phases_w], 22: 0, 46: [0, 5000], 54: 0}


def battery(
    power_w: int, soc_percent: int, charge_a: int = 25, discharge_a: int = 25
) -> tuple[int, Raw]:
    """Return model 802 at 400.0 V with limits in amperes and 8 kW."""
    raw = {4: 8000, 5: 8000, 11: soc_percent, 34: 4000, 44: 0, 45: charge_a, 46: discharge_a}
    factors = {54: 0, 56: 0, 59: -1, 61: -2, 62: 0, 63: 0}
    return 802, {**raw, **factors, 47: power_w}
