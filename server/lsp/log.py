"""The server's log: a file per process, never standard output, never a message's body or a secret."""

import logging
import logging.handlers
import os
import time
from pathlib import Path

import platformdirs

from ..redaction import Redacting

LEVELS = ("error", "warning", "info", "debug")
_KEPT_DAYS = 7
_LARGEST = 4 * 1024 * 1024


def folder() -> Path:
    return platformdirs.user_log_path("quantumlayer")


def start(level: str) -> Path | None:
    """Begins to log; returns the file, or None where none can be written (then standard error is used)."""
    handler, path = _open()
    handler.setFormatter(Redacting())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("quantumlayer").setLevel(level.upper())
    # pygls writes the text of every message, and of every user's document, into its log.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    return path


def remove_old() -> None:
    """Deletes the logs of servers that ended long ago."""
    oldest = time.time() - _KEPT_DAYS * 24 * 3600
    for path in (*folder().glob("lsp-*.log*"), *folder().glob("tests-*.txt")):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except OSError:  # another server was faster
            continue


def _open() -> tuple[logging.Handler, Path | None]:
    path = folder() / f"lsp-{os.getpid()}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8"
        )
    except OSError:
        return logging.StreamHandler(), None
    return handler, path
