"""Bring an older schema up to date in a process of its own: Alembic costs 12 MB."""

import subprocess
import sys
from pathlib import Path

from solard.store.engine import open_engine, writing
from solard.store.errors import StoreUnavailable

LONGEST_S = 600.0


def upgrade_in_child(path: Path) -> None:
    """Run `python -m solard.store.migrate PATH` and wait for it; real seconds."""
    command = [sys.executable, "-m", "solard.store.migrate", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST_S)
    except (subprocess.SubprocessError, OSError) as err:
        said = str(getattr(err, "stderr", "") or err).strip().splitlines()[-1]
        raise StoreUnavailable(
            f"history at {path} could not be brought to the newest schema: {said}; "
            f"it is unchanged, and a copy is in {path.parent / 'backups'}"
        ) from err


def upgrade(path: Path) -> None:
    """Run all missing migrations in one transaction: a cut leaves the old schema or the new."""
    from alembic import command
    from alembic.config import Config

    engine = open_engine(path)
    try:
        with writing(engine) as connection, connection.begin():
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]))
