"""What a workspace's file may not do.

It comes with a clone, from anyone, and is in effect before the user has read it. So it may choose among
what the user's own settings allow, and tighten; it may not send prompts or keys elsewhere, nor say where
we write, nor how generated programs are contained, nor raise a limit that protects money or the machine.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..settings import OffBelow

USER_ONLY = {
    "models.api_base": "it says which server gets your prompts and your key",
    "check.trusted": "it says whose settings may leave out security",
    "live.tests": "it says when the workspace's code is run",
    "validate.advisories": "it says which server is told what you depend on",
    "validate.registries": "it says which names your registries are asked about",
    "sandbox.engine": "it says how generated programs are contained",
    "sandbox.image": "it says what generated programs run in",
    "storage.data_dir": "it says where files are written",
    "storage.cache_dir": "it says where files are written",
    "storage.journal_days": "it says how long all your projects' results are kept",
    "storage.journal_mb": "it says how many of all your projects' results are kept",
}
LOWER_ONLY = frozenset(
    {
        "budget.usd",
        "budget.month_usd",
        "budget.tokens",
        "sandbox.memory_mb",
        "sandbox.cpus",
        "sandbox.pids",
        "sandbox.seconds",
        "sandbox.output_kb",
        "sandbox.work_mb",
    }
)
TRUSTED_ONLY = {
    "validate.max_file_kb": "it says which files nobody looks at, for what is dangerous in them neither",
    "validate.timeout_s": "it says how long is looked for what is dangerous",
}
_STAGES = frozenset({"validate.stages", "live.stages"})
_MODEL_KEYS = frozenset({"models.model", "models.fallbacks"})
# Some providers take a URL or a file in place of a model's name.
_PLAIN_MODEL = re.compile(r"(auto|embedded(/[\w.-]+)?|(?!embedded/)[\w.-]+(/[\w.@-]+)*(:[\w.-]+)?)", re.ASCII)


def refuse(key: str, value: Any, users: Any, *, trusted: bool) -> str:
    """Why a workspace's file may not set `key` to `value`, or nothing. `users` is the user's own value;
    `trusted`: whether the file is."""
    if key in USER_ONLY:
        return f"{key} may not be set by a workspace: {USER_ONLY[key]}"
    if key in TRUSTED_ONLY and not trusted:
        return f"{key} may not be set by a workspace that check.trusted does not name: {TRUSTED_ONLY[key]}"
    if key in LOWER_ONLY and value > users:
        return f"{key} = {value} is more than your own limit of {users}; a workspace may only lower it"
    if key in _MODEL_KEYS:
        for model in (value,) if isinstance(value, str) else value:
            if not _PLAIN_MODEL.fullmatch(model) or ".." in model:
                return f"{key} may only be a plain model name in a workspace's file, not {model!r}"
    return ""


def is_trusted(file: Path, trusted: Sequence[str]) -> bool:
    """Whether the user lets the settings in `file` leave out security."""
    place = file.parent.resolve()
    return any(place.is_relative_to(Path(folder).expanduser().resolve()) for folder in trusted)


def held_back(key: str, value: Any) -> Any:
    """What is left of a value in a workspace's file that is not trusted: a stranger's folder would be the
    first to say that nobody need look for what is dangerous in it."""
    if key == "check.off":
        return tuple(rule.model_copy(update={"theirs": True}) for rule in value if isinstance(rule, OffBelow))
    if key in _STAGES and "security" not in value:
        return (*value, "security")
    return value
