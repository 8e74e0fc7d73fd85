"""`solard rig`: the machine as a whole."""

import click

from solard.cli.quantities import Duration


@click.group()
def rig() -> None:
    """The machine as a whole."""


@rig.command()
@click.argument("duration", type=Duration(), required=False)
@click.option("--test", "test", type=Duration(), help="Sleep so long now, and say how it went.")
def sleep(duration: float | None, test: float | None) -> None:
    """Put the machine to sleep for DURATION; its own clock wakes it.

    Workloads and their cards stand still meanwhile, and go on after it. Off until `sudo solard
    install --sleep`; first try it with --test 2min while somebody is near its power button.
    """
    from hardware.sleep import LONGEST_S, SHORTEST_S, sleep_for
    from solard.core.wording import say_duration

    seconds = test if test is not None else duration
    if seconds is None or (test is not None and duration is not None):
        raise click.UsageError("say for how long once, as in: solard rig sleep --test 2min")
    if not SHORTEST_S <= seconds <= LONGEST_S:
        low, high = say_duration(SHORTEST_S), say_duration(LONGEST_S)
        raise click.UsageError(f"a sleep lasts {low} to {high}")
    slept_s = sleep_for(seconds)
    click.echo(f"Slept {say_duration(slept_s)} of {say_duration(seconds)}, and is awake again.")
