"""How models are told, and how one is chosen."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from ..engine.facade import Engine
from ..engine.types import ModelInfo
from ..options import explain_settings
from .endings import Ending
from .tables import dumped, print_json, print_table
from .terminal import console, words
from .text import size


def show_list(models: Sequence[ModelInfo], *, json: bool) -> Ending:
    if json:
        print_json(dumped(models))
        return Ending.DONE
    rows = [
        (
            Text("*" if model.active else " ", style="green"),
            model.name,
            Text("ready", style="green") if model.available else Text("not here", style="dim"),
            size(model.size) if model.size else "",
            model.detail,
        )
        for model in models
    ]
    print_table(("", "MODEL", "STATE", "SIZE", ""), rows, empty="No models.")
    if models and not any(model.active and model.available for model in models):
        console(stderr=True).print("\nNo model is ready. Fetch the embedded one: quantumlayer models pull")
    return Ending.DONE


def tell_pulled(model: ModelInfo, *, json: bool) -> Ending:
    if json:
        print_json(model.model_dump(mode="json"))
    else:
        console().print(
            words(f"{model.name} is ready, {size(model.size)}. Use it: quantumlayer models use {model.name}")
        )
    return Ending.DONE


async def choose(engine: Engine, wanted: str) -> Ending:
    name, model, file = await engine.use_model(wanted)
    out = console()
    out.print(words(f"{name} is used from now on ({file})."))
    if model is not None and not model.available:
        step = f"quantumlayer models pull {name.removeprefix('embedded/')}"
        out.print(
            words("It is not ready yet" + (f": {step}" if model.kind == "embedded" else f": {model.detail}"))
        )
    await asyncio.to_thread(_warn_if_overridden, name)
    return Ending.DONE


def _warn_if_overridden(name: str) -> None:
    model = next(item for item in explain_settings(workspace=Path.cwd()) if item.key == "models.model")
    if model.value != name:
        console(stderr=True).print(
            words(f"Here {model.value} is used all the same: {model.origin} says so.", "yellow")
        )
