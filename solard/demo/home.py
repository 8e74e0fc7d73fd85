"""The demo's home: configuration, cards, history and clock of one measured day."""

import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from hardware.gpu.simulated import create
from hardware.sim.measured import MeasuredDay, load_day
from hardware.sim.trace import DayTrace
from solard.core.errors import SolardError
from solard.core.history import Sample, SlotRow
from solard.core.site_slot import SiteSlot
from solard.demo.options import MORNING, DemoOptions
from solard.store.store import Store
from solard.system.clock import ScaledClock
from solard.system.lock import only_daemon
from solard.system.places import Places, places_at

HOST_W = 90.0
IDLE_W = 150.0
"""Host and four parked cards at the wall."""
BATTERY_WH = 10_000.0
START_SOC = {"victron": 0.97, "sunspec": 0.62}
"""The island starts with a full battery, so that there is hidden sun to find."""
DEMO_FILE = "demo.json"
"""Names the processes of the demo that lives, or lived, in a directory."""
HISTORY_BOOT = "measured history"
QUARTER = timedelta(minutes=15)
PARTS = 15
"""Of a quarter hour, at which its mean is taken."""


class HomeTaken(SolardError):
    """The demo's directory holds something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHome:
    """Everything that the demo's processes are started with."""

    places: Places
    options: DemoOptions
    day: MeasuredDay
    clock: ScaledClock
    plant_port: int
    cards: Path
    start_soc: float


def furnish(root: Path, options: DemoOptions) -> DemoHome:
    """Write configuration, cards and history under `root`, and start the site's clock."""
    places = places_at(root)
    _clear(root, places)
    places.make()
    day = load_day(options.day)
    cards = places.state / "cards.json"
    create(cards, options.cards, HOST_W)
    home = DemoHome(
        places=places,
        options=options,
        day=day,
        clock=_clock(day, options.speed),
        plant_port=free_port(),
        cards=cards,
        start_soc=START_SOC[options.profile],
    )
    places.config.write_text(_configuration(home), encoding="utf-8")
    _remember_history(home)
    return home


def _clear(root: Path, places: Places) -> None:
    """Remove what an earlier demo left in `root`; refuse a directory that is not a demo's."""
    if not any(root.iterdir()):
        return
    if not (root / DEMO_FILE).exists():
        raise HomeTaken(
            f"{root} is not empty and holds no demo; give --dir a new or empty directory"
        )
    with only_daemon(places):  # raises where its demo still runs
        pass
    for place in (places.etc, places.state, places.run):
        shutil.rmtree(place, ignore_errors=True)
    (root / DEMO_FILE).unlink()


def _clock(day: MeasuredDay, speed: float) -> ScaledClock:
    zone = ZoneInfo(day.timezone)
    date = day.starts_at.astimezone(zone).date()
    start = datetime.combine(date, MORNING, tzinfo=zone).astimezone(UTC)
    return ScaledClock(start, time.monotonic(), speed)


def free_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _remember_history(home: DemoHome) -> None:
    """Put the measured two weeks and the morning into the store, as if solard had watched them."""
    store = Store.open(home.places.database, HISTORY_BOOT)
    zone = ZoneInfo(home.day.timezone)
    for seq, slot in enumerate((*_weeks_before(home), *_morning(home))):
        date = slot.starts_at.astimezone(zone).date().isoformat()
        store.put_site15(SlotRow(seq=seq, day=date, slot=slot))
    for seq, slot in enumerate(_morning(home)):
        store.put_sample(_seen(seq, slot))
    store.close()


def _weeks_before(home: DemoHome) -> Iterator[SiteSlot]:
    for row in home.day.history:
        yield _watched(row.starts_at, row.pv_wh, row.house_wh)


def _morning(home: DemoHome) -> Iterator[SiteSlot]:
    """Yield the quarter hours of the day before the demo starts."""
    trace = DayTrace(home.day, home.options.seed)
    begins_at = home.day.starts_at
    while begins_at + QUARTER <= home.clock.site_start:
        moments = [begins_at + QUARTER * (part + 0.5) / PARTS for part in range(PARTS)]
        pv_w = fmean(trace.pv_w(moment) for moment in moments)
        house_w = fmean(trace.house_w(moment) for moment in moments)
        yield _watched(begins_at, pv_w / 4.0, house_w / 4.0)
        begins_at += QUARTER


def _watched(starts_at: datetime, pv_wh: float, house_wh: float) -> SiteSlot:
    return SiteSlot(
        starts_at=starts_at,
        pv_wh=pv_wh,
        house_wh=house_wh,
        rig_wh=0.0,
        grid_in_wh=None,
        grid_out_wh=None,
        battery_in_wh=None,
        battery_out_wh=None,
        generator_wh=None,
        throttled_s=0.0,
        good_s=900.0,
    )


def _seen(seq: int, slot: SiteSlot) -> Sample:
    """Return a quarter hour as a point of the day's curve."""
    return Sample(
        seq=seq,
        starts_at=slot.starts_at,
        pv_w=4.0 * (slot.pv_wh or 0.0),
        house_w=4.0 * (slot.house_wh or 0.0),
        rig_w=None,
        grid_w=None,
        battery_w=None,
        generator_w=None,
        soc=None,
        good_s=60.0,
    )


def _configuration(home: DemoHome) -> str:
    """Return the YAML that an owner of this site would have written."""
    island = home.options.profile == "victron"
    supply = "off-grid" if island else "grid"
    device = "gx: {profile: victron-gx" if island else "inverter: {profile: sunspec"
    tariff = "" if island else _TARIFF
    worth = "" if island else ", worth: 0.25 EUR/h"
    return _SITE.format(
        day=home.day,
        supply=supply,
        device=device,
        port=home.plant_port,
        capacity=f"{BATTERY_WH / 1000:g} kWh",
        idle=f"{IDLE_W:g} W",
        tariff=tariff,
        worth=worth,
    )


_TARIFF = """\
tariff:
  import: {fixed: 0.28 EUR/kWh}
  export: {fixed: 0.08 EUR/kWh}
"""

_SITE = """\
# The demo's configuration: a measured day, simulated devices on this machine.
mode: live
site:
  name: demo-{day.name}
  latitude: {day.latitude}
  longitude: {day.longitude}
  timezone: {day.timezone}
  supply: {supply}
devices:
  {device}, host: 127.0.0.1, port: {port}}}
solar:
  planes:
    - {{peak: {day.peak_w:g} Wp, tilt: {day.tilt_deg:g}°, azimuth: {day.azimuth_deg:g}°}}
inverter: {{continuous: 5 kW, keep_free: 1 kW}}
battery:
  capacity: {capacity}
  work_above: 50 %
  standby_above: 30 %
  shut_down_below: {{soc: 15 %}}
{tariff}rig:
  idle: {idle}
  gpus: {{all: {{temperature_at_most: 83 °C}}}}
network: embedded          # play tokens, no price: `worth` is what the owner says it is
workloads:
  miner: {{bundled: miner, subnets: [sunlight]{worth}}}
  validator: {{bundled: validator, subnets: [sunlight]}}
policies:
  - name: quiet nights
    when: {{time: {{between: "22:00-07:00"}}}}
    do: {{each_gpu: {{at_most: 150 W}}}}
  - name: dark spell ahead
    when: {{sun_next_48h: {{below: 8 kWh}}}}
    unless: {{battery_soc: {{above: 95 %}}}}
    do: {{work_above: 80 %}}
"""
