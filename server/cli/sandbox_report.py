"""How the sandbox is told."""

from collections.abc import Sequence

from ..engine.types import Check
from .endings import Ending
from .tables import dumped, print_checks, print_json
from .terminal import console, words

_ENGINES = ("docker", "bubblewrap")


def show_checks(checks: Sequence[Check], *, json: bool) -> Ending:
    if json:
        print_json(dumped(checks))
    else:
        print_checks(checks)
    works = any(check.name in _ENGINES and check.status == "ok" for check in checks)
    return Ending.DONE if works else Ending.FAILED


def tell_built(images: Sequence[str], *, json: bool) -> Ending:
    if json:
        print_json({"images": list(images)})
    else:
        are = "is" if len(images) == 1 else "are"
        console().print(
            words(f"{' and '.join(images)} {are} ready. See what it isolates: quantumlayer sandbox check")
        )
    return Ending.DONE
