"""How a verb whose work is the engine's is run, and ends."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from .endings import Ending


def run(work: "Callable[[Engine], Coroutine[Any, Any, Ending]]") -> None:
    from .supervise import run_with_engine

    raise typer.Exit(run_with_engine(work))
