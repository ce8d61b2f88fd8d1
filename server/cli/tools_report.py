"""What `validate --tools` shows: who judges which language in which stage."""

from collections.abc import Sequence

from ..engine.facade import Engine
from ..engine.types import Stage, ToolSeat
from . import supervise
from .endings import Ending
from .tables import dumped, print_json, print_table
from .terminal import console
from .workspace import settings_here


def run(*, json: bool) -> Ending:
    return supervise.run(lambda: _work(json=json))


async def _work(*, json: bool) -> Ending:
    async with Engine(settings_here()) as engine:
        seats = await engine.tools()
    if json:
        print_json(dumped(seats))
        return Ending.DONE
    languages = dict.fromkeys(seat.language for seat in seats)
    rows = [[language, *(_cell(seats, language, stage) for stage in Stage)] for language in languages]
    print_table(["language", *Stage], rows, empty="there is no tool")
    console().print("\n* while you type only; ! not on this machine")
    for reason in dict.fromkeys(seat.missing for seat in seats if seat.missing):
        console().print(f"! {reason}", markup=False)
    return Ending.DONE


def _cell(seats: Sequence[ToolSeat], language: str, stage: Stage) -> str:
    here = [seat for seat in seats if (seat.language, seat.stage) == (language, stage)]
    return ", ".join(f"{seat.tool}{_sign(seat)}" for seat in here) or "-"


def _sign(seat: ToolSeat) -> str:
    if seat.missing:
        return "!"
    return "" if seat.batch else "*"
