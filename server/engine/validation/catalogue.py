"""Which tool judges which language in which stage: read off the adapters and the warm tools."""

from ..languages import ANY_LANGUAGE, CODE
from ..types import Stage, ToolSeat
from .adapters import Adapter, adapters, live_adapters
from .types import ToolError
from .warm.seats import SEATS

_FIRST = ("python", "javascript", "typescript", "go", "java", "rust", "c", "c++", "shell", "sql")
RUNTIME = "sandbox"


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
    ran = ToolSeat(language="python", stage=Stage.RUNTIME, tool=RUNTIME, batch=True, live=False)
    return (*found, ran)


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
