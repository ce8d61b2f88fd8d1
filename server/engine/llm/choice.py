"""Which model is used from now on: a choice that is written into the user's settings."""

import asyncio
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...options import set_user_option
from ...settings import Settings
from ..errors import SettingsError
from ..types import ModelInfo
from .providers import named


class Choice(NamedTuple):
    name: str
    """As the setting has it now."""
    model: ModelInfo | None
    """None for a name that the provider has to judge."""
    file: Path


async def use_model(settings: Settings, models: Sequence[ModelInfo], wanted: str) -> Choice:
    """Embedded models must be among `models`; any other name is the provider's to judge.

    Raises SettingsError or ModelError if nothing can be meant by the name, and StorageError.
    """
    chosen = next((one for one in models if wanted in {one.name, one.name.removeprefix("embedded/")}), None)
    name = chosen.name if chosen is not None else wanted
    if chosen is None and name.startswith("embedded/"):
        raise _unknown(name, [model.name for model in models if model.kind == "embedded"])
    if name != "auto":
        await asyncio.to_thread(named, name, settings.models.api_base)
    file = await asyncio.to_thread(set_user_option, "models.model", name)
    return Choice(name, chosen, file)


def _unknown(name: str, names: Sequence[str]) -> SettingsError:
    close = difflib.get_close_matches(name, names, n=1)
    step = f"Did you mean {close[0]}?" if close else f"There are {', '.join(names)}."
    return SettingsError(f"there is no embedded model {name.removeprefix('embedded/')}", step, "models.model")
