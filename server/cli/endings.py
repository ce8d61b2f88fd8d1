"""How a command ends: exit statuses, and errors told in two lines."""

import errno
import os
import sys
import traceback
from enum import IntEnum
from types import TracebackType

from ..engine.errors import BriefError, QuantumLayerError, SettingsError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


class Ending(IntEnum):
    """Exit statuses; each is part of what the command promises."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNVERIFIED = 3
    CANCELLED = 130


def tell(error: QuantumLayerError) -> Ending:
    """Writes cause and next step to standard error; returns the status to end with."""
    if debugging():
        _say("".join(traceback.format_exception(error)))
    _say(f"error: {error.cause}")
    if error.next_step:
        _say(f"next: {error.next_step}")
    if error.setting and error.setting not in f"{error.cause} {error.next_step}":
        _say(f"setting: {error.setting}")
    return Ending.USAGE if isinstance(error, BriefError | SettingsError) else Ending.FAILED


def tell_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The `sys.excepthook`: a defect of ours. The traceback goes to the log, and what to do to the user."""
    if issubclass(kind, KeyboardInterrupt):
        os._exit(Ending.CANCELLED)
    if isinstance(error, OSError) and error.errno in _FULL:
        # Every room tells of its own disk; what is left is where the output goes.
        _say(f"error: the output cannot be written: {error.strerror}")
        _say("next: Free some space there, or send the output elsewhere.")
        return
    from . import log

    report = "".join(traceback.format_exception(kind, error, trace))
    file = log.record(report)
    if debugging() or file is None:
        _say(report)
    _say(f"error: something went wrong inside QuantumLayer ({kind.__name__}: {error})")
    _say(f"next: please report it with {file}" if file else "next: please report it with the lines above.")


def debugging() -> bool:
    return os.environ.get("QUANTUMLAYER_DEBUG", "") not in {"", "0"}


def _say(text: str) -> None:
    from ..redaction import redact
    from .text import plain

    print(plain(redact(text)), file=sys.stderr, flush=True)  # noqa: T201
