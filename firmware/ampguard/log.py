"""Log lines on standard error, as the system's journal takes them: level in front, one line an event."""

from __future__ import annotations

import logging
import os
import sys

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _JournalFormatter(logging.Formatter):
    """`<priority>` in front of each line, where the journal reads it; plain words elsewhere."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.name}: {super().format(record)}"
        if "JOURNAL_STREAM" in os.environ:
            return "\n".join(f"<{_PRIORITY.get(record.levelno, 6)}>{part}" for part in line.splitlines())
        return f"{record.levelname.lower()} {line}"


def begin(process: str) -> logging.Logger:
    """Set up logging for this process (level in AMPGUARD_LOG, default info) and return its logger."""
    to_stderr = logging.StreamHandler(sys.stderr)
    to_stderr.setFormatter(_JournalFormatter("%(message)s"))
    level = LEVELS.get(os.environ.get("AMPGUARD_LOG", "info").lower(), logging.INFO)
    logging.basicConfig(level=level, handlers=[to_stderr], force=True)
    # one line for each request of a library is no news, and wears the medium
    logging.getLogger("httpx").setLevel(max(level, logging.WARNING))
    return logging.getLogger(process)
