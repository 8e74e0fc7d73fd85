"""Log to stderr in the form that journald sorts by priority."""

import logging
import sys

_PRIORITY = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


class _JournalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITY.get(record.levelname, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def start_logging(name: str, *, journal: bool, level: int = logging.INFO) -> None:
    """Send this process's log to stderr; `journal` prefixes the priorities of sd-daemon(3)."""
    handler = logging.StreamHandler(sys.stderr)
    if journal:
        handler.setFormatter(_JournalFormatter("%(name)s %(message)s"))
    else:
        text = f"%(asctime)s {name} %(levelname)s %(name)s %(message)s"
        handler.setFormatter(logging.Formatter(text))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("pymodbus", "apscheduler", "aiohttp.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
