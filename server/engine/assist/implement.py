"""Implement: a stub, or a function that is drawn anew, gets a body that candidates are elected for.

Candidates are run against the user's examples and tests; where there are few, also against checks that a
model writes from the stub alone. If the best one fails what the user gave, all are drawn once more, and are
told what went wrong.
"""

import asyncio
from collections.abc import Sequence

from ..agents.checks import Check, wanted
from ..agents.helper import Piece, ask_for_code, earlier_failures, may_import
from ..agents.probes import probes_of
from ..events import PhaseStarted
from ..orchestrator.elect import PASSED
from ..python.body import answered, body_text, with_body, with_company
from ..python.hidden import HIDDEN, without_secrets
from ..python.outline import outline
from ..python.place import Place, function_at, with_pretended_body
from ..types import Help, SourceFile, Wish
from .checking import ENOUGH, about, ask_for_checks, bed_of, examples_of, only_about
from .desk import Desk, refused
from .evidence import evidence_of, sentence
from .judging import in_words, judge
from .trial import Trial, Version, hold

_TOKENS = 700
_ROUNDS = 2
_TOLD = 5


async def implement(desk: Desk, wish: Wish) -> Help:
    wish = wish.model_copy(update={"text": with_pretended_body(wish.text, wish.line)})
    place = function_at(wish.text, wish.line)
    if place is None:
        return refused(wish, "", "there is no function here")
    bed = bed_of(wish, wish.text)
    given = only_about(examples_of(bed, about(wish.text, place)), place)
    emptied = wish.text if place.is_stub else with_body(wish.text, place, "raise NotImplementedError\n")
    told: list[str] = []
    help_ = refused(wish, place.name, "")
    checks = given
    for round_number in range(_ROUNDS):
        desk.emit(PhaseStarted(phase="write", detail=place.name))
        draw = wish.draw * _ROUNDS + round_number
        if round_number == 0 and desk.sandbox is not None and len(given) + len(wish.tests) < ENOUGH:
            versions, more = await asyncio.gather(
                _drawn(desk, wish, place, told, draw), ask_for_checks(desk, wish, wish.text, place, bed)
            )
            known = {check.key for check in given}
            checks = (*given, *(check for check in only_about(more, place) if check.key not in known))
        else:
            versions = await _drawn(desk, wish, place, told, draw)
        usable, problems = versions
        if not usable:
            help_ = refused(wish, place.name, f"no candidate could be used: {problems[0]}")
            told = list(problems[:_TOLD])
            continue
        desk.emit(PhaseStarted(phase="test", detail=f"{len(usable)} candidates"))
        trial = await hold(desk, wish, usable, bed, checks, probes_of(checks), before=emptied)
        help_, told = await _chosen(desk, wish, place, usable, trial)
        if help_.text:
            return help_
    return help_


async def _drawn(
    desk: Desk, wish: Wish, place: Place, told: Sequence[str], draw: int
) -> tuple[list[Version], list[str]]:
    """Different versions of the file that can be read, and why others could not."""
    pieces = await ask_for_code(
        desk.gateway,
        "implement",
        path=wish.path,
        samples=desk.samples,
        max_tokens=desk.tokens(_TOKENS),
        draw=draw,
        outline=without_secrets(outline(wish.text, whole=("__init__", "__post_init__")).strip()),
        stub=about(wish.text, place).rstrip(),
        failures=earlier_failures(told),
        allowed=may_import(wish.packages),
    )
    found: dict[str, Version] = {}
    problems: dict[str, None] = {}
    for piece, made in zip(pieces, await _formatted(desk, place, pieces), strict=True):
        text = _placed(wish, place, piece, made) if made else ""
        if not text or text == wish.text:
            problems[piece.problem or f"the answer has no usable `{place.name}`"] = None
            continue
        copies = piece.copies + (found[text].copies if text in found else 0)
        found[text] = Version(text, piece.model, copies)
    return list(found.values()), list(problems)


async def _formatted(desk: Desk, place: Place, pieces: Sequence[Piece]) -> list[str]:
    """The bodies, at the margin, as ruff formats them; empty for answers without one."""
    bodies = []
    for piece in pieces:
        one = answered(piece.code, place.name)
        bodies.append(body_text(one) if one is not None and HIDDEN not in piece.code else "")
    files = [
        SourceFile(path=f"piece_{number}.py", text=f"def _():\n{_indented(body)}")
        for number, body in enumerate(bodies)
        if body and _has_plain_lines(body)
    ]
    done = {file.path: file.text for file in await desk.mesh.format(files)} if files else {}
    for number, body in enumerate(bodies):
        formatted = done.get(f"piece_{number}.py", "")
        if formatted.startswith("def _():\n"):
            bodies[number] = _dedented(formatted.partition("\n")[2]) or body
    return bodies


def _indented(body: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in body.splitlines(keepends=True))


def _dedented(body: str) -> str:
    return "".join(line[4:] if line.strip() else "\n" for line in body.splitlines(keepends=True))


def _has_plain_lines(body: str) -> bool:
    """A text of several lines would be moved with the code around it."""
    return '"""' not in body and "'''" not in body


def _placed(wish: Wish, place: Place, piece: Piece, body: str) -> str:
    one = answered(piece.code, place.name)
    if one is None or _says_nothing(body):
        return ""
    text = with_body(wish.text, place, body)
    others = {file.path: file.text for file in wish.files}
    return text and with_company(wish.text, text, place.name, one, others, wish.path, wish.packages)


def _says_nothing(body: str) -> bool:
    code = [line.strip() for line in body.splitlines() if line.strip() and not line.strip().startswith("#")]
    return not code or (len(code) == 1 and code[0] in {"pass", "...", "raise NotImplementedError"})


async def _chosen(
    desk: Desk, wish: Wish, place: Place, versions: Sequence[Version], trial: Trial
) -> tuple[Help, list[str]]:
    """The best version that fails nothing of the user's and brings no new error, else why there is none."""
    told: dict[str, None] = {}
    why = ""
    desk.emit(PhaseStarted(phase="validate", detail=place.name))
    for number in trial.order:
        if problems := _failed(trial, number):
            why = why or f"the best candidate fails {_counted(len(problems))}: {problems[0]}"
            told.update(dict.fromkeys(problems))
            continue
        judged = await judge(desk, wish, versions[number].text, place)
        if judged.wrong:
            said = in_words(judged.wrong[0])
            why = why or f"the mesh refused it: {said}"
            told[said] = None
            continue
        evidence = evidence_of(wish, place.name, versions, trial, number, judged)
        done = Help(
            task=wish.task,
            target=place.name,
            path=wish.path,
            text=versions[number].text,
            said=f"Implemented `{place.name}`: {sentence(evidence)}",
            written=(evidence,),
            sure=not trial.not_run and bool(evidence.checks_passed),
        )
        return done, []
    return refused(wish, place.name, why), list(told)[:_TOLD]


def _failed(trial: Trial, number: int) -> list[str]:
    """What the user asked for and this version does not do, in words."""
    checks = {check.name: check for check in trial.checks}
    wrong = [name for name in (*trial.anchored, *trial.tests) if trial.seen[number].get(name) != PASSED]
    return [_in_words(name, checks.get(name), trial.failures[number].get(name, "")) for name in wrong]


def _in_words(name: str, check: Check | None, seen: str) -> str:
    lines = seen.strip().splitlines()
    told = f" ({lines[0][:160]})" if lines else ""
    return f"{wanted(check) if check else f'the test {name} must pass'}{told}"


def _counted(number: int) -> str:
    return "one check of yours" if number == 1 else f"{number} checks of yours"
