"""Peers that share no line with us: libmodbus in C, modbus-serial on node, pymodbus' own server.

Each serves the same registers: holding N in 100..299 holds N + 7, input N in 300..399 holds
65535 − N.
"""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from modbus_peers import serve

from hardware.modbus.address import Address, Framing, SerialAddress, TcpAddress
from hardware.modbus.description import RecordedBlock
from hardware.modbus.device import ModbusDevice
from hardware.modbus.errors import DeviceRefused, DeviceTimeout, DeviceUnreachable
from hardware.modbus.limits import LinkLimits
from hardware.modbus.link import ModbusLink
from hardware.modbus.probe import read_once
from hardware.modbus.profile import load_profile, read_profile
from hardware.sim.served import image_of_profile, image_of_recording
from hardware.sim.server import ModbusServer, show

ROOT = Path(__file__).parents[3]
FAKES = ROOT / "tests" / "fakes"
NODE_MODULES = ROOT / ".witnesses" / "node_modules"
LIMITS = LinkLimits(timeout_s=1.0)

PROFILE = """
profile: 1
id: stranger
limits: {timeout: 1, max_gap: 60}
points:
  small: {addr: 100, unit: W}
  large: {addr: 150, type: u32}
  input: {addr: 300, fc: 4, type: i16}
"""

needs_libmodbus = pytest.mark.skipif(
    shutil.which("cc") is None
    or shutil.which("pkg-config") is None
    or subprocess.run(["pkg-config", "--exists", "libmodbus"], check=False).returncode != 0,
    reason="apt-get install gcc pkg-config libmodbus-dev",
)
needs_socat = pytest.mark.skipif(shutil.which("socat") is None, reason="apt-get install socat")
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE_MODULES / "modbus-serial").is_dir(),
    reason="make witnesses (needs node and npm)",
)


@pytest.fixture(scope="session")
def slave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C slave, compiled."""
    program = tmp_path_factory.mktemp("libmodbus") / "slave"
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libmodbus"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    source = FAKES / "libmodbus_slave.c"
    subprocess.run(["cc", "-O1", "-Wall", "-o", program, source, *flags], check=True)
    return program


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running(*command: object, says: str = "") -> AsyncIterator[None]:
    """Run a program, once it has said a word."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        if says:
            async with asyncio.timeout(20):
                assert says in (await process.stdout.readline()).decode()
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@contextlib.asynccontextmanager
async def pty_pair(place: Path) -> AsyncIterator[tuple[Path, Path]]:
    """Two ends of a serial line."""
    ends = (place / "a", place / "b")
    sides = [f"pty,raw,echo=0,link={end}" for end in ends]
    async with running("socat", *sides):
        async with asyncio.timeout(10):
            while not all(end.exists() for end in ends):
                await asyncio.sleep(0.01)
        # An end that nobody has open ends socat; a real adapter stays plugged in.
        held = [os.open(end, os.O_RDWR | os.O_NOCTTY) for end in ends]
        try:
            yield ends
        finally:
            for one in held:
                os.close(one)


@contextlib.asynccontextmanager
async def line_with(slave: Path, place: Path) -> AsyncIterator[Path]:
    """A serial line with the C slave at its other end."""
    async with pty_pair(place) as (ours, theirs), running(slave, "rtu", theirs, 9600, says="ready"):
        yield ours


async def connect_patiently(link: ModbusLink) -> None:
    """Connect as soon as the other side listens; a try of its own would make a gateway fork."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(DeviceUnreachable):
                return await link.connect()
            await asyncio.sleep(0.01)


async def check(address: Address) -> None:
    """Read words, types and refusals; then a device by its profile."""
    link = ModbusLink(address, LIMITS)
    try:
        await connect_patiently(link)
        assert await link.read(1, 3, 100, 125) == tuple(range(107, 232))
        assert await link.read(1, 4, 300, 3) == (65235, 65234, 65233)
        with pytest.raises(DeviceRefused, match="exception 2, illegal data address"):
            await link.read(1, 3, 98, 3)
        assert await link.read(1, 3, 299, 1) == (306,)
        assert link.connects == 1
        device = ModbusDevice("stranger", read_profile(PROFILE, "stranger.yaml"), link)
        values = {one.name: one.value for one in await device.poll()}
        assert values == {"small": 107, "large": 157 * 65536 + 158, "input": -301}
    finally:
        await link.close()


@needs_libmodbus
async def test_libmodbus_over_tcp(slave: Path):
    port = free_port()
    async with running(slave, "tcp", port, says="ready"):
        await check(TcpAddress(host="127.0.0.1", port=port))


@needs_libmodbus
@needs_socat
async def test_libmodbus_on_a_serial_line(slave: Path, tmp_path: Path):
    async with (
        pty_pair(tmp_path) as (ours, theirs),
        running(slave, "rtu", theirs, 9600, says="ready"),
    ):
        await check(SerialAddress(path=str(ours), baudrate=9600))


@needs_libmodbus
@needs_socat
async def test_libmodbus_behind_a_gateway_that_passes_rtu_frames_on(slave: Path, tmp_path: Path):
    port = free_port()
    async with (
        pty_pair(tmp_path) as (ours, theirs),
        running(slave, "rtu", theirs, 9600, says="ready"),
    ):
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
        async with running("socat", listen, f"FILE:{ours},raw,echo=0"):
            address = TcpAddress(host="127.0.0.1", port=port, framing=Framing.RTU)
            await check(address)


@needs_libmodbus
@needs_socat
async def test_unit_that_is_not_on_the_serial_line_is_silence_and_harms_nobody(
    slave: Path, tmp_path: Path
):
    async with (
        pty_pair(tmp_path) as (ours, theirs),
        running(slave, "rtu", theirs, 9600, says="ready"),
    ):
        link = ModbusLink(SerialAddress(path=str(ours)), LinkLimits(timeout_s=0.2))
        with pytest.raises(DeviceTimeout, match="unit 9: no answer to registers 100"):
            await link.read(9, 3, 100, 1)
        # libmodbus takes the next frame for unit 9's answer, and needs a pause to fall into step.
        answered = []
        while not answered and link.counters.timeouts < 8:
            await asyncio.sleep(0.6)
            with contextlib.suppress(DeviceTimeout):
                answered.append(await link.read(1, 3, 100, 2))
        assert answered == [(107, 108)]
        assert await link.read(1, 3, 100, 1) == (107,)
        await link.close()


async def test_serial_line_that_is_not_there_is_a_sentence(tmp_path: Path):
    link = ModbusLink(SerialAddress(path=str(tmp_path / "ttyUSB9")), LIMITS)

    with pytest.raises(DeviceUnreachable, match=r"ttyUSB9 cannot be opened: .*group dialout"):
        await link.read(1, 3, 0, 1)


@needs_node
async def test_modbus_serial_of_npm():
    port = free_port()
    server = FAKES / "modbus_serial_server.js"
    async with running("node", server, NODE_MODULES, port, says="ready"):
        await check(TcpAddress(host="127.0.0.1", port=port))


async def test_server_of_pymodbus():
    image = {1: {100: list(range(107, 307)), 300: [65535 - at for at in range(300, 400)]}}
    async with serve(image) as port:
        await check(TcpAddress(host="127.0.0.1", port=port))


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="apt-get install mbpoll")
async def test_mbpoll_reads_what_we_serve():
    image = image_of_recording([RecordedBlock(unit=7, function=4, address=100, words=(11, 65535))])
    server = ModbusServer(show(lambda: image))
    port = await server.start("127.0.0.1", 0)
    try:
        good = await mbpoll(port, "-a", "7", "-t", "3", "-r", "101", "-c", "2")
        undefined = await mbpoll(port, "-a", "7", "-t", "3", "-r", "102", "-c", "2")
        written = await mbpoll(port, "-a", "7", "-t", "4", "-r", "101", write="5")
    finally:
        await server.close()

    assert re.findall(r"^\[\d+\]:\s+(\d+)", good, re.M) == ["11", "65535"]
    assert "Illegal data address" in undefined
    assert "Illegal function" in written


async def mbpoll(port: int, *options: str, write: str = "") -> str:
    """Run mbpoll once; return all that it says."""
    process = await asyncio.create_subprocess_exec(
        *("mbpoll", *options, "-1", "-p", str(port), "127.0.0.1", *([write] if write else [])),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        said, _ = await process.communicate()
    return said.decode()


async def test_pysunspec2_reads_the_sunspec_device_that_we_serve():
    pysunspec2 = pytest.importorskip(
        "sunspec2.modbus.client", reason="pysunspec2 is not installed", exc_type=ImportError
    )
    profile = load_profile("sunspec")
    server = ModbusServer(show(lambda: image_of_profile(profile)))
    port = await server.start("127.0.0.1", 0)

    def look() -> dict[int, list[object]]:
        device = pysunspec2.SunSpecModbusClientDeviceTCP(
            slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5
        )
        device.scan()
        device.disconnect()
        models: dict[int, list[object]] = device.models
        return models

    try:
        models = await asyncio.to_thread(look)
        ours = await read_once(TcpAddress(host="127.0.0.1", port=port), profile)
    finally:
        await server.close()

    values = {point.name: point.value for point in ours}
    assert models[103][0].W.cvalue == values["ac_power"]
    assert models[124][0].ChaState.cvalue == values["battery_soc"]
