"""The command's log: warnings of the engine and defects, in a file, so that the terminal stays readable.

No secret reaches it.
"""

import logging
import logging.handlers
import sys
from pathlib import Path

import platformdirs

from ..redaction import Redacting
from .endings import debugging

_LARGEST = 1024 * 1024


def start() -> None:
    """Warnings go to the log file; with QUANTUMLAYER_DEBUG=1 everything goes to standard error."""
    if debugging():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Redacting())
        logging.basicConfig(handlers=[handler], level=logging.INFO)
        logging.getLogger("quantumlayer").setLevel(logging.DEBUG)
        return
    logging.getLogger().addHandler(_handler() or logging.NullHandler())


def record(report: str) -> Path | None:
    """Appends a report; returns the file, or None if it cannot be written."""
    handler = _handler()
    if handler is None:
        return None
    try:
        handler.emit(logging.LogRecord("quantumlayer", logging.ERROR, "", 0, report, None, None))
    finally:
        handler.close()
    return Path(handler.baseFilename)


def _handler() -> logging.handlers.RotatingFileHandler | None:
    file = platformdirs.user_log_path("quantumlayer") / "cli.log"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=_LARGEST, backupCount=1, encoding="utf-8"
        )
    except OSError:
        return None
    handler.setFormatter(Redacting())
    return handler
