"""TypeScript's own checker, from version 7 a native program: the types of a project.

It comes through npm, so it is looked for where the user installed it, not in the judged folder. What a
folder's configuration says is not read: only the files to judge lie where it looks. They are named one by
one, for a pattern would leave out folders with a dot and one of `a.ts` and `a.tsx`; and they bear a suffix
without which nothing is imported, so that no import leads to another file of this machine.
"""

import asyncio
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, SourceFile, Stage
from ..process import Tools, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .programs import on_path

LANGUAGES = frozenset({"typescript"})
NEXT_STEP = "Install TypeScript 7 or newer for yourself: npm install -g typescript."
_OPTIONS = {
    "noEmit": True,
    "strict": True,
    # Packages are not here: what comes from them is `any`, and what follows from that is no mistake.
    "noImplicitAny": False,
    "useUnknownInCatchVariables": False,
    # Declarations of the project are judged, those of TypeScript itself are not.
    "skipDefaultLibCheck": True,
    "resolveJsonModule": False,
    "noUncheckedSideEffectImports": False,
    "target": "es2022",
    "lib": ["esnext", "dom", "dom.iterable"],
    "module": "preserve",
    "jsx": "preserve",
    "allowImportingTsExtensions": True,
    "experimentalDecorators": True,
    "types": [],
}
ABOUT_PACKAGES = frozenset(
    {2307, 2792, 2834, 2835, 5097, 7016, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2867, 2868}
    | {7026, 2875, 2688, 2686, 2503, 2669, 2664, 2732, 2882}
)
"""What it says where types of packages, of the platform or of a test runner are not there, or an import is
of no code: a style sheet, JSON."""
_AMBIENT = re.compile(r"Cannot find name '(expect|jest|vi|cy|global|Bun|Deno|chrome|JSX|NodeJS|React)'")
"""Names that packages make known everywhere."""
_MAYBE = frozenset({2531, 2532, 2533, 2721, 2722, 2723, 18046, 18047, 18048, 18049, 2564, 6133, 6196})
"""It may be null: who switched the strict options off has decided so."""
_LINE = re.compile(r"^(?P<path>.+?)\((?P<line>\d+),(?P<column>\d+)\): error TS(?P<code>\d+): (?P<said>.*)$")
_SWITCHED_OFF = re.compile(r"@ts-nocheck\b")
_REFERENCE = re.compile(r"""///(?=\s*<reference\b(?!\s+lib\s*=\s*["'][\w.]+["']\s*/>))""")
"""Names another file by its place, or types of a package; those of TypeScript itself may be named."""
_SUFFIX = ".judged"
_ENDING = re.compile(r"(\.d)?\.[cm]?tsx?$")
_OURS = re.compile(re.escape(_SUFFIX) + r'(?="\))')
"""As in `typeof import("a.judged")`."""
_PACKAGE_DEPTH = 4
"""`node_modules/@typescript/native-preview/bin`: what lies further up is not npm's."""
_CONFIGURATION = "quantumlayer.tsconfig.json"
_PACKAGE = "package.json"
"""It is looked for from each file upwards, and says where imports with a `#` lead: here is one, so that none
above is read."""
_UNDONE = re.compile(rf"^({re.escape(_CONFIGURATION)}\(\d+,\d+\): )?error TS\d+: .*$", re.MULTILINE)
"""It could not do what it was asked to."""


def binary(root: str = "") -> str:
    """The native program behind the user's `tsc` or `tsgo`, never one below the judged `root`.

    Raises ToolMissing.
    """
    for program, package in (("tsc", "typescript"), ("tsgo", "native-preview")):
        if (shim := on_path(program, root)) and (native := _native(Path(shim), program, package)):
            return native
    raise ToolMissing("TypeScript's checker is not on the PATH.", NEXT_STEP)


def _native(shim: Path, program: str, package: str) -> str | None:
    """npm puts a script on the PATH, and the program in a package for the platform beside the script's."""
    real = shim.resolve()
    name = f"{program}.exe" if sys.platform == "win32" else program
    for folder in list(real.parents)[:_PACKAGE_DEPTH]:
        for scope in (folder / "@typescript", folder / "node_modules" / "@typescript"):
            found = sorted(scope.glob(f"{package}-*/lib/{name}"))
            if found:
                return str(found[0])
    return None


@dataclass(frozen=True)
class TypeScript:
    name: str = "typescript"
    stage: Stage = Stage.TYPES
    languages: frozenset[str] = LANGUAGES
    root: str = ""
    """The judged folder."""

    @property
    def rules(self) -> Any:
        return [_OPTIONS, sorted(ABOUT_PACKAGES), sorted(_MAYBE), 3]

    def version(self) -> str:
        return version_beside(Path(binary(self.root)))

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        files = [_judged(file) for file in project.files]
        options = {**_OPTIONS, "moduleSuffixes": [_SUFFIX]}
        configuration = {"compilerOptions": options, "files": [file.path for file in files]}
        async with written(files) as folder:
            (folder / _CONFIGURATION).write_text(json.dumps(configuration), encoding="utf-8")
            (folder / _PACKAGE).write_text("{}", encoding="utf-8")
            command = [binary(self.root), "--project", _CONFIGURATION, "--pretty", "false"]
            done = await tools.run(command, cwd=folder, seconds=around.seconds)
        undone = _UNDONE.search(done.stdout)
        if undone or done.code not in {0, 1, 2}:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit code {done.code}"]
            raise ToolError(f"TypeScript failed: {(undone[0] if undone else said[0])[:200]}")
        return await asyncio.to_thread(read, done.stdout.replace(f"{folder.as_posix()}/", ""), project)


def read(output: str, project: Project) -> list[Finding]:
    """What it said of the files as `_judged` names them, in the project's own names."""
    judged = {_written(file.path): file for file in project.files}
    lines: dict[str, list[str]] = {}
    found = []
    for line in output.splitlines():
        told = _LINE.match(line)
        file = judged.get(told["path"]) if told else None
        if not told or not file or (level := severity_of(int(told["code"]), told["said"])) is None:
            continue
        text = lines.setdefault(file.path, file.text.splitlines())
        row = int(told["line"])
        column = _column(text[row - 1] if row <= len(text) else "", int(told["column"]) - 1)
        rule, said = f"TS{told['code']}", _OURS.sub("", told["said"])
        found.append(finding(Stage.TYPES, "typescript", rule, level, file.path, said, start=(row, column)))
    return found


def severity_of(code: int, message: str, *, packages: bool = False) -> Severity | None:
    """None for what is not told: other stages do, or it follows from `packages` that are not here."""
    if code < 2000 or (not packages and (code in ABOUT_PACKAGES or _AMBIENT.search(message))):
        return None
    return Severity.WARNING if code in _MAYBE or code >= 6000 else Severity.ERROR


def version_beside(program: Path) -> str:
    """npm's packages say their version in a file."""
    try:
        told = json.loads((program.parent.parent / "package.json").read_text(encoding="utf-8"))
        return str(told["version"])
    except (OSError, ValueError, KeyError):
        return ""


def _judged(file: SourceFile) -> SourceFile:
    """At the same length: without the words that switch it off, and without references to other files."""
    text = _SWITCHED_OFF.sub("@ts-" + "x" * len("nocheck"), file.text)
    return SourceFile(path=_written(file.path), text=_REFERENCE.sub("//x", text))


def _written(path: str) -> str:
    return _ENDING.sub(lambda ending: f"{_SUFFIX}{ending[0]}", path)


def _column(line: str, units: int) -> int:
    """TypeScript counts UTF-16 code units."""
    return len(line.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "replace"))
