"""How long `quantumlayer validate` takes for a large workspace, beside the same tools run by hand.

    python benchmarks/workspace.py [--files 2000] [--runs 3] [--types] [--json FILE]

The workspace is the standard library's modules, copied under other names until there are enough, and tidied
by ruff (its fixes, its format), as the files of people are who use these tools. By hand the same tools are
run over all files, one after another: the compiler, the finders of omissions and of secrets, `ruff check` for
syntax, style and security, `ruff format --check`, and with --types mypy. Nothing is remembered there, as
nothing is with a fresh cache here. Each run is: by hand, cold, warm (nothing has changed), after an edit of
one file. Seconds on the clock, and of processor time: on a machine that others use too, the second is the
steadier one.

*engine* is the engine alone, in a process that has its modules loaded and the files read, as the language
server has.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import SourceFile, Stage
from quantumlayer.engine.validation.adapters import mypy, ruff
from quantumlayer.settings import Settings, StorageSettings
from rich.console import Console
from rich.table import Table

_LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "turtledemo", "ensurepip"}
_LARGEST = 64 * 1024
_READERS = Path(ruff.__file__).parent.parent / "source"
_COMPILE = (
    "import json, pathlib, subprocess, sys\n"
    "files = {str(p): p.read_text() for p in pathlib.Path('.').rglob('*.py')}\n"
    "more = {'syntax': {'languages': dict.fromkeys(files, 'python')}, 'omissions': {'tests': []},\n"
    "    'credentials': {'tests': [], 'obeyed': False}}\n"
    "request = json.dumps({'check': sys.argv[2], 'files': files, **more[sys.argv[2]]})\n"
    "subprocess.run([sys.executable, '-I', sys.argv[1]], input=request, text=True, stdout=-3, check=True)\n"
)
GOALS = {"cold": 1.2, "after an edit": 0.5}
Took = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--types", action="store_true", help="with mypy, which takes minutes")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "workspace")
        make(folder, options.files)
        stages = ["syntax", "style", "security", *(["types"] if options.types else [])]
        runs = [measure(folder, Path(place, f"home-{number}"), stages) for number in range(options.runs)]
    figures = {
        name: {
            kind: round(statistics.median(run[name][kind] for run in runs), 2) for kind in ("clock", "cpu")
        }
        for name in runs[0]
    }
    show(figures, options.files, stages)
    if options.json:
        options.json.write_text(json.dumps({"files": options.files, "stages": stages, **figures}, indent=2))


def make(folder: Path, count: int) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    found = [path for path in sorted(library.rglob("*.py")) if _usable(path, library)]
    for number in range(count):
        copy, which = divmod(number, len(found))
        target = folder / f"copy{copy}" / found[which].relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found[which], target)
    (folder / "pyproject.toml").write_text("[project]\nname = 'large'\nversion = '1'\n")
    for command in (*_ruff("E", "--fix", "--unsafe-fixes"), ["format", *_ALONE, "--line-length", "110", "."]):
        subprocess.run([ruff.binary(), *command], cwd=folder, capture_output=True, check=False)


def _usable(path: Path, library: Path) -> bool:
    if _LEFT_OUT & set(path.relative_to(library).parts) or path.stat().st_size > _LARGEST:
        return False
    try:
        return bool(path.read_text(encoding="utf-8").strip())
    except UnicodeDecodeError:
        return False


_ALONE = ("--isolated", "--no-cache", "--no-respect-gitignore", "--target-version", "py311")


def _ruff(kind: str, *more: str) -> list[list[str]]:
    rules = {
        "E9": ["E9"],
        "E": [ruff.STYLE_RULES, "--ignore", ruff.STYLE_IGNORED],
        "S": ["S", "--ignore-noqa"],
    }
    alone = (*_ALONE, "--line-length", "110", "--exit-zero", "--output-format", "json")
    return [["check", *alone, "--select", *rules[kind], *more, "."]]


def by_hand(stages: Sequence[str]) -> list[list[str]]:
    """The tools as somebody would type them."""
    python = sys.executable
    checks = [[ruff.binary(), *command] for kind in ("E9", "E", "S") for command in _ruff(kind)]
    form = [ruff.binary(), "format", *_ALONE, "--line-length", "110", "--check", "--output-format=json", "."]
    own = ("syntax", "omissions", "credentials")
    readers = [[python, "-c", _COMPILE, str(_READERS), check] for check in own]
    types = [
        [python, "-m", "mypy", *mypy.OPTIONS, "--python-version", "3.11", "--cache-dir", os.devnull, "."]
    ]
    return [*readers, *checks, form, *(types if "types" in stages else [])]


def measure(folder: Path, home: Path, stages: Sequence[str]) -> dict[str, Took]:
    environ = os.environ | {
        "QUANTUMLAYER_DATA_DIR": str(home / "data"),
        "QUANTUMLAYER_CACHE_DIR": str(home / "cache"),
        "QUANTUMLAYER_VALIDATE__TIMEOUT_S": "600",
        "MYPYPATH": str(folder),
    }
    ours = [sys.executable, "-m", "quantumlayer", "validate", ".", "--stages", ",".join(stages)]

    def validate() -> None:
        subprocess.run(ours, cwd=folder, env=environ, capture_output=True, check=False)

    def hand() -> None:
        for command in by_hand(stages):
            # What finds something may end with 1; a reader that does was not asked as it wants to be.
            subprocess.run(command, cwd=folder, env=environ, capture_output=True, check="-c" in command)

    took = {"by hand": timed(hand), "cold": timed(validate), "warm": timed(validate)}
    _edit(folder, 1)
    took["after an edit"] = timed(validate)
    return took | asyncio.run(engine_alone(folder, home, stages))


async def engine_alone(folder: Path, home: Path, stages: Sequence[str]) -> dict[str, Took]:
    storage = StorageSettings(data_dir=home / "data", cache_dir=home / "cache")
    wanted = [Stage(name) for name in stages]
    async with Engine(Settings(storage=storage)) as engine:
        await engine.validate(_read(folder), wanted)
        _edit(folder, 2)
        files = _read(folder)
        began, used = time.perf_counter(), _used()
        await engine.validate(files, wanted)
        return {"engine, after an edit": {"clock": time.perf_counter() - began, "cpu": _used() - used}}


def _read(folder: Path) -> list[SourceFile]:
    return [
        SourceFile(path=path.relative_to(folder).as_posix(), text=path.read_text())
        for path in sorted(folder.rglob("*.py"))
    ]


def _edit(folder: Path, number: int) -> None:
    file = folder / "copy0" / "abc.py"
    file.write_text(file.read_text() + f"EDITED_{number} = {time.time_ns()}\n")


def timed(work: Callable[[], None]) -> Took:
    began, used = time.perf_counter(), _used()
    work()
    return {"clock": time.perf_counter() - began, "cpu": _used() - used}


def _used() -> float:
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def show(figures: dict[str, Took], files: int, stages: Sequence[str]) -> None:
    table = Table(title=f"{files} files, {', '.join(stages)}; seconds")
    for heading in ("", "clock", "cpu", "clock / by hand", "cpu / by hand"):
        table.add_column(heading, justify="right" if heading else "left")
    hand = figures["by hand"]
    for name, took in figures.items():
        ratios = [f"{took[kind] / hand[kind]:.2f}" for kind in ("clock", "cpu")]
        table.add_row(name, f"{took['clock']:.2f}", f"{took['cpu']:.2f}", *ratios)
    Console().print(table)
    Console().print(
        f"Goals: cold within {GOALS['cold']} x by hand; after an edit {GOALS['after an edit']} s."
    )


if __name__ == "__main__":
    main()
