"""Which task is done by whom, and with what."""

import asyncio
import hashlib
import time

from ...settings import Settings
from ..errors import QuantumLayerError
from ..events import Emit
from ..journal import Journal
from ..llm.gateway import Gateway
from ..python.place import function_at, with_pretended_body
from ..sandbox import Sandbox
from ..types import Help, Wish
from ..validation.mesh import Mesh
from .comment import from_comment
from .desk import Desk
from .document import document
from .implement import implement
from .mend import mend
from .testing import write_tests

_TASKS = {
    "implement": implement,
    "test": write_tests,
    "fix": mend,
    "harden": mend,
    "document": document,
    "comment": from_comment,
}


async def at_desk(
    wish: Wish, settings: Settings, journal: Journal, sandbox: Sandbox | None, no_sandbox: str, emit: Emit
) -> Help:
    """What comes of a wish, within the budget of one run and its time.

    Raises AnswerError, BudgetError, ModelError, StorageError or ToolError when nothing can be said of it, and
    QuantumLayerError when it takes too long.
    """
    run = hashlib.sha256(f"{time.time_ns()}{wish.text}".encode()).hexdigest()[:12]
    gateway = Gateway(settings, journal, emit=emit, run=run)
    try:
        mesh = Mesh(settings, journal, sandbox, no_sandbox)
        wish = wish.model_copy(update={"tests": _about_it(wish)})
        desk = Desk(settings, gateway, mesh, sandbox, _reason(no_sandbox), emit)
        async with asyncio.timeout(settings.generate.timeout_s):
            return await _TASKS[wish.task](desk, wish)
    except TimeoutError:
        raise QuantumLayerError(
            f"it took longer than {settings.generate.timeout_s:.0f} s",
            "Ask again: what was answered is kept. Or raise the timeout.",
            "generate.timeout_s",
        ) from None
    finally:
        await gateway.aclose()


def _about_it(wish: Wish) -> tuple[str, ...]:
    """Tests that name the function, of those that concern its file."""
    place = function_at(with_pretended_body(wish.text, wish.line), wish.line)
    texts = {file.path: file.text for file in wish.files}
    name = place.name.rpartition(".")[2] if place else ""
    return tuple(path for path in wish.tests if not name or name in texts.get(path, ""))


def _reason(no_sandbox: str) -> str:
    return (no_sandbox or "there is no sandbox").rstrip(".")
