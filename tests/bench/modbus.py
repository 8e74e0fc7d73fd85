"""What reading devices costs, beside bare pymodbus, and how soon a lost one is noticed and back."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from pymodbus.client import AsyncModbusTcpClient

from hardware.modbus.address import TcpAddress
from hardware.modbus.device import ModbusDevice
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.profile import read_profile
from hardware.poller import Poller
from solard.core.readings import DeviceReading
from solard.system.clock import SystemClock
from tests.bench.figures import Figure, once
from tests.bench.modbus_load import PROFILE
from tests.bench.processes import read_cpu, read_memory
from tests.bench.stage import ROOT, NotMeasured, clean_environment
from tests.hardware.modbus.chaos import ChaosDevice, on_line, silent

DEVICES = 20
WORDS = 100
READS = 2000
SLOWER_THAN_PYMODBUS = 1.25
"""0.8 of its rate."""
SETTLED_S = 15.0
"""A reader's memory is compared from here on: first polls and first code paths are over."""

Read = Callable[[], Awaitable[object]]


def measure_modbus(rounds: int, load_s: float) -> tuple[Figure, ...]:
    """Return every figure of this theme."""
    with peers(1) as (port,):
        figures = asyncio.run(measure_reads(port, rounds))
    return (*figures, *_measure_load(load_s), *asyncio.run(_measure_loss()))


@contextmanager
def program(module: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run one of our modules, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def peers(count: int) -> Iterator[tuple[int, ...]]:
    """Serve devices in another process; yield their ports."""
    with program("tests.bench.modbus_peer", count) as process:
        yield tuple(int(_line(process)) for _ in range(count))


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise NotMeasured(f"{process.args!r} did not start")
    return line


async def measure_reads(port: int, rounds: int, reads: int = READS) -> tuple[Figure, ...]:
    """Read the same words through our link and through pymodbus alone, in turns."""
    link = ModbusLink(TcpAddress(host="127.0.0.1", port=port), LinkLimits())
    bare = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0)
    await bare.connect()
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(rounds + 1):  # the first warms up
        ours.append(await _time(lambda: link.read(1, 3, 0, WORDS), reads))
        theirs.append(
            await _time(lambda: bare.read_holding_registers(0, count=WORDS, device_id=1), reads)
        )
    await link.close()
    bare.close()
    pairs = list(zip(ours, theirs, strict=True))[1:]
    how = f"{reads} reads of {WORDS} words, in turns with the other"
    return (
        _series("modbus: reads through our link", "/s", (1 / us for (us, _), _ in pairs), how),
        _series("modbus: reads of bare pymodbus", "/s", (1 / us for _, (us, _) in pairs), how),
        Figure(
            name="modbus: time of a read, by pymodbus'",
            unit="×",
            values=tuple(one[0] / other[0] for one, other in pairs),
            below=SLOWER_THAN_PYMODBUS,
            how="1.25 × the time is 0.8 of the rate",
        ),
        _series(
            "modbus: CPU of a read through our link", "ms", (1e3 * c for (_, c), _ in pairs), how
        ),
        _series(
            "modbus: CPU of a read of bare pymodbus", "ms", (1e3 * c for _, (_, c) in pairs), how
        ),
    )


async def _time(read: Read, reads: int) -> tuple[float, float]:
    """Return wall and CPU seconds of one read."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    for _ in range(reads):
        await read()
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return wall_s / reads, cpu_s / reads


def _series(name: str, unit: str, values: Iterator[float], how: str) -> Figure:
    return Figure(name=name, unit=unit, values=tuple(values), how=how)


def _measure_load(load_s: float) -> tuple[Figure, ...]:
    """Let one process read many devices every 5 s; count its CPU and watch its memory."""
    with peers(DEVICES) as ports, program("tests.bench.modbus_load", *ports) as reader:
        if _line(reader) != "ready":
            raise NotMeasured("not every device answered")
        time.sleep(min(SETTLED_S, load_s / 4))
        began_s, began_cpu = time.monotonic(), read_cpu(reader.pid).own_s
        before_mb = read_memory(reader.pid).rss_mb
        time.sleep(load_s)
        cpu_s = read_cpu(reader.pid).own_s - began_cpu
        lasted_s = time.monotonic() - began_s
        after_mb = read_memory(reader.pid).rss_mb
    name = f"modbus: {DEVICES} devices every 5 s"
    how = f"for {lasted_s:.0f} s"
    return (
        once(f"{name}, CPU", "% of a core", 100 * cpu_s / lasted_s, below=4.0, how=how),
        once(f"{name}, memory (RSS)", "MB", after_mb),
        once(f"{name}, memory grown", "MB", after_mb - before_mb, below=1.0, how=how),
    )


async def _measure_loss() -> tuple[Figure, ...]:
    """Let a device go half open, vanish for ten seconds, and come back."""
    readings: asyncio.Queue[tuple[float, DeviceReading]] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    profile = read_profile(PROFILE.replace("period: 5.0", "period: 2"), "bench.yaml")
    chaos = ChaosDevice({1: dict.fromkeys(range(200), 2000)})
    async with on_line(chaos):
        link = ModbusLink(TcpAddress(host="127.0.0.1", port=chaos.port), profile.limits)
        device = ModbusDevice("it", profile, link)
        poller = Poller(
            [device], SystemClock(), lambda one: readings.put_nowait((loop.time(), one))
        )
        task = asyncio.create_task(poller.run())
        good_s, _ = await readings.get()
        chaos.always = silent
        lost_polls, lost_s = 0, 0.0
        while not lost_s:
            at_s, reading = await readings.get()
            lost_polls += 1
            lost_s = at_s if reading.error else 0.0
        await chaos.stop()
        await asyncio.sleep(10.0)
        chaos.always = None
        await chaos.start()
        back_s = loop.time()
        while True:
            at_s, reading = await readings.get()
            if reading.error is None:
                break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return (
        once("modbus: half-open link noticed", "polls", lost_polls, below=2.0),
        once(
            "modbus: half-open link noticed after",
            "s",
            lost_s - good_s,
            how="2 s period, 3 s timeout",
        ),
        once(
            "modbus: device read again", "s", at_s - back_s, below=5.0, how="back after 10 s away"
        ),
    )
