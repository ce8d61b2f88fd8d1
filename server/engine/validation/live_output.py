"""What the harness tells while tests run, turned into events."""

import json
from typing import Any

from pydantic import ValidationError

from ..events import Emit, SandboxOutput, TestFinished

_MARK = "live "


def writable(told: Any) -> Any:
    """What a harness told, without the halves of characters that programs can make and nobody can encode."""
    if isinstance(told, str):
        return told.encode("utf-8", "replace").decode()
    if isinstance(told, dict):
        return {writable(name): writable(value) for name, value in told.items()}
    return [writable(one) for one in told] if isinstance(told, list) else told


class LiveOutput:
    """Takes the harness's standard output in whatever pieces it comes.

    Nothing rests on these lines but what a user sees meanwhile: results are read from signed reports.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._rest = ""

    def __call__(self, stream: str, text: str) -> None:
        if stream != "stdout":
            return
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith(_MARK):
                self._take(line.removeprefix(_MARK))

    def _take(self, line: str) -> None:
        from ..sandbox.output import clean

        try:
            kind, told = writable(json.loads(line))
            if kind == "test":
                self._emit(TestFinished.model_validate(told))
            elif kind == "output" and (text := clean(str(told))):
                self._emit(SandboxOutput(stream="stdout", text=text))
        except (ValueError, TypeError, ValidationError):
            return
