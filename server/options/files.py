"""Settings files: where they are, what they say, and on which line."""

import os
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from .problems import OptionsError, Problem

Table = dict[str, Any]
_WORKSPACE_FILE = "quantumlayer.toml"
_MAX_BYTES = 1024 * 1024


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's settings file, which need not exist; QUANTUMLAYER_CONFIG names another one."""
    if chosen := environ.get("QUANTUMLAYER_CONFIG"):
        return Path(chosen).expanduser()
    return platformdirs.user_config_path("quantumlayer") / "config.toml"


def workspace_file(workspace: Path) -> Path | None:
    """The nearest `quantumlayer.toml`, or `pyproject.toml` with our table, from `workspace` upwards.

    The search ends at the top of a git repository, so that a stranger's file above it has no say.
    """
    folder = workspace.expanduser().absolute()
    for place in (folder, *folder.parents):
        if _is_file(place / _WORKSPACE_FILE):
            return place / _WORKSPACE_FILE
        if _mentions_us(place / "pyproject.toml"):
            return place / "pyproject.toml"
        if os.path.exists(place / ".git"):  # noqa: PTH110
            return None
    return None


def settings_files(workspace: Path | None, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The files in effect, the one that wins last."""
    found = (user_file(environ), workspace_file(workspace) if workspace else None)
    return tuple(file for file in found if file is not None and _is_file(file))


def _is_file(path: Path) -> bool:
    """False, where `Path.is_file` raises, below a folder that we may not look into."""
    return os.path.isfile(path)  # noqa: PTH113


def read_table(file: Path) -> Table:
    """Our table of a settings file; raises OptionsError naming the file and line that is wrong."""
    document = _parse(file)
    if file.name != "pyproject.toml":
        return document
    table = document.get("tool", {})
    table = table.get("quantumlayer", {}) if isinstance(table, dict) else {}
    return table if isinstance(table, dict) else {"quantumlayer": table}


def find_line(file: Path, key: str) -> int:
    """The one-based line that sets `key` or the nearest table around it; 0 if there is none."""
    path = (*(("tool", "quantumlayer") if file.name == "pyproject.toml" else ()), *key.split("."))
    lines: dict[tuple[str, ...], int] = {}
    for names, line in _statements(file.read_text(encoding="utf-8-sig")):
        lines.setdefault(names, line)
    for length in range(len(path), 0, -1):
        if line := lines.get(path[:length], 0):
            return line
    return 0


def _parse(file: Path) -> Table:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise _broken(file, f"is larger than {_MAX_BYTES // 1024} KB")
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise _broken(file, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _broken(file, "is not UTF-8 text; save it as UTF-8", line) from error
    except tomllib.TOMLDecodeError as error:
        raise _broken(file, f"is not TOML: {error}", _line_of(str(error))) from error
    except RecursionError as error:
        raise _broken(file, "is nested too deeply") from error


def _broken(file: Path, what: str, line: int = 0) -> OptionsError:
    place = f"{file}:{line}" if line else str(file)
    problem = Problem(
        f"this settings file {what}", place, file=file, line=line, next_step="Correct the file."
    )
    return OptionsError([problem])


def _line_of(message: str) -> int:
    """The line that tomllib tells in words: `... (at line 3, column 5)`."""
    _, found, rest = message.rpartition("at line ")
    digits = rest.split(",")[0] if found else ""
    return int(digits) if digits.isdigit() else 0


def _mentions_us(pyproject: Path) -> bool:
    """Other people's `pyproject.toml` may be broken or odd; only one that names us is ours to judge."""
    try:
        if not pyproject.is_file() or pyproject.stat().st_size > _MAX_BYTES:
            return False
        content = pyproject.read_bytes()
    except OSError:
        return False
    if b"quantumlayer" not in content:
        return False
    try:
        tool = tomllib.loads(content.decode("utf-8-sig")).get("tool")
    except (ValueError, RecursionError):
        return b"[tool.quantumlayer" in content
    return isinstance(tool, dict) and "quantumlayer" in tool


def _statements(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each name a TOML document sets, and its line; the entries of an array of tables are numbered from 0.

    tomllib keeps no positions. A statement is the fewest lines that tomllib takes by themselves, so
    quoting, dotted keys, arrays and strings over several lines need no rules of their own here.
    """
    table: tuple[str, ...] = ()
    entries: Counter[tuple[str, ...]] = Counter()
    pending: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        pending.append(line)
        try:
            statement = tomllib.loads("\n".join(pending))
        except tomllib.TOMLDecodeError:
            continue
        start = number - len(pending) + 1
        header = pending[0].lstrip()
        pending = []
        for names in _names(statement):
            if header.startswith("["):
                table = names
                yield names, start
                if header.startswith("[["):
                    table = (*names, str(entries[names]))
                    entries[names] += 1
                    yield table, start
            else:
                yield (*table, *names), start


def _names(value: object) -> Iterator[tuple[str, ...]]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = value[0]
    if not isinstance(value, dict) or not value:
        yield ()
        return
    for key, inner in value.items():
        for rest in _names(inner):
            yield (key, *rest)
