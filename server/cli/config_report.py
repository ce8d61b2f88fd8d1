"""How settings are told."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ..options import Explained, explain_settings, settings_files, user_file
from .endings import Ending
from .tables import print_json, print_table
from .terminal import console, words
from .workspace import current_folder


def show_settings(*, json: bool, changed: bool) -> Ending:
    here = current_folder()
    settings = [item for item in explain_settings(workspace=here) if item.origin != "default" or not changed]
    if json:
        print_json([_as_json(item) for item in settings])
        return Ending.DONE
    rows = [(item.key, _shown(item.value), _origin(item)) for item in settings]
    print_table(("SETTING", "VALUE", "FROM"), rows, empty="Every setting has its default.")
    console(stderr=True).print(words(f"\nYour file: {user_file()}{_also(here)}", "dim"))
    return Ending.DONE


def _also(here: Path) -> str:
    return "".join(f"\nThis workspace: {file}" for file in settings_files(here) if file != user_file())


def _origin(item: Explained) -> str:
    return item.origin + "".join(f", over {place}" for place in item.overridden)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        apart = "\n" if value and isinstance(value[0], BaseModel) else ", "
        return apart.join(map(str, value)) or "(none)"
    return str(value) if value != "" else "(none)"


def _as_json(item: Explained) -> dict[str, Any]:
    return {
        "key": item.key,
        "value": _plain(item.value),
        "origin": item.origin,
        "overridden": list(item.overridden),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value) if isinstance(value, Path) else value
