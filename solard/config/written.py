"""Workloads that were found on a machine, written as people would write them into the file."""

import json
from collections.abc import Iterable

from solard.core.work import FoundWork

HEAD = """\
# Found, not touched: each goes on running where it runs, and solard only watches it.
# Put this into solard.yaml, and say for each `power:` and `modes:` once solard may do more.
workloads:
"""


def write_workloads(found: Iterable[FoundWork]) -> str:
    """Return a `workloads:` section for programs that their owner's own supervisor runs."""
    return HEAD + "".join(_section(one) for one in found)


def _section(one: FoundWork) -> str:
    external = one.external
    rows = [f"{external.keeper.value}: {_scalar(external.name)}"]
    if external.pid_file:
        rows.append(f"pid_file: {_scalar(external.pid_file)}")
    if external.log_file:
        rows.append(f"log_file: {_scalar(external.log_file)}")
    lines = [f"  {one.name}:"]
    if one.runs:
        lines.append(f"    # runs {one.runs}"[:100])
    lines += ["    external:", *(f"      {row}" for row in rows)]
    if one.gpus:
        lines.append(f"    gpus: [{', '.join(map(str, one.gpus))}]")
    else:
        lines.append("    # gpus: [0]        # which cards it uses: pm2 does not say")
    if one.ports:
        lines.append(f"    ports: [{', '.join(map(str, one.ports))}]")
        lines.append(f"    health: {{port: {one.ports[0]}}}")
    lines.append("    power: hands_off")
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Return text in double quotes, which YAML reads as JSON does."""
    return json.dumps(text, ensure_ascii=False)
