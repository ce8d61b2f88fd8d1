"""Mend: a function, or a statement at the top level, is written again so that findings in it go away.

A version counts only if the findings are gone, nothing new is wrong, its name and parameters are the same,
and everything passes that passed before.
"""

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from ...redaction import redact
from ..agents.checks import Check
from ..agents.helper import Piece, ask_for_code, may_import
from ..agents.probes import probes_of
from ..events import PhaseStarted
from ..orchestrator.elect import PASSED
from ..python.body import answered, with_lines
from ..python.hidden import HIDDEN, secrets_in, without_secrets
from ..python.outline import outline
from ..python.place import Function, Place, function_at, line_end, split, statement_at
from ..python.syntax import parsed
from ..types import Finding, Help, Wish
from .checking import about, ask_for_checks, bed_of, examples_of, only_about
from .desk import Desk, refused
from .evidence import evidence_of, sentence
from .judging import in_words, judge
from .trial import Trial, Version, hold

_TOKENS = 900
_MOST_FINDINGS = 4
_ROUNDS = 2


@dataclass(frozen=True)
class Part:
    """Lines of the file, counted from zero, and the function that they are, if they are one."""

    first: int
    end: int
    place: Place | None


async def mend(desk: Desk, wish: Wish) -> Help:
    part = _part(wish)
    name = part.place.name if part and part.place else ""
    if part is None or not wish.findings:
        return refused(wish, name, "there is no finding here that could be mended")
    why = ""
    for round_number in range(_ROUNDS):
        desk.emit(PhaseStarted(phase="write", detail=name or f"line {wish.line + 1}"))
        versions, problem = await _drawn(desk, wish, part, wish.draw * _ROUNDS + round_number)
        if not versions:
            why = why or f"no candidate could be used: {problem}"
            continue
        desk.emit(PhaseStarted(phase="test", detail=f"{len(versions)} candidates"))
        trial = await _tried(desk, wish, part, versions)
        desk.emit(PhaseStarted(phase="validate", detail=name))
        for number in trial.order:
            if lost := _lost(trial, number):
                why = why or f"the best candidate breaks {lost}"
                continue
            judged = await judge(desk, wish, versions[number].text)
            left = [one for one in wish.findings if not any(_is_same(one, gone) for gone in judged.gone)]
            if judged.wrong or left:
                what = (
                    f"brings {in_words(judged.wrong[0])}" if judged.wrong else f"leaves {in_words(left[0])}"
                )
                why = why or f"the best candidate {what}"
                continue
            evidence = evidence_of(wish, name, versions, trial, number, judged)
            gone = ", ".join(dict.fromkeys(one.rule for one in wish.findings))
            verb = "Hardened" if wish.task == "harden" else "Mended"
            return Help(
                task=wish.task,
                target=name,
                path=wish.path,
                text=versions[number].text,
                said=f"{verb} {f'`{name}`' if name else 'this'}: {gone} gone; {sentence(evidence)}",
                written=(evidence,) if name else (),
                sure=bool(evidence.checks_passed),
            )
    return refused(wish, name, why)


def _part(wish: Wish) -> Part | None:
    if (place := function_at(wish.text, wish.line)) is not None:
        return Part(place.first, place.end, place)
    span = statement_at(wish.text, wish.line)
    return Part(*span, None) if span else None


async def _drawn(desk: Desk, wish: Wish, part: Part, draw: int) -> tuple[list[Version], str]:
    lines = split(wish.text)
    code = textwrap.dedent("".join(lines[part.first : part.end]))
    pieces = await ask_for_code(
        desk.gateway,
        "mend",
        path=wish.path,
        samples=desk.samples,
        max_tokens=desk.tokens(_TOKENS),
        draw=draw,
        outline=without_secrets(outline(wish.text).strip()),
        code=without_secrets(code).rstrip(),
        problems="\n".join(f"- {_told(one, part, wish.text)}" for one in wish.findings[:_MOST_FINDINGS]),
        allowed=may_import(wish.packages),
    )
    found: dict[str, Version] = {}
    problem = ""
    for piece in pieces:
        text = _placed(wish, part, piece)
        if not text or text == wish.text:
            problem = problem or piece.problem or "it changes what was not asked for, or nothing"
            continue
        copies = piece.copies + (found[text].copies if text in found else 0)
        found[text] = Version(text, piece.model, copies)
    return list(found.values()), problem


def _told(finding: Finding, part: Part, text: str) -> str:
    number = finding.range.start.line
    lines = split(without_secrets(text))
    row = lines[number].strip() if part.first <= number < min(part.end, len(lines)) else ""
    where = f"In `{row}`: " if row else ""
    hint = f" {finding.fix.title}." if finding.fix else ""
    said = redact(f"{finding.message.rstrip('.')} ({finding.rule}).{hint}", secrets_in(text))
    return f"{where}{said}"


def _placed(wish: Wish, part: Part, piece: Piece) -> str:
    """The file with the answer in place of the part; empty where it is something else."""
    tree = parsed(piece.code)
    if tree is None or (HIDDEN in piece.code):
        return ""
    answer = answered(piece.code, part.place.name) if part.place else None
    if part.place is not None:
        if answer is None or _shape(answer.node) != _shape(part.place.node):
            return ""
        new = _source(answer.lines, answer.node, part.place, split(wish.text))
    else:
        new = _statements(tree, piece.code)
    if not new:
        return ""
    lines, end = split(wish.text), line_end(wish.text)
    block = [f"{line}{end}" if line.strip() else end for line in new.rstrip().split("\n")]
    text = "".join([*lines[: part.first], *block, *lines[part.end :]])
    present = {ast.unparse(node) for node in _imports(parsed(wish.text))}
    return with_lines(text, [line for node in _imports(tree) if (line := ast.unparse(node)) not in present])


def _statements(tree: ast.Module, code: str) -> str:
    body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    lines = split(code)
    return "".join(lines[body[0].lineno - 1 : body[-1].end_lineno]) if body else ""


def _source(answer: Sequence[str], node: Function, place: Place, lines: Sequence[str]) -> str:
    """The function as answered, at the user's indentation; empty if it has lost the user's docstring."""
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    text = textwrap.dedent("".join(answer[first : node.end_lineno]))
    if ast.get_docstring(place.node) and not ast.get_docstring(node):
        return ""
    moved = textwrap.indent(text, place.indent)
    wrapped = parsed(f"class _:\n{moved}" if place.indent else moved)
    found = next((one for one in ast.walk(wrapped) if isinstance(one, Function)), None) if wrapped else None
    same = found is not None and _without_docstring(found) == _without_docstring(node)
    return moved if same else ""


def _without_docstring(node: Function) -> list[str]:
    documented = ast.get_docstring(node) is not None
    return [ast.dump(one) for one in (node.body[1:] if documented else node.body)]


def _shape(node: Function) -> tuple[object, ...]:
    """Who calls it relies on this; a type or a default may be what is wrong."""
    args = node.args
    names = [[one.arg for one in part] for part in (args.posonlyargs, args.args, args.kwonlyargs)]
    rest = [one.arg if one else "" for one in (args.vararg, args.kwarg)]
    optional = (len(args.defaults), [one is not None for one in args.kw_defaults])
    return type(node), node.name, str(names), str(rest), str(optional)


def _imports(tree: ast.Module | None) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)] if tree else []


async def _tried(desk: Desk, wish: Wish, part: Part, versions: Sequence[Version]) -> Trial:
    """Run against what works now: examples, tests, and calls that show what the old version shows."""
    bed = bed_of(wish, wish.text)
    checks: tuple[Check, ...] = ()
    if part.place is not None:
        checks = only_about(examples_of(bed, about(wish.text, part.place)), part.place)
        if desk.sandbox is not None and not checks and not wish.tests:
            asked = await ask_for_checks(desk, wish, wish.text, part.place, bed, count=1)
            checks = only_about(asked, part.place)
    return await hold(desk, wish, versions, bed, checks, probes_of(checks), keeping=True)


def _lost(trial: Trial, number: int) -> str:
    """What passed before and does not now."""
    wanted = [*(check.name for check in trial.checks), *trial.tests]
    lost = [name for name in wanted if trial.seen[number].get(name) != PASSED]
    return f"{len(lost)} of {len(wanted)} that passed before, such as {lost[0]}" if lost else ""


def _is_same(one: Finding, other: Finding) -> bool:
    return (one.stage, one.rule) == (other.stage, other.rule)
