"""rustfmt: Rust that is laid out as most Rust is.

Each file is handed over as a text, so that `mod` and `#[path]` lead to no other file.
"""

import contextlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...types import Finding, Severity, SourceFile, Stage
from ..packages.pinned import table, within
from ..process import Tools, all_of, environment, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .programs import is_below, users

NEXT_STEP = "Install Rust for yourself with rustup, and rustup component add rustfmt."
_PART = re.compile(r"^Diff in <stdin>(?::| at line )(?P<line>\d+):$")
_EDITIONS = ("2015", "2018", "2021", "2024")
_USUAL = "2021"


@dataclass(frozen=True)
class Rustfmt:
    """`root` is the judged folder, from which no program is taken."""

    name: str = "rustfmt"
    stage: Stage = Stage.STYLE
    languages: frozenset[str] = frozenset({"rust"})
    beside: frozenset[str] = frozenset({"Cargo.toml"})
    """It says which edition of the language the code is in."""
    rules: Any = 1
    root: str = ""

    def version(self) -> str:
        command = [binary(self.root), "--version"]
        try:
            told = subprocess.run(
                command,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=20,
                env=environment(),
                cwd=Path(command[0]).parent,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ToolError(f"rustfmt cannot be asked for its version: {error}", NEXT_STEP) from error
        return told.stdout.removeprefix("rustfmt ").strip().partition(" ")[0]

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """What does not parse is told by the syntax stage."""
        program = binary(self.root)
        heads = {file.path: file.text for file in project.files if file.path.endswith("Cargo.toml")}
        async with written(()) as folder:
            (folder / "rustfmt.toml").write_text("", encoding="utf-8")

            async def first_change(file: SourceFile) -> tuple[str, int] | None:
                edition = _edition(file.path, heads)
                command: list[str | Path] = [program, "--check", "--color=never", "--edition", edition]
                command += ["--config-path", folder]
                done = await tools.run(command, cwd=folder, seconds=around.seconds, stdin=file.text)
                if done.code not in {0, 1}:
                    raise ToolError(f"rustfmt failed: {done.complaint}")
                line = _first_change(done.stdout)
                return (file.path, line) if line else None

            files = [file for file in project.files if file.path.endswith(".rs")]
            found = await all_of([first_change(file) for file in files])
        said = "rustfmt, without a configuration, would lay this out otherwise"
        return [
            finding(self.stage, self.name, "format", Severity.HINT, path, said, start=(line, 0))
            for path, line in filter(None, found)
        ]


def binary(root: str = "") -> str:
    """The program itself. Raises ToolMissing.

    Where rustup put a doorkeeper on the PATH, that one is not asked: a `rust-toolchain.toml` in the folder it
    is started in, or above it, would tell it which program to run.
    """
    found = Path(users("rustfmt", NEXT_STEP, root))
    if not _is_doorkeeper(found):
        return str(found)
    home = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    name = os.environ.get("RUSTUP_TOOLCHAIN") or _usual(home)
    for folder in sorted(home.glob(f"toolchains/{name}*")) if name else ():
        program = folder / "bin" / found.name
        if program.is_file() and not is_below(program, root):
            return str(program)
    raise ToolMissing("rustfmt is not part of rustup's default toolchain.", NEXT_STEP)


def _is_doorkeeper(program: Path) -> bool:
    """rustup's own links are symbolic or hard ones, or copies where there are no links."""
    real = program.resolve()
    if real.name.startswith("rustup"):
        return True
    for folder in {program.parent, real.parent}:
        rustup = folder / f"rustup{program.suffix}"
        with contextlib.suppress(OSError):
            if rustup.samefile(program) or rustup.stat().st_size == program.stat().st_size:
                return True
    return False


def _usual(home: Path) -> str:
    try:
        return str(table((home / "settings.toml").read_text(encoding="utf-8")).get("default_toolchain") or "")
    except (OSError, ValueError):
        return ""


def _edition(path: str, heads: dict[str, str]) -> str:
    """As the nearest `Cargo.toml` says, or one above it that it inherits from."""
    for folder in PurePosixPath(path).parents:
        told = table(heads.get((folder / "Cargo.toml").as_posix(), ""))
        for package in (within(told, "package"), within(told, "workspace", "package")):
            if (edition := package.get("edition")) in _EDITIONS:
                return str(edition)
    return _USUAL


def _first_change(diff: str) -> int:
    """Counted from one; zero if there is none."""
    line = 0
    for text in diff.splitlines():
        if line and text.startswith(("-", "+")):
            return line
        if part := _PART.match(text):
            line = int(part["line"])
        elif line:
            line += 1
    return 0
