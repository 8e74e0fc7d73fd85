"""The configuration that `solard init` writes: valid as it stands, and easy to make one's own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterValues:
    """What an owner says of a site, in the configuration's own words."""

    name: str = "my site"
    latitude: str = "47.0"
    longitude: str = "8.0"
    timezone: str = "Europe/Zurich"
    supply: str = "grid"
    device: str = "inverter: {profile: sunspec, host: 192.168.1.50}"
    """The line under `devices`."""
    peak: str = "5 kWp"
    tilt: str = "30°"
    azimuth: str = "180°"
    battery: str | None = "10 kWh"
    """Its capacity; None = there is none."""
    continuous: str = "5 kW"
    """What the inverter can carry for ever."""
    keep_free: str = "1.5 kW"
    """Of it for the house."""
    idle: str = "150 W"
    bought: str | None = None
    """Fixed price of a kWh from the grid; None = nobody said."""
    sold: str | None = None


def write_starter(values: StarterValues) -> str:
    """Return a whole configuration in observe mode."""
    return "\n".join(
        (
            _HEAD,
            *_site(values),
            *_battery(values),
            *_limits(values),
            "rig:",
            _line(f"  idle: {values.idle}", "at the wall, host and parked cards together"),
            _TAIL,
        )
    )


_HEAD = """\
# solard's configuration. Check it with `solard check`; docs/configure.md explains every key.
# Every quantity has its unit: 6.4 kW, 10 kWh, 30 %, 15 min, 0.28 EUR/kWh.
mode: observe                  # decide and explain, touch nothing, until `solard live`
"""

_TAIL = """\
  gpus: {all: {temperature_at_most: 80 °C}}

network: embedded              # play tokens on a network of your own; they have no price
workloads:
  miner: {bundled: miner}
  validator: {bundled: validator}
  # mine: {command: [/opt/mine/run.sh], gpus: [0], power: {at_least: 150 W}, worth: 0.04 EUR/h}

policies:                      # each may only narrow; exceptions go under `unless`
  - name: quiet nights
    when: {time: {between: "22:00-07:00"}}
    do: {each_gpu: {at_most: 150 W}}
"""


def _site(values: StarterValues) -> tuple[str, ...]:
    panels = f"{{peak: {values.peak}, tilt: {values.tilt}, azimuth: {values.azimuth}}}"
    return (
        "site:",
        f"  name: {values.name}",
        _line(f"  latitude: {values.latitude}", "yours: the forecast needs it to half a degree"),
        f"  longitude: {values.longitude}",
        f"  timezone: {values.timezone}",
        _line(f"  supply: {values.supply}", "off-grid, grid or grid-with-backup"),
        "",
        _line("devices:", "`solard modbus profiles` lists the families"),
        f"  {values.device}",
        "",
        "solar:",
        _line("  planes:", "one line for each direction that panels look in"),
        f"    - {panels}",
        "",
    )


def _battery(values: StarterValues) -> tuple[str, ...]:
    if values.battery is None:
        return ()
    off_grid = values.supply == "off-grid"
    work = (
        _line("  work_above: 60 %", "below this the battery comes first")
        if off_grid
        else _line(
            "  # work_above: 80 %", "on a grid the battery feeds no work until you write this"
        )
    )
    standby, shut_down = ("40 %", "20 %") if off_grid else ("25 %", "12 %")
    return (
        _line("battery:", "delete this section where there is none"),
        f"  capacity: {values.battery}",
        work,
        _line(f"  standby_above: {standby}", "below this the rig only answers"),
        _line(f"  shut_down_below: {{soc: {shut_down}}}", "below this everything is off"),
        "",
    )


def _limits(values: StarterValues) -> tuple[str, ...]:
    """Return what stands as a comment until its owner knows it."""
    off_grid = values.supply == "off-grid"
    inverter = f"inverter: {{continuous: {values.continuous}, keep_free: {values.keep_free}}}"
    lines = (
        _line(_unless(off_grid, inverter), "off-grid, or where the grid may be lost", at=53),
        "# generator: {starts_at: 15 %}",
    )
    if off_grid:
        return (*lines, "")
    return (
        *lines,
        "# grid: {fuse: 3 x 35 A, rig_phase: L1, import_at_most: 6 kW}",
        _tariff(values),
        "",
    )


def _tariff(values: StarterValues) -> str:
    if values.bought is None:
        return "# tariff: {import: {fixed: 0.30 EUR/kWh}, export: {fixed: 0.08 EUR/kWh}}"
    sold = "" if values.sold is None else f", export: {{fixed: {values.sold}}}"
    return f"tariff: {{import: {{fixed: {values.bought}}}{sold}}}"


def _unless(stated: bool, line: str) -> str:
    return line if stated else f"# {line}"


def _line(text: str, why: str, at: int = 31) -> str:
    """Return a line with its comment where comments stand."""
    return f"{text:<{at - 1}} # {why}"
