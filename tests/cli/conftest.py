"""A command line of its own for each test, and a provider that answers as a model would."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import SLUG_CODE, SLUG_TESTS, Cli, fenced
from support.scripted_server import ScriptedServer, Seen


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def slugs(cli: Cli, scripted: ScriptedServer) -> Callable[..., None]:
    """Lets the provider answer as a model would that makes the slug project; `code` is what it writes."""
    cli.use_server(scripted)

    def script(code: str = SLUG_CODE, *, before: Callable[[Seen], Any] | None = None) -> None:
        def answer(seen: Seen) -> Any:
            if before is not None and (reply := before(seen)) is not None:
                return reply
            return fenced(SLUG_TESTS if "test engineer" in seen.prompt else code)

        scripted.script(answer)

    return script
