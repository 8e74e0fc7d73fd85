"""The devices: how each answers, and every value that one of them said last."""

from solard.core.readings import PointReading, Quality
from solard.core.view import DeviceView, SiteView
from solard.core.wording import ended
from tui import format as words
from tui.model.header import Health, device_health, dot
from tui.model.table import Field, Table, table_of
from tui.text import Lines, Span, Tone, muted, strong, wrap

_TONES = {
    Quality.GOOD: Tone.GOOD,
    Quality.SUSPECT: Tone.WARN,
    Quality.STALE: Tone.WARN,
    Quality.MISSING: Tone.BAD,
    Quality.ASLEEP: Tone.MUTED,
}


def devices_table(view: SiteView, width: int) -> Table:
    """Return one row for each device: whether it answers, how often, and what is wrong."""
    fields: tuple[Field[DeviceView], ...] = (
        Field(label="", width=1, cell=lambda d: dot(device_health(d, view.speed))),
        Field(label="device", width=14, right=False, cell=lambda d: strong(d.device_id)),
        Field(label="profile", width=16, right=False, rank=2, cell=lambda d: Span(d.profile)),
        Field(label="age", width=10, cell=lambda d: Span(_age(d))),
        Field(label="every", width=9, rank=4, cell=lambda d: Span(words.duration(d.period_s))),
        Field(label="read", width=8, rank=3, cell=lambda d: Span(words.count(d.polls_ok))),
        Field(label="failed", width=7, rank=1, cell=_failed),
        Field(
            label="how it is",
            width=26,
            right=False,
            cell=lambda d: _how(d, view.speed),
        ),
    )
    return table_of(fields, view.devices, key=lambda d: d.device_id, width=width)


def points_table(device: DeviceView, width: int) -> Table:
    """Return one row for each value that a device said last."""
    fields: tuple[Field[PointReading], ...] = (
        Field(label="value", width=22, right=False, stretch_to=32, cell=lambda p: strong(p.name)),
        Field(label="is", width=14, stretch_to=34, cell=_value),
        Field(label="unit", width=4, right=False, cell=lambda p: Span(p.unit)),
        Field(label="quality", width=8, right=False, cell=_quality),
        Field(label="register", width=8, rank=1, cell=_register),
    )
    return table_of(fields, device.points, key=lambda p: p.name, width=width)


def trouble(device: DeviceView, width: int) -> Lines:
    """Return why a device does not answer, whole, and when it is tried again."""
    if device.error is None:
        return ()
    again = "" if device.retry_in_s is None else f" Again in {words.duration(device.retry_in_s)}."
    return tuple((Span(text, Tone.BAD),) for text in wrap(f"{ended(device.error)}{again}", width))


def find_device(view: SiteView, device_id: str | None) -> DeviceView | None:
    """Return the device of that name, or the first one."""
    found = (device for device in view.devices if device.device_id == device_id)
    return next(found, view.devices[0] if view.devices else None)


def _age(device: DeviceView) -> str:
    return words.duration(None if device.age_s is None else max(0.0, device.age_s))


def _failed(device: DeviceView) -> Span:
    tone = Tone.WARN if device.polls_failed else Tone.PLAIN
    return Span(words.count(device.polls_failed), tone)


def _how(device: DeviceView, speed: float) -> Span:
    if device.error is not None:
        return Span("does not answer", Tone.BAD)
    said = {
        Health.NONE: Span("waiting for its first answer", Tone.WARN),
        Health.LATE: Span("late", Tone.WARN),
    }
    return said.get(device_health(device, speed), Span("answers", Tone.GOOD))


def _value(point: PointReading) -> Span:
    if point.value is None:
        return muted(words.DASH)
    if isinstance(point.value, str):
        return Span(point.value)
    return Span(f"{point.value:,.6g}")


def _quality(point: PointReading) -> Span:
    return Span(point.quality.value, _TONES[point.quality])


def _register(point: PointReading) -> Span:
    return muted("derived" if point.address is None else str(point.address))
