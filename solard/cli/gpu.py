"""Look at the GPUs, keep them, hold them: with or without a daemon."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solard.cli.places import home_option, places_of
from solard.core.errors import SolardError
from solard.system.places import HOME_VARIABLE

if TYPE_CHECKING:
    from hardware.gpu.client import CardList, KeeperClient
    from solard.core.state import GpuState

KEEPER = "hardware.gpu.keeper"
SYSTEM_STATE = Path("/var/lib/solard-gpu")
LOOK_WITHIN_S = 30.0


class KeeperAway(SolardError):
    """Nobody keeps the cards here."""


class CardsUnseen(SolardError):
    """The driver could not be asked."""


def socket_option(command: Any) -> Any:
    """Add `--socket PATH` to a command."""
    return click.option("--socket", type=click.Path(path_type=Path), help="The keeper's socket.")(
        command
    )


@click.group()
def gpu() -> None:
    """Look at the cards, keep them, hold them at a limit."""


@gpu.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@socket_option
@home_option
def list_cards(as_json: bool, socket: Path | None, home: Path | None) -> None:
    """List the cards with their limits, as the keeper or, where none runs, the driver tells."""
    listed, states = _see(socket, home)
    rows = _rows(listed, states)
    if as_json:
        click.echo(json.dumps({"gpus": rows, "backend": listed.backend, "note": listed.note}))
        return
    if listed.note:
        click.echo(listed.note)
    for each in rows:
        click.echo(
            f"{each['index']}  {each['name']:28} limit {_watts(each['limit_w'])}, enforced "
            f"{_watts(each['enforced_w'])}, draws {_watts(each['power_w'])} "
            f"({_watts(each['min_w'])} to {_watts(each['max_w'])})  {each['state']}"
        )


@gpu.command()
@socket_option
@click.option("--state", type=click.Path(path_type=Path), help="Directory of its journal.")
@click.option(
    "--lease", type=float, default=30.0, show_default=True, help="Seconds that a limit holds."
)
@click.option("--failsafe", type=float, help="W per card; left out: each card's lowest limit.")
@click.option("--simulated", type=click.Path(path_type=Path), help="Cards file, not the driver.")
@home_option
def keeper(
    socket: Path | None,
    state: Path | None,
    lease: float,
    failsafe: float | None,
    simulated: Path | None,
    home: Path | None,
) -> None:
    """Keep the cards in the foreground: the only program that writes limits, each one a lease."""
    arguments = ["--socket", str(socket or places_of(home).gpu_socket)]
    arguments += ["--state", str(state or _keeper_state(home)), "--lease", str(lease)]
    arguments += [] if failsafe is None else ["--failsafe", str(failsafe)]
    arguments += [] if simulated is None else ["--simulated", str(simulated)]
    # In this process's place: who stops or kills us means the keeper, and nothing else stays.
    os.execv(sys.executable, [sys.executable, "-m", KEEPER, *arguments])


@gpu.command()
@socket_option
@home_option
@click.argument("limits", nargs=-1, required=True, metavar="GPU=WATTS...")
def hold(socket: Path | None, home: Path | None, limits: tuple[str, ...]) -> None:
    """Hold cards at limits until SIGTERM or ^C, then give them back: `hold 0=350 1=250`."""
    from hardware.gpu.client import KeeperClient
    from hardware.gpu.holder import Holder

    wanted = dict(_wish(text) for text in limits)
    path = socket or places_of(home).gpu_socket
    holder = Holder(KeeperClient(path), wanted, lambda text: click.echo(text))
    _with_keeper(path, lambda: asyncio.run(_hold(holder)))


@gpu.command()
@socket_option
@home_option
@click.argument("name", metavar="GPU")
def take(socket: Path | None, home: Path | None, name: str) -> None:
    """Steer a card again that was left alone because somebody kept changing its limit."""
    from hardware.gpu.client import KeeperClient
    from solard.core.decision import Refused

    path = socket or places_of(home).gpu_socket
    client = KeeperClient(path)
    gpu_id = _with_keeper(path, lambda: asyncio.run(_id_of(client, name)))
    result = asyncio.run(client.take(gpu_id))
    if isinstance(result, Refused):
        raise KeeperAway(f"GPU {name}: {result.reason}")
    click.echo(f"GPU {name} is steered again.")


@gpu.command()
@socket_option
@click.option("--state", type=click.Path(path_type=Path), help="Directory of its journal.")
@home_option
def restore(socket: Path | None, state: Path | None, home: Path | None) -> None:
    """Give every card its owner's own limit back; also where a killed keeper left it low."""
    from hardware.gpu.client import KeeperClient
    from solard.core.decision import Refused
    from solard.system.lines import NoAnswer

    client = KeeperClient(socket or places_of(home).gpu_socket)
    try:
        refused = [r for r in asyncio.run(client.restore()) if isinstance(r, Refused)]
    except NoAnswer:
        directory = state or _keeper_state(home)
        command = [sys.executable, "-m", KEEPER, "--state", str(directory), "--once", "restore"]
        sys.exit(subprocess.run(command, check=False).returncode)
    for each in refused:
        click.echo(f"{each.gpu_id}: {each.reason}", err=True)
    if refused:
        sys.exit(1)
    click.echo("Every card has its own limit again.")


@gpu.command()
@click.option(
    "--unless-clean",
    is_flag=True,
    help="For systemd: only if the daemon ended badly and nobody gave the cards back.",
)
@socket_option
@home_option
def failsafe(unless_clean: bool, socket: Path | None, home: Path | None) -> None:
    """Put every card at its failsafe limit now."""
    from hardware.gpu.client import KeeperClient
    from solard.core.decision import Refused

    if unless_clean and os.environ.get("SERVICE_RESULT", "success") == "success":
        return
    path = socket or places_of(home).gpu_socket
    client = KeeperClient(path)
    lease_left_s = _with_keeper(path, lambda: asyncio.run(client.read())).lease_left_s
    if unless_clean and lease_left_s is None:
        return  # nothing is held: in observe mode the cards are their owner's
    refused = [r for r in asyncio.run(client.failsafe()) if isinstance(r, Refused)]
    for each in refused:
        click.echo(f"{each.gpu_id}: {each.reason}", err=True)
    if refused:
        sys.exit(1)
    click.echo("Every card is at its failsafe limit.")


def _see(socket: Path | None, home: Path | None) -> "tuple[CardList, tuple[GpuState, ...]]":
    """Return the cards that the keeper sees, or that the driver shows where none runs."""
    from hardware.gpu.client import KeeperClient
    from solard.system.lines import NoAnswer

    path = socket or places_of(home).gpu_socket
    try:
        return asyncio.run(_ask(KeeperClient(path)))
    except NoAnswer as err:
        if socket is not None or home is not None:
            raise _away(path) from err
        return _look()


def _look() -> "tuple[CardList, tuple[GpuState, ...]]":
    """Ask the driver through a keeper that only looks: this process never opens NVML."""
    from hardware.gpu.client import read_list, read_states

    command = [sys.executable, "-m", KEEPER, "--look", "--state", str(_keeper_state(None))]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=LOOK_WITHIN_S, check=False
        )
        answer = json.loads(ran.stdout)
    except subprocess.TimeoutExpired as err:
        raise CardsUnseen(f"the GPU driver does not answer in {LOOK_WITHIN_S:.0f} s") from err
    except ValueError as err:
        last = (ran.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise CardsUnseen(f"the GPU driver cannot be asked: {last}") from err
    return read_list(answer), read_states(answer)


def _rows(listed: "CardList", states: "tuple[GpuState, ...]") -> list[dict[str, Any]]:
    by_id = {state.gpu_id: state for state in states}
    rows = []
    for row in listed.rows:
        state = by_id.get(row.gpu_id)
        rows.append(
            {
                "index": row.index,
                "uuid": row.gpu_id,
                "name": row.name,
                "limit_w": None if state is None else state.limit_w,
                "enforced_w": None if state is None else state.enforced_w,
                "power_w": None if state is None else state.power_w,
                "default_w": row.default_w,
                "min_w": row.min_w,
                "max_w": row.max_w,
                "original_w": row.original_w,
                "state": row.state,
                "can": list(row.can),
                "hands_off": row.hands_off,
            }
        )
    return rows


def _watts(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f} W"


def _wish(text: str) -> tuple[str, float]:
    name, _, watts = text.partition("=")
    try:
        value = float(watts.removesuffix("W").strip())
    except ValueError:
        value = -1.0
    if not name or not 0.0 <= value <= 10_000.0:
        raise click.UsageError(f"{text!r} is not GPU=WATTS, as in 0=350")
    return name.strip(), value


async def _hold(holder: Any) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await holder.run(stopping)


async def _ask(client: "KeeperClient") -> "tuple[CardList, tuple[GpuState, ...]]":
    return await client.list(), (await client.read()).gpus


async def _id_of(client: "KeeperClient", name: str) -> str:
    rows = (await client.list()).rows
    found = next((row.gpu_id for row in rows if name in {str(row.index), row.gpu_id}), None)
    if found is None:
        there = ", ".join(str(row.index) for row in rows) or "none"
        raise KeeperAway(f"no card {name} here; there are {there}")
    return found


def _with_keeper(path: Path, act: Any) -> Any:
    """Run what needs a keeper; say how to get one where none answers."""
    from solard.system.lines import NoAnswer

    try:
        return act()
    except NoAnswer as err:
        raise _away(path) from err


def _away(path: Path) -> KeeperAway:
    return KeeperAway(
        f"no GPU keeper answers on {path}; start it with `systemctl start solard-gpu` or "
        "`sudo solard gpu keeper`, or name another with --socket or --dir"
    )


def _keeper_state(home: Path | None) -> Path:
    """Return where the keeper of this solard keeps its journal."""
    if home is None and not os.environ.get(HOME_VARIABLE):
        return SYSTEM_STATE
    return places_of(home).state / "gpu"
