"""The settings in effect for the folder the command runs in."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..settings import Settings


def settings_here(**flags: object) -> "Settings":
    """Flags are named `section__key`; None means not given. Raises SettingsError."""
    from ..options import load_settings

    named = {name.replace("__", ".", 1): value for name, value in flags.items()}
    return load_settings(workspace=current_folder(), flags=named)


def current_folder() -> Path:
    """The folder the command runs in; raises SettingsError where someone has removed it."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        from ..engine.errors import SettingsError

        raise SettingsError("the folder that you are in is gone", "Change to one that is there.") from error
