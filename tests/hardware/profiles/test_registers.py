"""The register facts of 14 families, row by row, and what the profiles make of them.

registers.csv holds the facts as public sources give them (addresses on the wire, counted from 0;
value = raw x scale + offset, times sign = ours). Each row is decoded here by a few lines of its own
and compared with the profile of its family.
"""

import csv
import struct
from pathlib import Path

import pytest

from hardware.modbus.capture import Recording
from hardware.modbus.description import Profile, RecordedBlock
from hardware.modbus.points import MAIN
from hardware.modbus.profile import load_profile
from hardware.modbus.replay import replay

ROWS = tuple(csv.DictReader((Path(__file__).parent / "registers.csv").read_text().splitlines()))
RAW = {"u": 4321, "i": -1234, "f": 234.5, "s": "AB"}
"""By the first letter of a type: something that no family calls "not available"."""
SIGN_REGISTERS = {"solis-hybrid": (33135, 1), "sungrow-sh": (13000, 0b100)}
"""Where a register gives the direction: the one that means discharging."""


def encode(row: dict[str, str]) -> list[int]:
    kind, count = row["type"], len(row["addresses"].split())
    value = RAW[kind[0]]
    if kind.startswith("str"):
        data = str(value).encode().ljust(2 * count, b"\0")
    elif kind == "f32":
        data = struct.pack(">f", value)
    else:
        data = int(value).to_bytes(2 * count, "big", signed=kind[0] == "i")
    words = list(struct.unpack(f">{count}H", data))
    return words[::-1] if row["low_word_first"] == "1" else words


def expected(row: dict[str, str]) -> float | str:
    value = RAW[row["type"][0]]
    if isinstance(value, str):
        return value
    number = value * float(row["scale"]) + float(row["offset"])
    return abs(number) if row["sign"] == "register" else number * float(row["sign"])


async def decode(profile: Profile, row: dict[str, str]):
    role = next(one.role for one in profile.points if one.name == row["name"])
    function = int(row["function"])
    addresses = [int(one) for one in row["addresses"].split()]
    words = dict(zip(addresses, encode(row), strict=True))
    if row["sign"] == "register":
        words |= dict([SIGN_REGISTERS[row["family"]]])
    unit = profile.unit if role == MAIN else 99
    blocks = tuple(
        RecordedBlock(unit=unit, function=function, address=address, words=(word,))
        for address, word in words.items()
    )
    recording = Recording(name="row", family="", variant="", polls=(blocks,))
    (poll,) = await replay(profile, (recording,), {} if role == MAIN else {role: unit})
    return next(one for one in poll.points if one.name == row["name"])


@pytest.mark.parametrize("family", sorted({row["family"] for row in ROWS}))
async def test_every_row_of_the_family_has_its_name_address_unit_and_value(family):
    profile = load_profile(family)

    for row in (one for one in ROWS if one["family"] == family):
        found = await decode(profile, row)

        place = min(int(one) for one in row["addresses"].split())
        assert (found.address, found.unit) == (place, row["unit"]), row["name"]
        wanted = expected(row)
        same = found.value == wanted if isinstance(wanted, str) else None
        assert same or found.value == pytest.approx(wanted), row["name"]


def test_all_facts_are_there():
    assert len(ROWS) == 357
    assert len({row["family"] for row in ROWS}) == 14
