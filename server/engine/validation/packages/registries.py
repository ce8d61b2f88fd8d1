"""Whether a registry has a package of some name, as the user's own client tells it: pip, or npm.

The client is started in an empty folder of ours, so that nothing of the judged one configures it, with a
name that can be nothing but a name. It installs, builds and runs nothing of a package.

A name that is there is remembered for good. One that is not may be registered later, and is asked about again
after an hour. What could not be found out is not remembered.
"""

import asyncio
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from ...journal import Journal
from ...types import SourceFile
from ..adapters.programs import on_path
from ..process import Tools, all_of, written
from ..types import ToolError, ToolMissing
from .declarations import Client, is_name
from .installed import stamps

_MOST_ASKED = 100
"""In one look; the others are asked about in the next one."""
_AT_ONCE = 4
_ANSWER_S = 15.0
_MOST_SILENCE = 3
"""After so many names without an answer there is no network, and the others are not tried."""
_PIP = ("--disable-pip-version-check", "--no-input", "--timeout", "10", "--retries", "0", "-vv")
_NPM = (
    *("--json", "--prefer-online", "--ignore-scripts", "--no-update-notifier", "--loglevel=silent"),
    *("--logs-max=0", "--fetch-retries=0", "--fetch-timeout=10000"),
)
_NAME = "<name>"
_NOT_NPMS = frozenset({"npm_config_local_prefix", "npm_config_prefix", "init_cwd"})
"""What `npm run` tells its children: the folder that it was started in."""
Fate = Literal["there", "missing", "unknown"]


@dataclass
class Answers:
    """What is known of some names."""

    missing: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    why: str = ""
    """Why something is unknown."""


class Registries:
    """Asks and remembers. From `root`, the judged folder, no client is taken."""

    def __init__(self, journal: Journal, root: str = "") -> None:
        self._journal = journal
        self._root = root

    @property
    def moment(self) -> list[str | int]:
        """What answers hold for: the registries that the clients ask, and this hour. Reads the disk."""
        return [_marks(), _hour()]

    async def look_up(self, client: Client, names: Sequence[str], tools: Tools, seconds: float) -> Answers:
        """Within about `seconds`, all of it together. Raises ToolMissing if there is no such client."""
        names = [name for name in dict.fromkeys(names) if is_name(client, name)]
        marks = await asyncio.to_thread(_marks)
        fates = await self._remembered(client, names, marks)
        waiting = [name for name in names if name not in fates]
        answers = Answers()
        if waiting:
            asked = waiting[:_MOST_ASKED]
            if len(asked) < len(waiting):
                answers.why = f"no more than {_MOST_ASKED} names are asked about at once"
            answers.why = await self._ask_all(client, asked, marks, fates, tools, seconds) or answers.why
        answers.missing = {name for name in names if fates.get(name) == "missing"}
        answers.unknown = {name for name in names if fates.get(name, "unknown") == "unknown"}
        return answers

    async def _ask_all(
        self,
        client: Client,
        names: Sequence[str],
        marks: str,
        fates: dict[str, Fate],
        tools: Tools,
        seconds: float,
    ) -> str:
        """Puts what comes into `fates`; returns why something did not. Who keeps silent is asked no more."""
        command, environ = await asyncio.to_thread(_command, client, self._root)
        silent: list[str] = []
        turn = asyncio.Semaphore(_AT_ONCE)  # those who wait see what became of those before them

        async def ask(name: str, folder: Path) -> None:
            line = [name if word == _NAME else word for word in command]
            async with turn:
                if len(silent) >= _MOST_SILENCE:
                    return
                try:
                    done = await tools.run(line, cwd=folder, seconds=_ANSWER_S, env=environ)
                except ToolError as error:
                    silent.append(error.cause)
                    return
            fate = _fate(client, name, done.code, done.stdout)
            if fate == "unknown":
                silent.append(f"the registry of {client} did not tell")
            else:
                fates[name] = fate
                await self._journal.put(f"registry.{client}", _key(marks, name, fate), fate)

        try:
            async with asyncio.timeout(seconds), written(_folder_of(client)) as folder:
                await all_of([ask(name, folder) for name in names])
        except TimeoutError:
            return f"{client} had no more time to ask about them"
        return silent[0] if silent else ""

    async def _remembered(self, client: Client, names: Sequence[str], marks: str) -> dict[str, Fate]:
        keys = [_key(marks, name, fate) for name in names for fate in ("there", "missing")]
        found = await self._journal.get_many(f"registry.{client}", keys)
        fates: dict[str, Fate] = {}
        for name, there, missing in zip(names, found[::2], found[1::2], strict=True):
            if there or missing:
                fates[name] = "there" if there else "missing"
        return fates


def _key(marks: str, name: str, fate: str) -> list[str | int]:
    return [marks, name, fate, *([_hour()] if fate == "missing" else [])]


def _hour() -> int:
    return int(time.time() // 3600)


def _marks() -> str:
    """Of the environment, and of the files, that say which registries the clients ask; other answers belong
    to others."""
    said = sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.lower().startswith(("pip_", "npm_config_")) and name.lower() not in _NOT_NPMS
    )
    said += map(str, stamps(_configuring()))
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _configuring() -> list[Path]:
    """The user's and the machine's, wherever pip and npm may look for them on any system."""
    environ = {name.lower(): value for name, value in os.environ.items()}
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - never fails
    given = ("pip_config_file", "npm_config_userconfig", "npm_config_globalconfig")
    shared = (environ.get("xdg_config_dirs") or "/etc/xdg").split(os.pathsep)
    named = [environ[name] for name in ("appdata", "programdata", "xdg_config_home") if environ.get(name)]
    folders = [
        *(Path(one, "pip") for one in (*shared, *named)),
        *(home / one for one in (".pip", "pip", ".config/pip", "Library/Application Support/pip")),
        *(Path("/etc"), Path("/Library/Application Support/pip"), Path(sys.prefix)),
    ]
    node = shutil.which("node")
    prefixes = [Path(node).resolve().parent.parent] if node else []
    return [
        *(Path(environ[name]) for name in given if environ.get(name)),
        *(folder / name for folder in folders for name in ("pip.conf", "pip.ini")),
        *(home / ".npmrc", Path("/etc/npmrc"), *(prefix / "etc/npmrc" for prefix in prefixes)),
    ]


def _folder_of(client: Client) -> tuple[SourceFile, ...]:
    """npm looks for a project from where it stands upwards: here it finds one that says nothing."""
    return (SourceFile(path="package.json", text="{}"),) if client == "npm" else ()


def _command(client: Client, root: str) -> tuple[list[str], Mapping[str, str]]:
    """With a mark in the place of the name. The environment is the user's: proxies, certificates."""
    environ = {name: value for name, value in os.environ.items() if name.lower() not in _NOT_NPMS}
    if client == "pip":
        if find_spec("pip") is None:
            raise ToolMissing("pip is not installed beside QuantumLayer.", "Run python -m ensurepip.")
        return [sys.executable, "-I", "-m", "pip", "index", "versions", _NAME, *_PIP], environ
    npm, node = on_path("npm", root), on_path("node", root)
    if npm is None or node is None:
        raise ToolMissing("npm is not on the PATH.", "Install Node.js with npm.")
    places = [str(Path(node).parent), str(Path(npm).parent), os.defpath]
    return [npm, "view", _NAME, "name", *_NPM], {**environ, "PATH": os.pathsep.join(places)}


def _fate(client: Client, name: str, code: int, said: str) -> Fate:
    if code == 0:  # npm says nothing of a name whose versions were all taken back; it was not invented
        return "there"
    if client == "pip":
        from ...sandbox.pip_errors import existence

        return existence(said, name)
    try:
        told = json.loads(said)
    except ValueError:
        return "unknown"
    error = told.get("error") if isinstance(told, dict) else None
    return "missing" if isinstance(error, dict) and error.get("code") == "E404" else "unknown"
