"""The `solard` command: its groups, and what an error looks like on a terminal."""

import sys
from pathlib import Path

import click

from solard.cli.backup import backup
from solard.cli.configure import check, policy, reload
from solard.cli.curves import calibrate, curve
from solard.cli.demonstrate import demo
from solard.cli.devices import devices
from solard.cli.doctor import doctor
from solard.cli.forecast import forecast
from solard.cli.gpu import gpu
from solard.cli.init import init
from solard.cli.jobs import job
from solard.cli.machine import install, uninstall
from solard.cli.modbus import modbus
from solard.cli.modbus_line import dump, scan, serve, watch
from solard.cli.network import network
from solard.cli.operate import live, observe, pause, resume, run
from solard.cli.places import home_option
from solard.cli.records import replay
from solard.cli.report import earnings, events, plan, status
from solard.cli.rig import rig
from solard.cli.simulate import simulate
from solard.cli.wallet import wallet
from solard.cli.workloads import logs, workload
from solard.system.version import own_version

INTERRUPTED = 130


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(own_version(), prog_name="solard")
@home_option
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.pass_context
def solard(context: click.Context, home: Path | None, read_only: bool) -> None:
    """Keep a GPU rig earning on sunshine. Without a command: the screens."""
    if context.invoked_subcommand is None:
        from solard.cli.places import places_of
        from tui.app import run_tui

        sys.exit(0 if run_tui(places_of(home).api_socket, read_only=read_only) else 1)


for command in (
    backup,
    check,
    demo,
    devices,
    doctor,
    earnings,
    events,
    forecast,
    gpu,
    init,
    install,
    job,
    live,
    logs,
    modbus,
    network,
    observe,
    pause,
    plan,
    policy,
    reload,
    replay,
    resume,
    rig,
    run,
    simulate,
    status,
    uninstall,
    wallet,
    workload,
):
    solard.add_command(command)


gpu.add_command(calibrate)
gpu.add_command(curve)
for command in (scan, watch, dump, serve):
    modbus.add_command(command)


def main() -> None:
    """Run the command line; our own errors are one sentence and an exit status, never a trace."""
    from solard.core.errors import SolardError

    try:
        solard(standalone_mode=False)
    except SolardError as err:
        click.echo(str(err) if err.is_list else f"solard: {err}", err=True)
        sys.exit(err.exit_status)
    except click.ClickException as err:
        err.show()
        sys.exit(err.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
