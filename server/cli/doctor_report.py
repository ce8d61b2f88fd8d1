"""What `doctor` does: also when the settings themselves are what is wrong."""

from ..engine.errors import SettingsError
from ..engine.facade import Engine
from ..engine.types import Check
from ..settings import Settings
from . import supervise
from .endings import Ending
from .tables import checks_ending, dumped, print_checks, print_json
from .workspace import settings_here


def run(*, json: bool) -> Ending:
    broken: tuple[Check, ...] = ()
    try:
        settings = settings_here()
    except SettingsError as error:
        settings = Settings()
        broken = (Check(name="settings", status="missing", detail=error.cause, next_step=error.next_step),)
    return supervise.run(lambda: _work(settings, broken, json=json))


async def _work(settings: Settings, broken: tuple[Check, ...], *, json: bool) -> Ending:
    async with Engine(settings) as engine:
        checks = (*broken, *await engine.doctor())
    if json:
        print_json(dumped(checks))
    else:
        print_checks(checks)
    return checks_ending(checks)
