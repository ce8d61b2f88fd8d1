"""Document: types and a docstring are added; the code itself is the user's, to the letter.

Of an answer only the types in its head and its docstring are taken, and none that the user wrote is replaced.
What cannot change what the code does need not be run; the types are judged by the mesh. Words about errors
that the code does not name are left out: models like to promise them. The function stays its user's: nobody
is remembered as its author.
"""

import ast
import copy
import re
import textwrap
from collections.abc import Sequence

from ..agents.helper import Piece, ask_for_code
from ..events import PhaseStarted
from ..python.body import answered, with_lines
from ..python.hidden import HIDDEN, without_secrets
from ..python.imports import complete_imports
from ..python.outline import outline
from ..python.place import Function, Place, function_at, function_named, line_end, split
from ..python.syntax import parsed
from ..types import Help, SourceFile, Wish
from .desk import Desk, refused
from .evidence import evidence_of, sentence
from .judging import Judgement, in_words, judge
from .offers import unannotated
from .trial import Version, unrun

_TOKENS = 500
_WIDTH = 100
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
_SENTENCE = re.compile(r"(?<=[.;])\s+")
_EMPTY_RAISES = re.compile(r"^[ \t]*Raises:[ \t]*\n(?:[ \t]*-+[ \t]*\n)?(?![ \t]+\S)", re.MULTILINE)


async def document(desk: Desk, wish: Wish) -> Help:
    place = function_at(wish.text, wish.line)
    if place is None:
        return refused(wish, "", "there is no function here")
    desk.emit(PhaseStarted(phase="write", detail=place.name))
    lines = split(wish.text)
    pieces = await ask_for_code(
        desk.gateway,
        "annotate",
        path=wish.path,
        samples=desk.samples,
        max_tokens=desk.tokens(_TOKENS),
        draw=wish.draw,
        outline=without_secrets(outline(wish.text).strip()),
        code=without_secrets(textwrap.dedent("".join(lines[place.first : place.end]))).rstrip(),
    )
    versions = _versions(wish, place, pieces, await _heads(desk, place, pieces))
    if not versions:
        problem = next((one.problem for one in pieces if one.problem), "the answers add nothing")
        return refused(wish, place.name, f"no candidate could be used: {problem}")
    desk.emit(PhaseStarted(phase="validate", detail=place.name))
    trial = unrun(versions, "types and docstrings change nothing that runs")
    why = ""
    usable: list[tuple[int, Judgement]] = []
    for number in range(len(versions)):
        judged = await judge(desk, wish, versions[number].text)
        if judged.wrong:
            why = why or f"the mesh refused it: {in_words(judged.wrong[0])}"
            continue
        usable.append((number, judged))
        if not judged.new:
            break
    if usable:
        number, judged = min(usable, key=lambda one: len(one[1].new))
        evidence = evidence_of(wish, place.name, versions, trial, number, judged)
        evidence = evidence.model_copy(
            update={"evidence": (f"the code is the same, compared as syntax; {evidence.evidence[-1]}",)}
        )
        return Help(
            task=wish.task,
            target=place.name,
            path=wish.path,
            text=versions[number].text,
            said=f"Documented `{place.name}`: {sentence(evidence)}",
            sure=True,
        )
    return refused(wish, place.name, why)


def _versions(wish: Wish, place: Place, pieces: Sequence[Piece], heads: Sequence[str]) -> list[Version]:
    """The ones that add most come first, and of those what was answered most often."""
    found: dict[str, Version] = {}
    for piece, head in zip(pieces, heads, strict=True):
        text = _placed(wish, place, piece, head)
        if text and text != wish.text:
            copies = piece.copies + (found[text].copies if text in found else 0)
            found[text] = Version(text, piece.model, copies)
    return sorted(found.values(), key=lambda one: (len(_left(one.text, place.name)), -one.copies))


def _left(text: str, name: str) -> list[str]:
    place = function_named(text, name)
    return unannotated(place.node) if place else []


def _placed(wish: Wish, place: Place, piece: Piece, typed: str) -> str:
    answer = answered(piece.code, place.name)
    if answer is None or HIDDEN in piece.code or place.body <= place.begin:
        return ""
    lines, end = split(wish.text), line_end(wish.text)
    node = _annotated(place.node, answer.node)
    words = _true_of(ast.get_docstring(answer.node) or "", place.node)
    head = lines[place.begin : place.body]
    changed = ast.dump(node.args) != ast.dump(place.node.args) or node.returns is not place.node.returns
    if changed and not any("#" in row for row in lines[place.begin : _docstring_start(place)]):
        documented = "".join(lines[_docstring_start(place) : place.body])
        head = [*(f"{place.indent}{row}{end}" for row in typed.split("\n")), *split(documented)]
    inner = place.indent + _step(place, lines)
    if words and not ast.get_docstring(place.node):
        head += [f"{inner}{row}{end}" if row.strip() else end for row in _quoted(words, len(inner))]
    text = "".join([*lines[: place.begin], *head, *lines[place.body :]])
    if not _is_same_code(text, wish.text):
        return ""
    before = set(complete_imports(wish.path, wish.text, {}).splitlines())
    added = [line for line in complete_imports(wish.path, text, {}).splitlines() if line not in before]
    return with_lines(text, [line for line in added if line.startswith(("import ", "from "))])


def _true_of(words: str, node: Function) -> str:
    """The docstring without what it says, in a line or a sentence, of errors that the code does not name."""
    code = ast.unparse(node)

    def is_true(part: str) -> bool:
        return all(re.search(rf"\b{error}\b", code) for error in _ERROR.findall(part))

    first, *rest = words.strip().split("\n")
    lines = [" ".join(part for part in _SENTENCE.split(first) if is_true(part)), *filter(is_true, rest)]
    text = _EMPTY_RAISES.sub("", "\n".join(lines) + "\n")
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _annotated(theirs: Function, answer: Function) -> Function:
    """The user's head with types where it has none."""
    node = copy.deepcopy(theirs)
    known = {one.arg: one.annotation for one in ast.walk(answer.args) if isinstance(one, ast.arg)}
    for one in ast.walk(node.args):
        if isinstance(one, ast.arg) and one.annotation is None and one.arg not in {"self", "cls"}:
            one.annotation = known.get(one.arg)
    if node.returns is None and answer.returns is not None:
        node.returns = answer.returns
    else:
        node.returns = theirs.returns
    return node


async def _heads(desk: Desk, place: Place, pieces: Sequence[Piece]) -> list[str]:
    """The user's head with each answer's types, at the margin and formatted; empty without an answer."""
    answers = [answered(piece.code, place.name) for piece in pieces]
    files = [
        SourceFile(path=f"head_{number}.py", text=f"{_head(_annotated(place.node, answer.node))} ...\n")
        for number, answer in enumerate(answers)
        if answer is not None
    ]
    done = {file.path: file.text for file in await desk.mesh.format(files)} if files else {}
    found = (done.get(f"head_{number}.py", "") for number in range(len(pieces)))
    return [text.rstrip().removesuffix("...").rstrip() for text in found]


def _head(node: Function) -> str:
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{word} {node.name}({ast.unparse(node.args)}){returns}:"


def _docstring_start(place: Place) -> int:
    first = place.node.body[0]
    return first.lineno - 1 if ast.get_docstring(place.node, clean=False) is not None else place.body


def _step(place: Place, lines: list[str]) -> str:
    row = lines[place.node.body[0].lineno - 1]
    margin = row[: len(row) - len(row.lstrip())]
    return margin[len(place.indent) :] or "    "


def _quoted(words: str, indent: int) -> list[str]:
    text = words.strip().replace("\\", "\\\\").replace('"""', "'''")
    rows = text.split("\n")
    if len(rows) == 1 and len(text) + indent + 6 > _WIDTH:
        rows = textwrap.wrap(text, _WIDTH - indent - 3)
    if len(rows) == 1:
        return [f'"""{rows[0]}"""']
    return [f'"""{rows[0]}', *rows[1:], '"""']


class _Bare(ast.NodeTransformer):
    """Code without types and docstrings of functions."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._bare(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._bare(node)

    def _bare(self, node: Function) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg):
                one.annotation = None
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node


def _is_same_code(one: str, other: str) -> bool:
    first, second = parsed(one), parsed(other)
    if first is None or second is None:
        return False
    return ast.dump(_Bare().visit(first)) == ast.dump(_Bare().visit(second))
