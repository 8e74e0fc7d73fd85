"""The `devices:` section: what is read over Modbus, and what over HTTP."""

from dataclasses import dataclass, replace
from typing import Any, cast

from solard.config.quantities import DURATION
from solard.config.reader import MappingNode, Node, ScalarNode
from solard.config.reading import Reading
from solard.config.sections import SectionShape, hidden, key
from solard.config.shapes import (
    REFUSED,
    ChoiceShape,
    ListShape,
    QuantityShape,
    Refused,
    Shape,
    TableShape,
    TextShape,
    WholeShape,
)

_HOST = r"[A-Za-z0-9._:\[\]-]+"
_PATH = TextShape(
    unit="result.grid.power",
    form=r"\$?[^\s{}]{1,200}",
    hint="names and numbers with dots between, such as result.loadpoints.0.chargePower",
)
HTTP_QUANTITIES = {
    "pv_power": "W",
    "grid_power": "W",
    "grid_power_l1": "W",
    "grid_power_l2": "W",
    "grid_power_l3": "W",
    "battery_power": "W",
    "battery_soc": "%",
    "battery_voltage": "V",
    "battery_temperature": "°C",
    "load_power": "W",
    "generator_power": "W",
    "rig_power": "W",
    "max_charge_power": "W",
    "max_discharge_power": "W",
    "inverter_alarm": "",
    "pv_throttled": "",
    "power": "W",
    "temperature": "°C",
}
"""What an HTTP source may tell, with the unit of a plain number."""

DEVICE_NAME = r"[a-z][a-z0-9_-]{0,30}"
"""How devices may be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusSection:
    """A device behind a host and port, or on a serial line."""

    device_id: str = hidden("")
    profile: str = key(
        TextShape(
            unit="victron-gx", form=r"[a-z0-9_-]+", hint="a profile's name, such as victron-gx"
        )
    )
    host: str | None = key(
        TextShape(unit="192.168.8.20", form=_HOST, hint="a host name or an address"), default=None
    )
    port: int | None = key(WholeShape(low=1, high=65535), default=None)
    """None = the profile's own."""
    framer: str = key(ChoiceShape(words={"tcp": "tcp", "rtu": "rtu"}, later={}), default="tcp")
    serial: str | None = key(
        TextShape(unit="/dev/ttyUSB0", form=r"/[\w./:+-]+", hint="a device file"), default=None
    )
    baudrate: int | None = key(WholeShape(low=300, high=1_000_000), default=None)
    """None = the profile's own, as for parity and stop bits."""
    parity: str | None = key(
        ChoiceShape(words={"none": "N", "even": "E", "odd": "O"}, later={}), default=None
    )
    stop_bits: int | None = key(WholeShape(low=1, high=2), default=None)
    every_s: float | None = key(QuantityShape(of=DURATION, low=1.0, high=60.0), default=None)
    """Time between two polls; None = the profile's own."""
    unit: int | None = key(WholeShape(low=0, high=255), default=None)
    """None = the profile's own."""
    units: tuple[tuple[str, int], ...] = key(
        TableShape(
            item=WholeShape(low=0, high=255),
            form=r"[a-z][a-z0-9_]{0,30}",
            hint="a role that the profile names, such as battery",
        ),
        default=(),
    )
    """Further units by role, where they are not the profile's own."""
    turned: tuple[str, ...] = key(
        ListShape(
            item=ChoiceShape(words={one: one for one in ("grid_power", "battery_power")}, later={})
        ),
        default=(),
    )
    """What its meter counts the other way, being mounted backwards."""
    echoes_transaction: bool = key(
        ChoiceShape(words={"echoed": True, "any": False}, later={}),
        name="transaction",
        default=True,
    )
    close_after_poll: bool = False
    """Leaves the only place of a device to others between polls."""
    share_on: str | None = key(
        TextShape(
            unit="127.0.0.1:5020",
            form=r"[A-Za-z0-9._\[\]:-]+:[0-9]{1,5}",
            hint="an address and a port like 127.0.0.1:5020",
        ),
        default=None,
    )
    essential: bool = True
    """Whether its silence brings the rig down."""

    @property
    def where(self) -> str:
        """Return what it hangs on, for messages."""
        if self.serial is not None:
            return self.serial
        return f"{self.host}:{'' if self.port is None else self.port}".rstrip(":")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPoint:
    """One value in a JSON answer."""

    path: str = key(_PATH)
    unit: str | None = key(
        ChoiceShape(
            words={one: one for one in ("W", "kW", "%", "share", "V", "mV", "°C")}, later={}
        ),
        default=None,
    )
    """None = W, %, V or °C, by the quantity."""
    sign: str | None = key(
        ChoiceShape(
            words={one: one for one in ("import", "export", "charge", "discharge")}, later={}
        ),
        default=None,
    )
    """What a positive number means; None = import or discharge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPointShape:
    """`result.pvPower`, or `{path: result.grid.power, unit: kW, sign: export}`."""

    of: type = HttpPoint
    unit: str = "result.pvPower"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the point."""
        if isinstance(node, MappingNode):
            return SectionShape(of=HttpPoint).read(node, reading, path)
        found = _PATH.read(node, reading, path)
        return HttpPoint(path=found) if isinstance(found, str) else REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSection:
    """A program or device that answers with JSON."""

    device_id: str = hidden("")
    source: str = key(
        ChoiceShape(words={"modbus": "modbus", "http": "http"}, later={}), default="modbus"
    )
    url: str = key(
        TextShape(
            unit="http://evcc.local:7070/api/state",
            form=r"https?://[^\s@]+",
            hint="an address like http://evcc.local:7070/api/state, without a password in it",
        )
    )
    points: tuple[tuple[str, HttpPoint], ...] = key(
        TableShape(
            item=HttpPointShape(),
            form="|".join(HTTP_QUANTITIES),
            hint=f"write one of {', '.join(HTTP_QUANTITIES)}",
        )
    )
    time: str | None = key(_PATH, default=None)
    """Where the answer says when it was measured; None = it does not."""
    max_age_s: float = key(QuantityShape(of=DURATION, low=1.0, high=3600.0), default=60.0)
    every_s: float = key(QuantityShape(of=DURATION, low=1.0, high=600.0), default=5.0)
    timeout_s: float = key(QuantityShape(of=DURATION, low=0.1, high=30.0), default=5.0)
    token: str | None = key(
        TextShape(
            form=r"[\x21-\x7e]{1,1000}",
            hint="one word of letters, digits and signs, without spaces",
            is_secret=True,
        ),
        default=None,
    )
    """Sent as `Authorization: Bearer`."""
    essential: bool = True
    """Whether its silence brings the rig down."""


DeviceSection = ModbusSection | HttpSection


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceShape:
    """A device of the kind that its `source` names."""

    kinds: tuple[type, ...] = (ModbusSection, HttpSection)
    unit: str = "mapping"
    range_text: str = ""

    def read(self, node: Node, reading: Reading, path: str) -> object:
        """Return the device with its name in place."""
        entries = node.entries if isinstance(node, MappingNode) else ()
        sources = [value for name, value in entries if name.text == "source"]
        wanted = sources[0] if sources else None
        if isinstance(wanted, ScalarNode) and wanted.text == "http":
            shape: Shape = SectionShape(of=HttpSection)
            node = _with_points(node)
        else:
            shape = SectionShape(of=ModbusSection)
            if wanted is not None and isinstance(node, MappingNode):
                choice = ChoiceShape(words={"modbus": "modbus", "http": "http"}, later={})
                if isinstance(choice.read(wanted, reading, f"{path}.source"), Refused):
                    return REFUSED
                node = replace(
                    node, entries=tuple(one for one in entries if one[0].text != "source")
                )
        value = shape.read(node, reading, path)
        if isinstance(value, Refused):
            return REFUSED
        return replace(cast(Any, value), device_id=path.rpartition(".")[2])


def _with_points(node: Node) -> Node:
    """Return a source over HTTP with `power: PATH` beside its keys as a point among its points."""
    if not isinstance(node, MappingNode):
        return node
    loose = tuple(one for one in node.entries if one[0].text in HTTP_QUANTITIES)
    stated = [one for one in node.entries if one[0].text == "points"]
    rest = tuple(one for one in node.entries if one not in loose and one not in stated)
    if not loose or any(not isinstance(value, MappingNode) for _, value in stated):
        return node
    first = loose[0][0]
    name = stated[0][0] if stated else replace(first, text="points", value="points")
    inner = tuple(
        one for _, value in stated if isinstance(value, MappingNode) for one in value.entries
    )
    points = MappingNode(line=name.line, column=name.column, entries=(*inner, *loose))
    return replace(node, entries=(*rest, (name, points)))
