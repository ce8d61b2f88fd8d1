"""Splicing: one rewritten function takes its old place, and nothing else of the file changes."""

import ast
import textwrap
from collections.abc import Callable, Iterator, Mapping

from ..errors import AnswerError
from .syntax import is_guard, parsed

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def splice(file: str, snippet: str, target: str) -> str:
    """The file with `target` (`name` or `Class.method`) as the snippet defines it.

    Helpers and imports that come with it are added; other definitions the snippet repeats are ignored.
    Raises AnswerError if the snippet does not define the target.
    """
    try:
        tree, new = ast.parse(file), ast.parse(snippet)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise AnswerError(f"The rewritten `{target}` does not parse: {error}.") from None
    owner, _, method = target.rpartition(".")
    edits = list(_method_edits(tree, new, owner, method) if owner else _function_edits(tree, new, target))
    helpers, imports = _additions(tree, new, owner or target, method)
    start, guard = _after_imports(tree), _guard(tree)
    edits.append((start, start, "\n".join(imports)))
    edits.append((guard, guard, "\n".join([*helpers, "", ""])) if helpers else (guard, guard, ""))
    lines = file.splitlines()
    for first, last, text in sorted(edits, reverse=True):
        lines[first:last] = text.split("\n") if text else []
    return "\n".join(lines) + "\n"


def keep(file: str, definitions: Mapping[str, str]) -> str:
    """The file with these functions, classes and methods (`Class.method`) as they are given, in place of
    its own or besides them. Methods of a class that the file lacks are left out.
    """
    for target, source in definitions.items():
        if (tree := parsed(file)) is None:
            return file
        owner, _, name = target.rpartition(".")
        home = _named(tree.body, owner) if owner else None
        if owner and not isinstance(home, ast.ClassDef):
            continue
        body = home.body if isinstance(home, ast.ClassDef) else tree.body
        new = _in_class(source, body) if owner else source.splitlines()
        old = _named(body, name)
        start = (body[-1].end_lineno or 0) if owner else _after_imports(tree)
        first, last = (_first(old), old.end_lineno or 0) if old is not None else (start, start)
        lines = file.splitlines()
        lines[first:last] = new if old is not None else ["", "", *new, "", ""]
        file = "\n".join(lines) + "\n"
    return file


def _in_class(source: str, body: list[ast.stmt]) -> list[str]:
    """A method's lines where it begins at the margin; else it was written so deep, strings and all."""
    indent = "" if source[:1].isspace() else " " * body[0].col_offset
    return textwrap.indent(source, indent).splitlines()


def stub_of(file: str, target: str, docstring: Callable[[str], str]) -> str:
    """The target's head over `docstring(indent)`; empty if there is no such function."""
    tree = ast.parse(file)
    owner, _, method = target.rpartition(".")
    home = _named(tree.body, owner) if owner else None
    body = home.body if isinstance(home, ast.ClassDef) else tree.body
    node = _named(body, method if owner else target)
    if node is None or isinstance(node, ast.ClassDef):
        return ""
    head = ast.unparse(node).splitlines()[: 1 + len(node.decorator_list)]
    if owner:
        head = [f"class {owner}:", *(f"    {line}" for line in head)]
    return "\n".join([*head, docstring("        " if owner else "    ")])


def enclosing(file: str, line: int) -> str:
    """The top-level function, or `Class.method`, around a line counted from one; else empty."""
    if (tree := parsed(file)) is None:
        return ""
    for node in tree.body:
        if isinstance(node, Definition) and _first(node) < line <= (node.end_lineno or line):
            if isinstance(node, ast.ClassDef):
                inner = (child for child in node.body if isinstance(child, Function))
                return next(
                    (
                        f"{node.name}.{child.name}"
                        for child in inner
                        if _first(child) < line <= (child.end_lineno or line)
                    ),
                    node.name,
                )
            return node.name
    return ""


def _function_edits(tree: ast.Module, new: ast.Module, target: str) -> Iterator[tuple[int, int, str]]:
    replacement = _named(new.body, target)
    old = _named(tree.body, target)
    if replacement is None or old is None:
        raise AnswerError(f"The answer does not define `{target}`.", f"Write the whole `{target}`.")
    yield _first(old), old.end_lineno or 0, ast.unparse(replacement)


def _method_edits(
    tree: ast.Module, new: ast.Module, owner: str, method: str
) -> Iterator[tuple[int, int, str]]:
    home = _named(tree.body, owner)
    source = _named(new.body, owner)
    found = _named(source.body if isinstance(source, ast.ClassDef) else new.body, method)
    if not isinstance(home, ast.ClassDef) or not isinstance(found, Function):
        raise AnswerError(f"The answer does not define `{owner}.{method}`.", "Write the whole method.")
    indent = " " * home.body[0].col_offset
    alone = ast.ClassDef(name="_", bases=[], keywords=[], body=[found], decorator_list=[])
    text = ast.unparse(alone).split("\n", 1)[1]  # not indented as text: strings keep their lines
    if indent != "    ":
        text = "\n".join(indent + line for line in ast.unparse(found).splitlines())
    old = _named(home.body, method)
    end = home.end_lineno or 0
    yield (_first(old), old.end_lineno or 0, text) if old is not None else (end, end, "\n" + text)


def _additions(tree: ast.Module, new: ast.Module, target: str, method: str) -> tuple[list[str], list[str]]:
    """Helpers and imports the snippet brings and the file does not have."""
    known = {node.name for node in tree.body if isinstance(node, Definition)} | {target}
    present = {ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)}
    helpers, imports = [], []
    for node in new.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if ast.unparse(node) not in present and getattr(node, "module", "") != "__future__":
                imports.append(ast.unparse(node))
        elif isinstance(node, Definition) and node.name not in known and node.name != method:
            helpers.append(f"\n\n{ast.unparse(node)}")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not _assigned(node) <= _names(tree):
            imports.append(ast.unparse(node))
    return "".join(helpers).split("\n") if helpers else [], imports


def _after_imports(tree: ast.Module) -> int:
    """The index of the line after the module's docstring and the imports it begins with."""
    end = 0
    for number, node in enumerate(tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        end = node.end_lineno or end
    return end


def _guard(tree: ast.Module) -> int:
    """The index of `if __name__ == "__main__":`, which runs as soon as it is reached; else of the end."""
    guard = next((node.lineno - 1 for node in tree.body if is_guard(node)), None)
    return guard if guard is not None else max((node.end_lineno or 0 for node in tree.body), default=0)


def _named(body: list[ast.stmt], name: str) -> Definition | None:
    found = [node for node in body if isinstance(node, Definition) and node.name == name]
    return found[-1] if found else None


def _first(node: Definition) -> int:
    """The index of the definition's first line, decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1


def _assigned(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}


def _names(tree: ast.Module) -> set[str]:
    return {
        name for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for name in _assigned(node)
    }
