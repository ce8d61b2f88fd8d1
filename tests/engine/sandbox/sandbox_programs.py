"""What the sandbox tests share. A machine without an engine skips, unless REQUIRE_ALL=1."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Job, Sandbox, open_sandbox
from quantumlayer.engine.types import SourceFile
from quantumlayer.settings import SandboxSettings, Settings, StorageSettings

ENGINES = ("docker", "bubblewrap")


def missing(reason: str) -> None:
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def settings_for(engine: str, folder: Path, **limits: Any) -> Settings:
    return Settings(
        sandbox=SandboxSettings(engine=engine, **limits),
        storage=StorageSettings(data_dir=folder / "data", cache_dir=folder / "cache"),
    )


async def opened(settings: Settings) -> Sandbox:
    try:
        return await open_sandbox(settings)
    except SandboxError as error:
        missing(str(error))
        raise


def program(text: str, **job: Any) -> Job:
    return Job(files=(SourceFile(path="main.py", text=text),), command=("python", "main.py"), **job)


Run = Callable[..., Any]
