"""Tests: what a function is for is asked of its docstring and of a model that does not see the code; only
where that gives next to nothing, of one that does.

A test is taken only if it passes on the code and fails once the function is empty: what passes whatever the
function does tests nothing. Examples in the docstring that fail are told, and are no tests: either they or
the code is wrong, and that is for the user to say.
"""

import ast
import asyncio
from collections.abc import Sequence

from ..agents.checks import Check, TestBed, tests_for_people, wanted
from ..errors import SandboxError
from ..events import PhaseStarted
from ..orchestrator.elect import PASSED
from ..python.body import with_body
from ..python.place import Place, function_at, split
from ..python.syntax import parsed
from ..types import Help, SourceFile, Wish
from .checking import about, ask_for_checks, bed_of, examples_of, only_about
from .desk import Desk, refused
from .judging import in_words, judge
from .trial import Version, hold

_MOST = 10
_ENOUGH = 2
"""With fewer the model is asked once more, and sees the code."""
_SECONDS = 30.0
_EMPTY = "return None\n"


async def write_tests(desk: Desk, wish: Wish) -> Help:
    place = function_at(wish.text, wish.line)
    if place is None or place.is_stub:
        return refused(wish, place.name if place else "", "there is no function with code here")
    if desk.sandbox is None:
        return refused(wish, place.name, f"tests that were not run are not offered, and {desk.no_sandbox}")
    bed = bed_of(wish, wish.text)
    checks: tuple[Check, ...] = examples_of(bed, about(wish.text, place))
    passing: list[Check] = []
    kept: list[Check] = []
    for whole in (False, True):
        desk.emit(PhaseStarted(phase="write", detail=f"tests of {place.name}"))
        asked = await ask_for_checks(desk, wish, wish.text, place, bed, whole=whole)
        known = {one.key: one for one in (*asked, *checks)}
        checks = only_about(tuple(known.values()), place)
        if not checks:
            continue
        desk.emit(PhaseStarted(phase="test", detail=f"{len(checks)} tests"))
        passing, kept, not_run = await _tried(desk, wish, place, bed, checks)
        if not_run:
            return refused(wish, place.name, f"the tests could not be run: {not_run}")
        if len(kept) >= _ENOUGH:
            break
    if not checks:
        return refused(wish, place.name, "the model wrote no test that could be read")
    wrong = [one for one in checks if one.anchored and one not in passing]
    kept = kept[:_MOST]
    if not kept:
        return refused(
            wish, place.name, f"none of {len(checks)} tests passes and says something{_told(wrong)}"
        )
    text = await _written(desk, wish, tests_for_people(bed, kept))
    if problem := await _problem(desk, wish, text):
        return refused(wish, place.name, f"the tests cannot be put into {wish.test_file}: {problem}")
    said = f"{len(kept)} of {len(checks)} tests pass, and fail once the function is empty{_told(wrong)}"
    return Help(
        task=wish.task,
        target=place.name,
        path=wish.test_file,
        text=text,
        said=f"Tests for `{place.name}` in {wish.test_file}: {said}.",
        sure=True,
    )


async def _tried(
    desk: Desk, wish: Wish, place: Place, bed: TestBed, checks: Sequence[Check]
) -> tuple[list[Check], list[Check], str]:
    """Which pass, which of them fail once the function is empty, and why nothing could be run."""
    hollow = with_body(wish.text, place, _EMPTY)
    versions = [Version(wish.text, ""), *([Version(hollow, "")] if hollow else [])]
    trial = await hold(desk, wish.model_copy(update={"tests": ()}), versions, bed, checks)
    if trial.not_run:
        return [], [], trial.not_run
    passing = [one for one in checks if trial.seen[0].get(one.name) == PASSED]
    kept = [one for one in passing if not hollow or trial.seen[1].get(one.name) != PASSED]
    return passing, kept, ""


def _told(wrong: list[Check]) -> str:
    if not wrong:
        return ""
    return f"; {len(wrong)} of your own examples fail, such as {wanted(wrong[0])}"


async def _written(desk: Desk, wish: Wish, module: str) -> str:
    """The file of tests with these, formatted, behind those that it has."""
    (fresh,) = await desk.mesh.format((SourceFile(path="test_fresh.py", text=module),))
    there = next((file.text for file in wish.files if file.path == wish.test_file), "")
    if not there.strip():
        return fresh.text
    return await asyncio.to_thread(joined, there, fresh.text)


def joined(there: str, fresh: str) -> str:
    """Both in one file: imports that are missing above, functions below, under names that are free."""
    old, new = parsed(there), parsed(fresh)
    if old is None or new is None:
        return ""
    taken = {node.name for node in old.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    present = {ast.unparse(node) for node in old.body}
    lines = split(fresh)
    lead, parts = [], []
    for node in new.body:
        if isinstance(node, ast.FunctionDef):
            source = "".join(lines[node.lineno - 1 : node.end_lineno]).rstrip()
            name, number = node.name, 1
            while name in taken:
                number += 1
                name = f"{node.name.rpartition('_')[0]}_{number}"
            taken.add(name)
            parts.append(source.replace(f"def {node.name}(", f"def {name}(", 1))
        elif ast.unparse(node) not in present:
            lead.append(ast.unparse(node))
    imports = [node.end_lineno or 0 for node in old.body if isinstance(node, ast.Import | ast.ImportFrom)]
    rows = there.rstrip().split("\n")
    at = max(imports, default=0)
    return "\n".join([*rows[:at], *lead, *rows[at:]]) + "\n\n\n" + "\n\n\n".join(parts) + "\n"


async def _problem(desk: Desk, wish: Wish, text: str) -> str:
    """Why the whole file of tests would not do; empty if it runs and nothing is wrong with it."""
    if not text:
        return "it cannot be read"
    others = [file for file in wish.files if file.path != wish.test_file]
    base = [*others, SourceFile(path=wish.path, text=wish.text)]
    old = next((file.text for file in wish.files if file.path == wish.test_file), "")
    as_file = wish.model_copy(update={"path": wish.test_file, "text": old, "files": tuple(base), "tests": ()})
    judged = await judge(desk, as_file, text)
    if judged.wrong:
        return in_words(judged.wrong[0])
    try:
        before, after = await desk.mesh.run_variants(
            base,
            [(SourceFile(path=wish.test_file, text=one),) for one in (old, text)],
            wish.packages,
            seconds=min(_SECONDS, desk.settings.sandbox.seconds),
            tests=[wish.test_file],
        )
    except SandboxError as error:
        return error.cause
    known = {test.id for test in before.tests if test.outcome != "passed"}
    lost = [test for test in after.tests if test.outcome != "passed" and test.id not in known]
    return f"{lost[0].id} does not pass" if lost else after.problem
