"""The root of every error that solard raises on purpose."""


class SolardError(Exception):
    """Say what failed, which thing, its value, the limit and the next step, in one sentence."""
