"""What is shown while a verb works, always on standard error.

On a terminal a picture that is redrawn; elsewhere a line for each thing that happened; with `--events`
one JSON object a line; with `--json` alone, nothing.
"""

import contextlib
import sys
from collections.abc import AsyncIterator

from ...engine.events import Emit, Event, ignore
from .lines import LinePrinter


@contextlib.asynccontextmanager
async def showing(*, quiet: bool = False, events: bool = False) -> AsyncIterator[Emit]:
    """Gives the `Emit` to hand to the engine; the picture is gone when the block ends."""
    if events:
        yield _print_event
    elif quiet:
        yield ignore
    elif _can_redraw():
        from .live import LivePicture

        async with LivePicture() as picture:
            yield picture.take
    else:
        yield LinePrinter(sys.stderr).take


def _can_redraw() -> bool:
    if not sys.stderr.isatty():
        return False
    from ..terminal import console

    return not console(stderr=True).is_dumb_terminal


def _print_event(event: Event) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(event.model_dump_json(), file=sys.stderr, flush=True)  # noqa: T201
