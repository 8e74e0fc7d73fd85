"""`python -m tests.bench [--quick] [--json FILE]`: what solard costs, against what it may cost.

A missed target is said, not punished: exit 1 means that something could not be measured.
"""

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from solard.core.errors import SolardError
from solard.system.children import become_subreaper, end_all
from tests.bench.allocation import measure_allocation
from tests.bench.axon import measure_axon
from tests.bench.chain import measure_chain
from tests.bench.demo import ProcessRow, measure_demo
from tests.bench.figures import Figure, columns, say_number, table
from tests.bench.forecast import measure_forecast
from tests.bench.keeper import measure_keeper
from tests.bench.modbus import measure_modbus
from tests.bench.plan import measure_plan
from tests.bench.python import of_python, run_python
from tests.bench.real_speed import measure_real_speed
from tests.bench.work import measure_work

END_GRACE_S = 12.0


def main() -> int:
    """Measure, print, and write."""
    options = _parse()
    become_subreaper()
    machine, began_s = _machine(), time.monotonic()
    try:
        bare = tuple(run_python() for _ in range(options.repeats + 1))[1:]
        figures = of_python("python: bare", bare)
        _say(f"at real speed, {options.minutes:g} min …")
        figures += measure_real_speed(options.minutes, options.repeats)
        _say(f"a whole demo, {options.demo_seconds:g} s …")
        of_demo, processes = measure_demo(options.demo_seconds)
        figures += of_demo
        _say(f"the keeper of eight cards, {options.load_seconds:g} s …")
        figures += measure_keeper(options.load_seconds)
        figures += measure_allocation()
        _say(f"Modbus, {options.load_seconds:g} s and more …")
        figures += measure_modbus(options.repeats, options.load_seconds)
        _say("workloads, two minutes of them …")
        figures += measure_work(options.repeats, 20.0 if options.quick else 60.0)
        _say("forecasts …")
        figures += measure_forecast(2 if options.quick else 5)
        _say("plans …")
        figures += measure_plan(10 if options.quick else 40)
        _say("axons, their callers and attackers …")
        figures += measure_axon(3.0 if options.quick else 9.0)
        _say("the embedded chain …")
        figures += measure_chain(4.0 if options.quick else 15.0)
    except (SolardError, OSError) as err:
        print(f"bench: not measured: {err}", file=sys.stderr)
        return 1
    finally:
        end_all(END_GRACE_S)
    machine["load_after"] = os.getloadavg()[0]
    _print(figures, processes, machine)
    if options.json is not None:
        result = {
            "machine": machine,
            "quick": options.quick,
            "lasted_s": round(time.monotonic() - began_s, 1),
            "figures": [one.as_json() for one in figures],
            "processes": [asdict(row) for row in processes],
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _print(
    figures: tuple[Figure, ...],
    processes: tuple[ProcessRow, ...],
    machine: dict[str, object],
) -> None:
    print(
        f"{machine['at']}, {machine['cores']} cores, Python {machine['python']}, "
        f"load {machine['load_before']:.1f} before and {machine['load_after']:.1f} after\n"
    )
    print(table(figures))
    head = ("the demo's processes, each at most", "RSS MB", "PSS MB", "CPU % of a core")
    print("\n" + columns((head, *map(_process_row, processes))))
    targets = [one for one in figures if one.below is not None]
    missed = [one.name for one in targets if not one.is_met]
    said = f"missed: {', '.join(missed)}" if missed else "none missed"
    print(f"\n{len(targets) - len(missed)} of {len(targets)} targets met; {said}")


def _process_row(row: ProcessRow) -> tuple[str, ...]:
    numbers = (row.rss_mb, row.pss_mb, row.cpu_percent)
    return row.process, *("" if one is None else say_number(one) for one in numbers)


def _machine() -> dict[str, object]:
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "kernel": platform.release().partition("-")[0],
        "load_before": os.getloadavg()[0],
    }


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="half a minute instead of five, for a first look")
    add("--json", type=Path, metavar="FILE", help="write the figures there too")
    add("--minutes", type=float, help="how long the daemon runs at real speed")
    add("--demo-seconds", type=float, help="how long the demo is watched")
    add("--repeats", type=int, help="how often what starts is started", default=5)
    options = parser.parse_args()
    options.minutes = options.minutes or (0.5 if options.quick else 5.0)
    options.demo_seconds = options.demo_seconds or (30.0 if options.quick else 120.0)
    options.load_seconds = 30.0 if options.quick else 120.0
    return options


if __name__ == "__main__":
    sys.exit(main())
