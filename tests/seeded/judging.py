"""What the mesh makes of seeded defects, and of the files that they were made of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from quantumlayer.engine.types import Finding, Severity, SourceFile, StageResult
from quantumlayer.engine.types import Stage as Judging
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.types import Project

from .defects import Defect, Language

TOLD = (Severity.ERROR, Severity.WARNING)
"""What counts as found; hints and infos are remarks."""


@dataclass
class Judged:
    """One stage of one language. Where no tool knows the language, nothing is missed: it is not checked."""

    language: str
    stage: str
    reason: str = ""
    found: list[Defect] = field(default_factory=list)
    missed: list[Defect] = field(default_factory=list)
    unchecked: list[Defect] = field(default_factory=list)
    errors_on_originals: list[Finding] = field(default_factory=list)
    warnings_on_originals: list[Finding] = field(default_factory=list)


async def judge(mesh: Mesh, language: Language, stage: str, defects: Sequence[Defect]) -> Judged:
    """All of them as one project, each in a folder of its own, so that no tool starts more than once."""
    before = await _look(mesh, language.originals.items(), stage)
    told = Judged(language.name, stage)
    told.errors_on_originals = [one for one in before.findings if one.severity is Severity.ERROR]
    told.warnings_on_originals = [one for one in before.findings if one.severity is Severity.WARNING]
    noise = await _noise(mesh, language, stage, before)
    after = await _look(mesh, ((one.path, one.text) for one in defects), stage)
    told.reason = after.reason
    lost = told.missed if _is_checked(after) else told.unchecked
    known = Counter((one.path, *_what(one)) for one in before.findings if one.severity in TOLD)
    for defect in defects:
        here = Counter(
            _what(one)
            for one in after.findings
            if one.path == defect.path and one.severity in TOLD and one.rule not in noise
        )
        is_new = any(count > known[(defect.original, *what)] for what, count in here.items())
        (told.found if is_new else lost).append(defect)
    return told


async def _noise(mesh: Mesh, language: Language, stage: str, before: StageResult) -> set[str]:
    """The rules that tell of harmless code where defects are added."""
    if not language.harmless:
        return set()
    known = {(one.path, *_what(one)) for one in before.findings}
    plain = await _look(mesh, language.control().items(), stage)
    return {one.rule for one in plain.findings if (one.path, *_what(one)) not in known}


async def _look(mesh: Mesh, files: Iterable[tuple[str, str]], stage: str) -> StageResult:
    project = Project.of(SourceFile(path=path, text=text) for path, text in files)
    (result,) = await mesh.check(project, (Judging(stage),))
    return result


def _what(found: Finding) -> tuple[str, str]:
    return found.rule, found.message


def _is_checked(result: StageResult) -> bool:
    """Whether a tool that knows the language ran. One for every language (secrets) does not make it so.

    A tool that is there and failed found nothing: that is missed.
    """
    return "no tool for" not in result.reason
