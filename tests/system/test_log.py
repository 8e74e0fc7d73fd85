"""What the log looks like in a terminal and in the journal."""

import subprocess
import sys

PROGRAM = """
import logging, sys
from solard.system.log import start_logging
start_logging("solard", journal={journal})
log = logging.getLogger("solard.test")
log.debug("too fine")
log.info("rig: budget 480 W")
log.warning("device lost")
try:
    raise ValueError("two\\nlines")
except ValueError:
    log.exception("broke")
logging.getLogger("pymodbus").warning("chatter")
"""


def logged(*, journal: bool) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(journal=journal)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == ""
    return ran.stderr.splitlines()


def test_journal_gets_a_priority_on_every_line() -> None:
    lines = logged(journal=True)

    assert lines[:2] == ["<6>solard.test rig: budget 480 W", "<4>solard.test device lost"]
    assert lines[2] == "<3>solard.test broke"
    assert len(lines) > 5
    assert all(line.startswith("<3>") for line in lines[2:])


def test_terminal_gets_time_and_level() -> None:
    lines = logged(journal=False)

    assert lines[0].endswith("INFO solard.test rig: budget 480 W")
    assert lines[1].endswith("WARNING solard.test device lost")


def test_chatter_of_libraries_and_debug_stay_out() -> None:
    text = "\n".join(logged(journal=True))

    assert "chatter" not in text
    assert "too fine" not in text
