"""How many neurons a new embedded network seats, and how long it keeps a newcomer."""

import click

places_option = click.option(
    "--places",
    type=click.IntRange(4, 256),
    default=256,
    show_default=True,
    help="Neurons on each subnet.",
)
immunity_option = click.option(
    "--immunity",
    type=click.IntRange(0, 1 << 20),
    default=4096,
    show_default=True,
    help="Blocks in which a newcomer keeps its place.",
)
