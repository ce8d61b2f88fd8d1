"""From a comment: a comment that stands alone becomes the code that it asks for, below it.

Candidates may name and shape what they define as they like; those that define what most of them define are
compared, against examples in the comment and checks that a model writes for the commonest head.
"""

import ast
from collections import Counter
from collections.abc import Sequence

from ..agents.checks import Check
from ..agents.helper import Piece, ask_for_code, earlier_failures, may_import
from ..agents.probes import probes_of
from ..events import PhaseStarted
from ..orchestrator.elect import PASSED
from ..python.body import with_lines
from ..python.hidden import HIDDEN, without_secrets
from ..python.outline import outline, public_names
from ..python.place import Place, comment_at, comment_text, function_named, line_end, split
from ..python.syntax import is_guard, parsed
from ..types import Help, SourceFile, Wish
from .checking import about, ask_for_checks, bed_of, examples_of, only_about
from .desk import Desk, refused
from .evidence import evidence_of, sentence
from .judging import in_words, judge
from .trial import Version, hold

_TOKENS = 900
_ROUNDS = 2
_Import = ast.Import | ast.ImportFrom


async def from_comment(desk: Desk, wish: Wish) -> Help:
    span = comment_at(wish.text, wish.line)
    if span is None:
        return refused(wish, "", "there is no comment here that stands alone and asks for something")
    why, told = "", list[str]()
    for round_number in range(_ROUNDS):
        desk.emit(PhaseStarted(phase="write", detail="from the comment"))
        versions, problem = await _drawn(desk, wish, span, told, wish.draw * _ROUNDS + round_number)
        if not versions:
            why = why or f"no candidate could be used: {problem}"
            told = [problem]
            continue
        help_, refusal = await _elected(desk, wish, span, versions)
        if help_ is not None:
            return help_
        why = why or refusal
        told = [refusal]
    return refused(wish, "", why)


async def _elected(
    desk: Desk, wish: Wish, span: tuple[int, int], versions: Sequence[Version]
) -> tuple[Help | None, str]:
    name = _first_function(wish, versions[0].text)
    place = function_named(versions[0].text, name) if name else None
    checks = await _checks(desk, wish, span, versions[0].text, place)
    desk.emit(PhaseStarted(phase="test", detail=f"{len(versions)} candidates"))
    bed = bed_of(wish, versions[0].text)
    trial = await hold(desk, wish, versions, bed, checks, probes_of(checks))
    desk.emit(PhaseStarted(phase="validate"))
    why = ""
    for number in trial.order:
        wrong = [one for one in trial.anchored if trial.seen[number].get(one) != PASSED]
        if wrong:
            why = why or f"the best candidate fails {len(wrong)} of the comment's own examples"
            continue
        judged = await judge(desk, wish, versions[number].text)
        if judged.wrong:
            why = why or f"the mesh refused it: {in_words(judged.wrong[0])}"
            continue
        evidence = evidence_of(wish, name, versions, trial, number, judged)
        made = ", ".join(f"`{one}`" for one in _new_names(wish, versions[number].text)) or "code"
        done = Help(
            task=wish.task,
            target=name,
            path=wish.path,
            text=versions[number].text,
            said=f"Wrote {made} from the comment: {sentence(evidence)}",
            written=(evidence,) if evidence.sha256 else (),
            sure=not trial.not_run and bool(evidence.checks_passed),
        )
        return done, ""
    return None, why


async def _checks(
    desk: Desk, wish: Wish, span: tuple[int, int], text: str, place: Place | None
) -> tuple[Check, ...]:
    if place is None:
        return ()
    bed = bed_of(wish, text)
    words = without_secrets(comment_text(split(wish.text)[span[0] : span[1]]))
    given = only_about(examples_of(bed, f"{words}\n\n{about(text, place)}"), place)
    if desk.sandbox is None:
        return given
    asked = only_about(await ask_for_checks(desk, wish, text, place, bed), place)
    known = {check.key for check in given}
    return (*given, *(check for check in asked if check.key not in known))


async def _drawn(
    desk: Desk, wish: Wish, span: tuple[int, int], told: Sequence[str], draw: int
) -> tuple[list[Version], str]:
    lines = split(wish.text)
    pieces = await ask_for_code(
        desk.gateway,
        "comment",
        path=wish.path,
        samples=desk.samples,
        max_tokens=desk.tokens(_TOKENS),
        draw=draw,
        # What stands below the comment would be taken for what it is about.
        outline=without_secrets(outline("".join(lines[: span[0]])).strip()) or "# nothing yet",
        comment=without_secrets("".join(lines[span[0] : span[1]])).rstrip(),
        failures=earlier_failures(told),
        allowed=may_import(wish.packages),
    )
    found: dict[str, Version] = {}
    problem = ""
    for piece, code in zip(pieces, await _formatted(desk, pieces), strict=True):
        text = _placed(wish, span, code) if code else ""
        if not text:
            problem = problem or piece.problem or "it defines nothing new"
            continue
        copies = piece.copies + (found[text].copies if text in found else 0)
        found[text] = Version(text, piece.model, copies)
    return _alike(wish, list(found.values())), problem


async def _formatted(desk: Desk, pieces: Sequence[Piece]) -> list[str]:
    codes = [piece.code if parsed(piece.code) and HIDDEN not in piece.code else "" for piece in pieces]
    files = [SourceFile(path=f"piece_{i}.py", text=code) for i, code in enumerate(codes) if code]
    done = {file.path: file.text for file in await desk.mesh.format(files)} if files else {}
    return [done.get(f"piece_{number}.py", "") for number in range(len(codes))]


def _placed(wish: Wish, span: tuple[int, int], code: str) -> str:
    tree, theirs = parsed(code), parsed(wish.text)
    if tree is None or theirs is None:
        return ""
    taken = set(public_names(wish.text))
    body = [
        node
        for node in tree.body
        if not isinstance(node, _Import) and not is_guard(node) and getattr(node, "name", "") not in taken
    ]
    if not body:
        return ""
    lines, rows, end = split(wish.text), split(code), line_end(wish.text)
    source = "".join(_lines(rows, node, before) for node, before in zip(body, [None, *body], strict=False))
    block = [f"{row}{end}" if row.strip() else end for row in source.rstrip().split("\n")]
    top = lines[: span[1]]
    if not top[-1].endswith(("\n", "\r")):
        top[-1] += end
    rest = lines[span[1] :]
    behind = [end, end] if rest and any(row.strip() for row in rest) and not _starts_empty(rest) else []
    text = "".join([*top, *block, *behind, *rest])
    present = {ast.unparse(node) for node in theirs.body if isinstance(node, _Import)}
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, _Import)]
    return with_lines(text, [line for line in imports if line not in present])


def _starts_empty(rest: list[str]) -> bool:
    return not "".join(rest[:2]).strip()


def _lines(rows: list[str], node: ast.stmt, before: ast.stmt | None) -> str:
    """A statement's source, with the empty lines that stand above it."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) - 1
    start = first
    while before is not None and start and not rows[start - 1].strip():
        start -= 1
    return "".join(rows[start : node.end_lineno])


def _alike(wish: Wish, versions: list[Version]) -> list[Version]:
    """Those that define what most define, and the commonest first."""
    counted: Counter[str] = Counter()
    for one in versions:
        counted[_first_function(wish, one.text)] += one.copies
    if not counted:
        return []
    name = counted.most_common(1)[0][0]
    kept = [one for one in versions if _first_function(wish, one.text) == name]
    return sorted(kept, key=lambda one: -one.copies)


def _new_names(wish: Wish, text: str) -> tuple[str, ...]:
    known = set(public_names(wish.text))
    return tuple(name for name in public_names(text) if name not in known)


def _first_function(wish: Wish, text: str) -> str:
    return next((name for name in _new_names(wish, text) if function_named(text, name)), "")
