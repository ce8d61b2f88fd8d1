"""`quantumlayer.models.*`: which models there are, fetching an embedded one, choosing the one to use."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from . import names
from .documents import path_of
from .generate_progress import Narrator
from .jobs import Ending, Job

if TYPE_CHECKING:
    from pathlib import Path

    from .server import QuantumLayerServer


@dataclass(frozen=True)
class ModelCommands:
    """The commands of one connection."""

    server: "QuantumLayerServer"

    def by_name(self) -> dict[str, Callable[..., Any]]:
        return {
            names.MODELS_LIST: self.list_models,
            names.MODELS_USE: self.use,
            names.MODELS_PULL: self.pull,
        }

    async def list_models(self, *arguments: Any) -> dict[str, Any]:
        """`{"models": [{"name", "kind", "available", "active", "size", "detail"}]}`."""
        if [argument for argument in arguments if argument not in (None, {})]:
            raise JsonRpcInvalidParams("this command takes no arguments")
        async with self.server.session.engine() as engine:
            models = await engine.list_models()
        return {"models": [model.model_dump(mode="json") for model in models]}

    async def use(self, *arguments: Any) -> dict[str, Any]:
        """`{"name": NAME}`: written into the user's settings. `{"name", "file", "available", "message"}`."""
        wanted = _name(arguments)
        async with self.server.session.engine() as engine:
            name, model, file = await engine.use_model(wanted)
        available = model is None or model.available
        message = f"{name} is used from now on ({file})."
        if not available:
            message += " It is not ready yet."
        if (instead := await self._instead(name)) is not None:
            message += f" Here {instead} is used all the same."
        return {"name": name, "file": str(file), "available": available, "message": message}

    def pull(self, *arguments: Any) -> dict[str, Any]:
        """`{"name": NAME}`: a job that fetches an embedded model of the catalogue."""
        wanted = _name(arguments)

        async def work(job: Job) -> Ending:
            async with self.server.session.engine() as engine:
                model = await engine.pull_model(wanted, emit=Narrator(job.progress).tell)
            return Ending("done", f"{model.name} is ready.")

        return {"job": self.server.jobs.start(f"fetch {wanted}", work, key=f"fetch {wanted}").id}

    async def _instead(self, name: str) -> str | None:
        """What is used all the same, and who says so: the editor, the environment, a workspace's file."""
        server = self.server
        folder = server.folder_of(None)
        editor = await server.configuration.editor(folder)
        return await asyncio.to_thread(_overriding, name, path_of(folder) if folder else None, editor)


def _overriding(name: str, workspace: "Path | None", editor: Mapping[str, Any]) -> str | None:
    from ..options import explain_settings

    model = next(
        one for one in explain_settings(workspace=workspace, editor=editor) if one.key == "models.model"
    )
    return None if model.value == name else f"{model.value} ({model.origin} says so)"


def _name(arguments: tuple[Any, ...]) -> str:
    given = arguments[0] if len(arguments) == 1 else None
    if not isinstance(given, Mapping) or set(given) != {"name"}:
        raise JsonRpcInvalidParams('give {"name": the name of a model}')
    name = given["name"]
    if not isinstance(name, str) or not name.strip():
        raise JsonRpcInvalidParams("not a text: name")
    return name.strip()
