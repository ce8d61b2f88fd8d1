"""Options: what users wrote. Settings: what the code reads. This package turns the first into the second.

Later layers win: defaults, the user's file, the workspace's file, environment, editor, flags. Every
key and value is checked where it was written, so that a mistake is reported with its file and line,
and all mistakes at once. A workspace's file comes with a clone, from anyone: it may choose, but it may
not point at other servers or folders, nor loosen a limit (`trust.py`).
"""

from .edit import set_user_option
from .files import settings_files, user_file
from .problems import OptionsError, Problem
from .resolve import Explained, explain_settings, load_settings

__all__ = [
    "Explained",
    "OptionsError",
    "Problem",
    "explain_settings",
    "load_settings",
    "set_user_option",
    "settings_files",
    "user_file",
]
