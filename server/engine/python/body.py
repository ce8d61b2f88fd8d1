"""Bodies: what a model wrote for one function comes to where it belongs, and the rest stays to the letter.

Head, decorators, docstring and every other line of the file are the user's own text. What comes is the body,
imports that it uses, and helpers that the file does not have.
"""

import ast
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .imports import complete_imports
from .place import Function, Place, line_end, split
from .syntax import after_docstring, parsed

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Answered:
    """An answer's function, and what stands around it."""

    node: Function
    tree: ast.Module
    lines: list[str]


def answered(code: str, name: str) -> Answered | None:
    """The function of that name (the last part of `Class.method`) in an answer; None if it has none."""
    if (tree := parsed(code)) is None:
        return None
    method = name.rpartition(".")[2]
    found = [node for node in ast.walk(tree) if isinstance(node, Function) and node.name == method]
    return Answered(found[0], tree, split(code)) if found else None


def body_text(answer: Answered) -> str:
    """The function's statements without its docstring, at the margin; comments stay where they can."""
    node = answer.node
    documented = ast.get_docstring(node, clean=False) is not None
    body = node.body[1:] if documented else node.body
    if not body:
        return ""
    if _one_line(body) and body[0].lineno > node.lineno:
        above = (node.body[0].end_lineno or 0) if documented else _first_line(answer)
        text = "".join(answer.lines[above : body[-1].end_lineno])
        text = textwrap.dedent(text).rstrip() + "\n"
        if _same(text, body):
            return text.lstrip("\n")
    return "\n".join(ast.unparse(one) for one in body) + "\n"


def with_body(text: str, place: Place, body: str) -> str:
    """The file with `body`, which is at the margin, as the function's; empty if that changes its meaning."""
    lines, end = split(text), line_end(text)
    inner = place.indent + _step(place, lines)
    new = [f"{inner}{line}{end}" if line.strip() else end for line in body.rstrip().split("\n")]
    head = lines[: place.body]
    if place.body <= place.node.body[0].lineno - 1 < place.body + 1 and _shares_line(place, lines):
        row = lines[place.body]
        column = len(row.encode()[: place.node.body[0].col_offset].decode(errors="replace"))
        head = [*head, row[:column].rstrip() + end]
    if head and not head[-1].endswith(("\n", "\r")):
        head[-1] += end
    after = lines[place.end :]
    whole = "".join([*head, *new, *after])
    node = _find(whole, place)
    wanted = parsed(body)
    if node is None or wanted is None:
        return ""
    documented = ast.get_docstring(node, clean=False) is not None
    return whole if _alike(node.body[1:] if documented else node.body, wanted.body) else ""


def with_company(
    before: str,
    text: str,
    name: str,
    answer: Answered,
    others: Mapping[str, str],
    path: str,
    packages: Iterable[str],
) -> str:
    """`text`, which is `before` with a new body for `name`, with the helpers and imports it comes with."""
    tree = parsed(before)
    place_node = _named(tree, name) if tree else None
    if tree is None or place_node is None:
        return text
    bound = _bound(tree)
    helpers = [
        node
        for node in answer.tree.body
        if isinstance(node, Definition) and node.name not in bound and node is not answer.node
        and node.name != name.partition(".")[0]
    ]  # fmt: skip
    written = [answer.node, *helpers]
    used = {one.id for node in written for one in ast.walk(node) if isinstance(one, ast.Name)}
    lead: list[str] = []
    for node in answer.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
            kept = [a for a in node.names if _alias(a) in used and _alias(a) not in bound]
            if kept:
                node.names = kept
                lead.append(ast.unparse(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names = _targets(node)
            if names & used and not names & bound:
                lead.append(ast.unparse(node))
    text = _with_helpers(text, place_node, [_source(answer, node) for node in helpers], used)
    text = with_lines(text, lead)
    return with_lines(text, _missing(before, text, path, others, packages))


def with_lines(text: str, lead: Iterable[str]) -> str:
    """The file with lines behind its imports."""
    new = list(lead)
    tree = parsed(text)
    if not new or tree is None:
        return text
    lines, end = split(text), line_end(text)
    at = after_docstring(tree)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    leading = [node for node in imports if node.col_offset == 0]
    if leading:
        at = max(at, _first_block(tree))
    block = [f"{line}{end}" for one in new for line in one.split("\n")]
    if at and not lines[at - 1].endswith(("\n", "\r")):
        lines[at - 1] += end
    if not leading:
        block = [
            *([end] if at else []),
            *block,
            *([] if at < len(lines) and not lines[at].strip() else [end, end]),
        ]
    return "".join([*lines[:at], *block, *lines[at:]])


def _with_helpers(text: str, home: ast.stmt, helpers: list[str], used: set[str]) -> str:
    if not helpers:
        return text
    lines, end = split(text), line_end(text)
    at = min([home.lineno, *(one.lineno for one in getattr(home, "decorator_list", ()))]) - 1
    block = []
    for helper in helpers:
        block += [f"{line}{end}" if line.strip() else end for line in helper.rstrip().split("\n")] + [
            end,
            end,
        ]
    return "".join([*lines[:at], *block, *lines[at:]])


def _missing(
    before: str, text: str, path: str, others: Mapping[str, str], packages: Iterable[str]
) -> list[str]:
    """Imports that the new text lacks, and the old one did not."""
    wanted = list(packages)
    old = set(complete_imports(path, before, others, wanted).splitlines()) - set(before.splitlines())
    new = complete_imports(path, text, others, wanted).splitlines()
    here = set(text.splitlines())
    return [line for line in new if line.startswith(("import ", "from ")) and line not in here | old]


def _first_block(tree: ast.Module) -> int:
    end = 0
    for number, node in enumerate(tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        end = node.end_lineno or end
    return end


def _step(place: Place, lines: list[str]) -> str:
    """What the body is indented by within the function."""
    inner = place.node.body[0]
    row = lines[inner.lineno - 1]
    margin = row[: len(row) - len(row.lstrip())]
    if inner.lineno > place.node.lineno and margin.startswith(place.indent) and margin != place.indent:
        return margin[len(place.indent) :]
    return "\t" if place.indent.startswith("\t") else "    "


def _shares_line(place: Place, lines: list[str]) -> bool:
    inner = place.node.body[0]
    before = lines[inner.lineno - 1].encode()[: inner.col_offset]
    return bool(before.strip())


def _first_line(answer: Answered) -> int:
    """The line behind the answer's head. Comments above the first statement belong to the body."""
    node = answer.node
    at = node.body[0].lineno - 1
    while at > node.lineno and answer.lines[at - 1].strip().startswith("#"):
        at -= 1
    return at


def _one_line(body: list[ast.stmt]) -> bool:
    """Whether no text in it has several lines: those must not be indented."""
    return not any(
        isinstance(node, ast.Constant | ast.JoinedStr)
        and isinstance(getattr(node, "value", ""), str)
        and node.lineno != node.end_lineno
        for one in body
        for node in ast.walk(one)
    )


def _same(text: str, body: list[ast.stmt]) -> bool:
    tree = parsed(text) or parsed(f"def _():\n{textwrap.indent(text, '    ')}")
    if tree is None:
        return False
    found = tree.body[0].body if isinstance(tree.body[0], Function) and len(tree.body) == 1 else tree.body
    return _alike(found, body) or _alike(tree.body, body)


def _alike(one: list[ast.stmt], other: list[ast.stmt]) -> bool:
    return [ast.dump(node) for node in one] == [ast.dump(node) for node in other]


def _find(text: str, place: Place) -> Function | None:
    tree = parsed(text)
    owner, _, name = place.name.rpartition(".")
    for node in tree.body if tree else ():
        inside = node.body if isinstance(node, ast.ClassDef) and node.name == owner else [node]
        for one in inside:
            if isinstance(one, Function) and one.name == name and one.lineno == place.node.lineno:
                return one
    return None


def _named(tree: ast.Module, name: str) -> ast.stmt | None:
    top = name.partition(".")[0]
    found = [node for node in tree.body if isinstance(node, Definition) and node.name == top]
    return found[-1] if found else None


def _bound(tree: ast.Module) -> set[str]:
    """Names at the top level of the file."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, Definition):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {_alias(alias) for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found |= _targets(node)
    return found


def _alias(alias: ast.alias) -> str:
    return (alias.asname or alias.name).partition(".")[0]


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}


def _source(answer: Answered, node: Definition) -> str:
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    return "".join(answer.lines[first : node.end_lineno])
