"""Which solard this is."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Return the installed version, `unknown` in a tree that was never installed."""
    try:
        return version("solard")
    except PackageNotFoundError:
        return "unknown"
