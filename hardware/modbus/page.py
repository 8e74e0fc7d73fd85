"""What each profile reads and needs, as the pages for people say it.

`python -m hardware.modbus.page docs/devices.md` writes it between the page's two marks.
"""

import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

from hardware.modbus.derive import Rule
from hardware.modbus.description import Profile
from hardware.modbus.fields import ProfileInvalid
from hardware.modbus.points import Confidence
from hardware.modbus.profile import load_profile, profile_names

BEGIN = "<!-- made of hardware/profiles by `python -m hardware.modbus.page docs/devices.md` -->"
END = "<!-- end of what is made -->"

TOLD = {
    "pv_power": "sun",
    "grid_power": "grid",
    "grid_power_l1": "phases",
    "battery_power": "battery",
    "battery_soc": "state of charge",
    "load_power": "house",
    "generator_power": "generator",
    "max_charge_power": "battery limits",
    "inverter_alarm": "alarm",
    "pv_throttled": "throttling",
    "rated_power": "rating",
}
"""Quantities that decisions rest on, in the words of the page."""
_SUPPLIES = ("grid", "island", "generator")
_WIDTH = 104


def make_page(profiles: Iterable[Profile]) -> str:
    """Return the table of families and a paragraph on each, in Markdown."""
    profiles = tuple(profiles)
    head = "| profile | read with it | speaks | unit | tells the supply |\n|---|---|---|---|---|"
    rows = "\n".join(_row(profile) for profile in profiles)
    families = "\n\n".join(_family(profile) for profile in profiles)
    return f"{head}\n{rows}\n\n{families}\n"


def put_between(text: str, made: str) -> str:
    """Return a page with what is made in place of what stands between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ProfileInvalid(f"the page has no place for the families: put {BEGIN} and {END} there")
    return f"{before}{BEGIN}\n\n{made}\n{END}{after}"


def quantities_of(profile: Profile) -> tuple[str, ...]:
    """Return which of the quantities that decisions rest on a profile can tell."""
    names = {
        *(point.name for point in profile.points if point.trust is not Confidence.C),
        *(spec.name for spec in profile.derived),
    }
    return tuple(name for name in TOLD if name in names)


def supplies_of(profile: Profile) -> tuple[str, ...]:
    """Return which supplies a profile can tell apart."""
    specs = {spec.name: spec for spec in profile.derived}
    found: set[object] = set()
    names = ["supply"]
    while names:
        spec = specs.get(names.pop())
        if spec is None:
            continue
        found |= {meaning for _, meaning in spec.meanings} | {spec.then, spec.otherwise}
        names += [name for name in spec.parts if spec.rule is Rule.FIRST]
    return tuple(supply for supply in _SUPPLIES if supply in found)


def _row(profile: Profile) -> str:
    units = ", ".join(map(str, dict.fromkeys((profile.unit, *profile.candidates))))
    supply = ", ".join(supplies_of(profile)) or "—"
    name = f"`{profile.profile_id}`"
    return f"| {name} | {', '.join(profile.products)} | {_speech(profile)} | {units} | {supply} |"


def _speech(profile: Profile) -> str:
    ports = " or ".join(map(str, (profile.port, *profile.other_ports)))
    spoken = [f"TCP {ports}"]
    if profile.serial is not None:
        line = profile.serial
        frames = ", also through TCP gateways" if "rtu" in profile.framers else ""
        spoken.append(f"RTU {line.baud} 8{line.parity}{line.stop_bits}{frames}")
    return "; ".join(spoken)


def _family(profile: Profile) -> str:
    trusts = [point.trust for point in profile.points]
    counted = [f"{trusts.count(one)} {one}" for one in Confidence if one in trusts]
    told = quantities_of(profile)
    missing = [word for name, word in TOLD.items() if name not in told]
    lines = [f"### {profile.profile_id}", ""]
    lines += [_item(note) for note in profile.notes]
    lines.append(_item(f"Tells {', '.join(TOLD[name] for name in told)}."))
    if missing:
        lines.append(_item(f"Does not tell {', '.join(missing)}."))
    if profile.limits.max_clients is not None:
        clients = "client" if profile.limits.max_clients == 1 else "clients"
        lines.append(_item(f"Serves {profile.limits.max_clients} {clients} at a time."))
    for variant in profile.variants:
        accepted = " or ".join(_say(one) for one in variant.accepted)
        lines.append(_item(f"Variant `{variant.name}`: where `{variant.point}` is {accepted}."))
    lines.append(_item(f"{len(trusts)} points by confidence: {', '.join(counted)}."))
    return "\n".join(lines)


def _say(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _item(text: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
    )


def main() -> None:
    """Rewrite the page that is named."""
    page = Path(sys.argv[1])
    made = make_page(load_profile(name) for name in profile_names())
    page.write_text(put_between(page.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
