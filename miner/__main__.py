"""`python -m miner network|watch|miner|validator`: the programs of the Bittensor side."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

from miner.program import leave_no_core
from solard.core.errors import SolardError
from solard.core.units import RAO_PER_TAO
from solard.system.clock import Clock, clock_from_environment
from solard.system.log import start_logging

MIN_PLACES, MAX_PLACES = 4, 256


def main() -> int:
    """Run one program until SIGTERM; return its exit status."""
    # Several BLAS threads that wait for each other on busy cores are 25 times slower than one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = _parser().parse_args(_join_site(sys.argv[1:]))
    start_logging(arguments.program, journal=False)
    leave_no_core()
    try:
        asyncio.run(_program(arguments, clock_from_environment()))
    except SolardError as err:
        logging.getLogger("miner").error("%s", err)
        return err.exit_status
    return 0


def _program(arguments: argparse.Namespace, clock: Clock) -> Coroutine[None, None, None]:
    # Each program imports only its own part: memory counts on a small machine.
    if arguments.program == "network":
        from miner.chain.values import Rules
        from miner.network import NetworkSettings, run_network

        return run_network(
            NetworkSettings(
                home=arguments.dir,
                socket=arguments.socket,
                host=arguments.host,
                port=arguments.port,
                rules=Rules(
                    tempo=arguments.tempo,
                    max_uids=arguments.places,
                    immunity_blocks=arguments.immunity,
                ),
                subnets=tuple(arguments.subnet or ("sunlight",)),
            ),
            clock,
        )
    if arguments.program == "watch":
        from miner.watch import WatchSettings, run_watch

        return run_watch(
            WatchSettings(home=arguments.dir, socket=arguments.socket, network=arguments.network),
            clock,
        )
    from miner.settings import NeuronSettings

    settings = NeuronSettings(
        home=arguments.dir,
        socket=arguments.socket,
        network=arguments.network,
        api=arguments.api,
        site_file=arguments.site_file,
        subnets=tuple(arguments.subnet or ("sunlight",)),
        location=arguments.site,
        peak_w=arguments.peak_w,
        endpoint=arguments.model_url,
        model=arguments.model,
        burn_limit_rao=round(arguments.register_at_most * RAO_PER_TAO),
    )
    if arguments.program == "miner":
        from miner.admission import Admission, Callers
        from miner.miner import run_miner

        admission = Admission(
            callers=Callers(arguments.callers),
            min_stake_rao=arguments.min_stake * RAO_PER_TAO,
        )
        burns = arguments.register == "burn"
        settings = replace(settings, admission=admission, burns=burns)
        return run_miner(settings, clock, arguments.axon_ip, arguments.axon_port)
    from miner.validator import run_validator

    return run_validator(settings, clock)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m miner", description=__doc__)
    programs = parser.add_subparsers(dest="program", required=True)
    network = _add(programs, "network", "run the embedded network's node: play tokens, no price")
    network.add_argument("--port", type=int, required=True, help="of its HTTP API")
    network.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other rigs use it")
    network.add_argument(
        "--tempo", type=_tempo, default=30, help="blocks between epochs (new network)"
    )
    network.add_argument("--places", type=_places, default=256, help="of a subnet (new network)")
    network.add_argument(
        "--immunity", type=int, default=4096, help="blocks of a newcomer (new network)"
    )
    network.add_argument("--subnet", action="append", help="of a new network; may be repeated")
    watch = _add(programs, "watch", "watch the node of another rig, without a key")
    watch.add_argument("--network", required=True, help="URL of the network's node")
    miner = _add(programs, "miner", "answer challenges")
    _add_neuron(miner)
    miner.add_argument("--axon-port", type=int, required=True, help="where validators ask")
    miner.add_argument("--callers", choices=("staked", "permitted"), default="staked")
    miner.add_argument("--min-stake", type=int, default=0, help="of a caller, in whole τ")
    miner.add_argument(
        "--register",
        choices=("burn", "work"),
        default="burn",
        help="work: when a proof is asked for",
    )
    miner.add_argument("--axon-ip", default="127.0.0.1", help="address to listen on and announce")
    _add_neuron(_add(programs, "validator", "ask miners, score answers, set weights"))
    return parser


def _add(
    programs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    program = programs.add_parser(name, help=text, description=text)
    program.add_argument("--dir", type=Path, required=True, help="keys and state")
    program.add_argument("--socket", type=Path, required=True, help="work socket")
    return program


def _add_neuron(program: argparse.ArgumentParser) -> None:
    program.add_argument("--network", required=True, help="URL of the network's node")
    program.add_argument(
        "--register-at-most", type=float, default=10.0, help="what a registration may cost, τ"
    )
    program.add_argument("--api", type=Path, help="socket of the daemon's API")
    program.add_argument("--site-file", type=Path, help="or a recorded site: starts_at,pv_wh rows")
    program.add_argument("--subnet", action="append", help="sunlight without it; may be repeated")
    program.add_argument("--site", type=_location, help="LATITUDE,LONGITUDE of the panels, degrees")
    program.add_argument("--peak-w", type=float, help="peak power of the panels")
    program.add_argument("--model-url", help="OpenAI-compatible server, for the subnet text")
    program.add_argument("--model", help="the model to ask there")


def _join_site(arguments: list[str]) -> list[str]:
    """Return `--site -33.9,151.2` as one word: argparse takes a southern latitude for an option."""
    if "--site" not in arguments[:-1]:
        return arguments
    place = arguments.index("--site")
    return [
        *arguments[:place],
        f"--site={arguments[place + 1]}",
        *arguments[place + 2 :],
    ]


def _tempo(text: str) -> int:
    tempo = int(text) if text.isdecimal() else 0
    if not 1 <= tempo <= 50_400:
        raise argparse.ArgumentTypeError(f"{text!r} is outside 1..50400 blocks")
    return tempo


def _places(text: str) -> int:
    places = int(text) if text.isdecimal() else 0
    if not MIN_PLACES <= places <= MAX_PLACES:
        raise argparse.ArgumentTypeError(f"{text!r} is outside {MIN_PLACES}..{MAX_PLACES} neurons")
    return places


def _location(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        latitude = longitude = 360.0
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no LATITUDE,LONGITUDE, for example 48.1,11.6"
        )
    return latitude, longitude


if __name__ == "__main__":
    sys.exit(main())
