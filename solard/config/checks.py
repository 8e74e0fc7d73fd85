"""Contradictions: keys that are each right and together make no sense."""

from collections.abc import Iterator

from solard.config.devices import ModbusSection
from solard.config.energy import Site, SiteSupply
from solard.config.forecast import check_forecast
from solard.config.jobs import check_jobs
from solard.config.model import Document
from solard.config.network_checks import network_faults
from solard.config.reading import Reading
from solard.config.rules import LINE_MARGIN_SOC, battery_lines, say_untold, tells
from solard.config.tariff import check_tariff
from solard.config.work_checks import shared_ports, workload_faults
from solard.config.workload import WorkloadSection
from solard.core.rig import PowerTerms
from solard.core.rules.data_age import DataAge
from solard.core.wording import say_duration, say_percent, say_power

Finding = tuple[str, str]
"""The path whose line is shown, and the sentence."""


def check_document(document: Document, reading: Reading) -> None:
    """Report every contradiction among values that could be read."""
    for path, text in _findings(document, reading):
        reading.contradict(path, text)


def _findings(document: Document, reading: Reading) -> Iterator[Finding]:
    yield from _site(document, reading)
    if reading.is_sound("devices"):
        yield from _devices(document)
    if reading.is_sound("inverter"):
        yield from _inverter(document)
    if document.site is not None and reading.is_sound("battery", "generator.starts_at"):
        yield from _lines(document, document.site, reading)
    yield from _grid(document)
    if reading.is_sound("forecast"):
        yield from check_forecast(document.forecast)
    if reading.is_sound("tariff"):
        yield from check_tariff(document.tariff, reading.currency)
    if reading.is_sound("workloads"):
        yield from _workloads(document)
    if reading.is_sound("jobs"):
        yield from check_jobs(document.jobs)
    yield from _api(document)


def _site(document: Document, reading: Reading) -> Iterator[Finding]:
    if document.site is None:
        if not reading.is_given("site"):
            yield "", "site is missing; the sun needs `site: {latitude: …, longitude: …, …}`"
        return
    off_grid = document.site.supply is SiteSupply.OFF_GRID
    if off_grid and not reading.is_given("battery"):
        yield "site.supply", "site.supply off-grid needs a battery: section; its lines guard it"
    if off_grid and reading.is_given("grid"):
        yield "grid", "grid: stands beside `supply: off-grid`; an AC input is a generator there"
    if (
        not off_grid
        and document.site.supply is SiteSupply.GRID
        and document.site.lost.get("work_on_island")
    ):
        yield (
            "site.work_on_island",
            "site.work_on_island needs `supply: grid-with-backup`: no backup, no island",
        )


def _devices(document: Document) -> Iterator[Finding]:
    stop_s = document.rig.blind.get("stop_after_s", DataAge().stop_after_s)
    if isinstance(stop_s, float) and document.rig.standby_after_s > stop_s:
        path = "rig.when_blind.standby_after"
        silent, stop = say_duration(document.rig.standby_after_s), say_duration(stop_s)
        yield path, f"{path} {silent} is longer than stop_after {stop}: work would stop before it"
    meter = document.rig.meter
    if meter is not None and meter not in dict(document.devices):
        known = ", ".join(name for name, _ in document.devices) or "none"
        yield "rig.meter", f"rig.meter {meter} is no device; devices: {known}"
    if document.rig.blind_sleep_after_s is not None and document.rig.sleep is None:
        at = "rig.when_blind.sleep_after"
        yield at, f"{at} needs leave to sleep: write `rig: {{sleep: {{method: rtcwake}}}}` too"
    heat = document.rig.heat
    if heat is not None and not tells(document, heat.device_id, "temperature"):
        told = say_untold(heat.device_id, "temperature")
        yield "rig.heat.sensor", f"rig.heat.sensor {heat.sensor}, {told}"
    if not any(device.essential for name, device in document.devices if name != meter):
        known = "no device is essential" if document.devices else "devices is missing"
        hint = "`devices: {gx: {profile: victron-gx, host: 192.168.8.20}}`"
        yield "devices", f"{known}: sun and load must come from somewhere; write {hint}"
    modbus = [(name, one) for name, one in document.devices if isinstance(one, ModbusSection)]
    for name, device in modbus:
        for text in _connection(device):
            yield f"devices.{name}", f"devices.{name} {text}"
    yield from _doubled(modbus)


def _connection(device: ModbusSection) -> Iterator[str]:
    if (device.host is None) == (device.serial is None):
        both = "has no" if device.host is None else "has both"
        yield f"{both} host and serial; write `host: 192.168.8.20` or `serial: /dev/ttyUSB0`"
    if device.serial is not None and device.port is not None:
        yield "has a port beside serial; delete it"
    if not device.echoes_transaction and (device.serial is not None or device.framer == "rtu"):
        yield "has transaction beside RTU, which has no transactions; delete it"
    if device.share_on is not None:
        if int(device.share_on.rpartition(":")[2]) not in range(1, 65536):
            yield f"share_on {device.share_on}: the port is outside 1..65535"
        if device.close_after_poll:
            yield "has share_on and close_after_poll: a connection is shared or given up, not both"


def _doubled(devices: list[tuple[str, ModbusSection]]) -> Iterator[Finding]:
    seen: dict[tuple[str, int | None], str] = {}
    shared: dict[str, str] = {}
    for name, device in devices:
        first = seen.setdefault((device.where, device.unit), name)
        if first != name:
            yield (
                f"devices.{name}",
                f"devices {first} and {name} are one: {device.where}, same unit",
            )
        if device.share_on is not None and shared.setdefault(device.share_on, name) != name:
            first = shared[device.share_on]
            text = f"devices {first} and {name} both share on {device.share_on}"
            yield f"devices.{name}", f"{text}; once is enough for one connection"


def _inverter(document: Document) -> Iterator[Finding]:
    rating = document.inverter.rating
    most_w, free_w = rating.get("continuous_w"), rating.get("keep_free_w")
    if free_w is not None and most_w is None:
        yield "inverter.keep_free", "inverter.keep_free means nothing without inverter.continuous"
    if isinstance(most_w, float) and isinstance(free_w, float) and free_w >= most_w:
        said = f"inverter.keep_free {say_power(free_w)} leaves nothing of"
        yield "inverter.keep_free", f"{said} inverter.continuous {say_power(most_w)}"


def _lines(document: Document, site: Site, reading: Reading) -> Iterator[Finding]:
    battery, generator = document.battery, document.generator
    if battery is None:
        return
    lines = battery_lines(battery, generator, site)
    work, standby, off = lines.work_above_soc, lines.standby_above_soc, lines.shut_down_below_soc

    def say(path: str, soc: float) -> str:
        default = "" if reading.is_given(path) else " (the safe default)"
        return f"{path} {say_percent(soc)}{default}"

    standby_path, off_path = "battery.standby_above", "battery.shut_down_below.soc"
    if standby <= off:
        text = f"{say(standby_path, standby)} must lie above {say(off_path, off)}"
        yield standby_path if reading.is_given(standby_path) else off_path, text
    if work is not None and work < standby:
        text = f"{say('battery.work_above', work)} lies below {say(standby_path, standby)}"
        yield "battery.work_above", f"{text}; the order is work, standby, shut down"
    least = battery.inverter_minimum_soc
    for path, soc in ((standby_path, standby), (off_path, off)):
        if least is not None and soc < least:
            text = f"{say(path, soc)} lies below {say('battery.inverter_minimum', least)}"
            yield path, f"{text}: the inverter would cut the rig off first"
    start = generator.starts_at_soc
    if start is not None and standby < round(start + LINE_MARGIN_SOC, 6):
        text = f"{say(standby_path, standby)} must be at least generator.starts_at"
        margin = say_percent(LINE_MARGIN_SOC)
        yield standby_path, f"{text} {say_percent(start)} + {margin}, or the rig starts it"


def _grid(document: Document) -> Iterator[Finding]:
    grid = document.grid
    if grid.rig_phase is not None and (grid.fuse is None or grid.fuse[1] == 1):
        yield "grid.rig_phase", "grid.rig_phase needs a fuse with three phases: fuse: 3 x 35 A"


def _workloads(document: Document) -> Iterator[Finding]:
    for name, workload in document.workloads:
        for text in _workload(workload, document):
            yield f"workloads.{name}", f"workloads.{name} {text}"
    yield from _shared_cards(document)
    for name, text in shared_ports(document.workloads):
        yield f"workloads.{name}.ports", f"workloads.{name} {text}"
    yield from network_faults(document)


def _workload(workload: WorkloadSection, document: Document) -> Iterator[str]:
    yield from workload_faults(workload)
    least_w = workload.terms.at_least_w
    most_w = document.rig.card_limit.get("at_most_w")
    if least_w is not None and isinstance(most_w, float) and least_w > most_w:
        yield f"wants {say_power(least_w)} a card, but rig.gpus.all.at_most is {say_power(most_w)}"
    for index, cap_w in document.rig.caps_w:
        if least_w is not None and least_w > cap_w and index in (workload.gpus or ()):
            path = f"rig.gpus.single.{index}.at_most"
            yield f"wants {say_power(least_w)} a card, but {path} is {say_power(cap_w)}"
    if least_w is not None and workload.gpus == ():
        yield "says at_least for its cards, but has none; write gpus: [0]"


def _shared_cards(document: Document) -> Iterator[Finding]:
    for name, owner in document.workloads:
        if owner.terms.terms is not PowerTerms.HANDS_OFF:
            continue
        for other_name, other in document.workloads:
            shared = _shared(owner, other)
            if other_name == name or shared is None:
                continue
            if other.terms.terms is PowerTerms.HANDS_OFF and other_name < name:
                continue
            text = (
                f"uses GPU {shared} as well, and {name} is hands off: nobody else may use its cards"
            )
            yield f"workloads.{other_name}.gpus", f"workloads.{other_name} {text}"


def _shared(one: WorkloadSection, other: WorkloadSection) -> int | None:
    """Return the first card that both name; None where they share none."""
    common = set(one.gpus or ()) & set(other.gpus or ())
    return min(common) if common else None


def _api(document: Document) -> Iterator[Finding]:
    api = document.api
    if api.tcp is None:
        return
    if api.token is None:
        yield "api.tcp", "api.tcp needs api.token: without one anybody on the network is the owner"
    if int(api.tcp.rpartition(":")[2]) not in range(1, 65536):
        yield "api.tcp", f"api.tcp {api.tcp}: the port is outside 1..65535"
