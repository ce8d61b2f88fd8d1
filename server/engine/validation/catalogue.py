"""Which tool judges which language in which stage: read off the adapters and the warm tools."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import SandboxError
from ..languages import ANY_LANGUAGE, CODE
from ..types import Stage, ToolSeat
from .adapters import Adapter, adapters, live_adapters
from .runtime.node_project import cannot_strip, strips
from .types import ToolError
from .warm.seats import SEATS

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_FIRST = ("python", "javascript", "typescript", "go", "java", "rust", "c", "c++", "shell", "sql")
RUNTIME = "sandbox"
RUN_BY = {"python": "python", "javascript": "node", "typescript": "node"}
"""Languages that are run, and in which of the sandbox's roots."""


def seats() -> tuple[ToolSeat, ...]:
    """By language and stage, with each tool's version or why there is none."""
    versions: dict[str, tuple[str, str]] = {}
    found = []
    for language in [*_FIRST, *sorted(CODE - {*_FIRST})]:
        for stage in Stage:
            batch = {tool.name: tool for tool in adapters() if _sits(tool, language, stage)}
            live = _live(language, stage)
            for name in dict.fromkeys([*batch, *live]):
                if name in batch and name not in versions:
                    versions[name] = _version(batch[name])
                version, missing = versions.get(name, ("", ""))
                found.append(
                    ToolSeat(
                        language=language,
                        stage=stage,
                        tool=name,
                        batch=name in batch,
                        live=name in live,
                        version=version,
                        missing=missing,
                    )
                )
    ran = (
        ToolSeat(language=language, stage=Stage.RUNTIME, tool=RUNTIME, batch=True, live=False)
        for language in RUN_BY
    )
    return (*found, *ran)


async def with_sandbox(
    found: Sequence[ToolSeat], sandbox: "Sandbox | None", why: str
) -> tuple[ToolSeat, ...]:
    """The seats, with what runs each language; `why` there is no sandbox."""
    told: dict[str, tuple[str, str]] = {}
    for language in RUN_BY:
        told[language] = await _runs(language, sandbox) if sandbox else ("", why or "there is no sandbox")
    return tuple(
        seat.model_copy(update=dict(zip(("version", "missing"), told[seat.language], strict=True)))
        if seat.stage is Stage.RUNTIME
        else seat
        for seat in found
    )


async def _runs(language: str, sandbox: "Sandbox") -> tuple[str, str]:
    """The version of what runs it, or why there is none."""
    try:
        version = await sandbox.version_of(RUN_BY[language])
    except SandboxError as error:
        return "", str(error)
    if language == "typescript" and not strips(version):
        return "", cannot_strip(version)
    return f"{RUN_BY[language]} {version} in {sandbox.name} {sandbox.version}", ""


def _sits(tool: Adapter, language: str, stage: Stage) -> bool:
    return tool.stage is stage and bool(tool.languages & {language, *ANY_LANGUAGE})


def _live(language: str, stage: Stage) -> tuple[str, ...]:
    warm = [
        seat.called(stage, language) for seat in SEATS if language in seat.languages and stage in seat.stages
    ]
    return (*warm, *(tool.name for tool in live_adapters() if _sits(tool, language, stage)))


def _version(tool: Adapter) -> tuple[str, str]:
    try:
        return tool.version(), ""
    except ToolError as error:
        return "", str(error)
