"""What a writer left out: empty bodies, "the rest stays the same" comments, switched-off checks."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

_ELIDED = re.compile(
    r"\.\.\.\s*(the )?(rest|existing|other|previous|remaining|more)\b"
    r"|\brest of (the |your |this )?(code|class|file|function|implementation|methods?|module|program)\b"
    r"|\b(existing|previous) (code|methods?|functions?|implementation)\b.*(\.\.\.|here|unchanged|same)"
    r"|\b(remains?|stays?) (unchanged|the same)\b"
    r"|\b(your|add|insert|put|more|actual) (code|logic|implementation)( goes)? here\b"
    r"|\b(implementation|logic|code) (goes|comes|omitted)\b"
    r"|\bomitted for brevity\b|\bnot (yet )?implemented\b|\bplaceholder (implementation|function|for)\b"
    r"|\bimplement (this|me)\b|\btodo:? ?implement\b",
    re.IGNORECASE,
)
_SWITCHED_OFF = re.compile(
    r"#\s*(mypy:|ruff\s*:\s*(file-ignore|disable)|pyright:)|.*#\s*(ruff|flake8)\s*:\s*noqa", re.IGNORECASE
)
_SWITCHES = re.compile(r"#\s*(mypy|ruff|flake8|pyright|type)\s*:", re.IGNORECASE)
_TYPES_IGNORED = re.compile(r"#\s*type:\s*ignore\s*(#|$)", re.IGNORECASE)
"""Before any code it covers the file; later it covers its line."""
BASES = "bases"
_EXEMPT = {"abstractmethod", "overload", "abstractproperty"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(files: dict[str, str], tests: list[str]) -> list[dict[str, Any]]:
    """`tests` are the paths in which an empty function is a double, not an omission.

    Each file is read for itself. A method may be empty if another class derives from its own, wherever that
    is: so each file also says which names its classes derive from, and each method whose it is.
    """
    files = {path: _as_read(text) for path, text in files.items() if not path.endswith(".pyi")}
    trees = {path: tree for path, text in files.items() if (tree := _parse(text)) is not None}
    found = []
    for path, tree in trees.items():
        found.append({"path": path, "rule": BASES, "names": sorted(set(_base_names(tree)))})
        for problem in (*_bodies(tree, path in tests), *_comments(files[path])):
            found.append({"path": path, **problem})
    return found


def _as_read(text: str) -> str:
    """Without a byte order mark, and with one kind of line ends: what Python and its checkers make of it."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # the syntax stage tells


def _base_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from (_last_name(base) for base in node.bases)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _bodies(tree: ast.Module, in_tests: bool) -> Iterator[dict[str, Any]]:
    for owner, function in _functions(tree, None):
        kind = _emptiness(function)
        if not kind or _EXEMPT & {_last_name(d) for d in function.decorator_list}:
            continue
        if owner is not None and _may_be_empty(owner, function, kind):
            continue
        hollow_test = in_tests and function.name.startswith("test")
        for_subclasses = owner is not None and kind == "raise"
        nothing_to_do = kind == "docstring" and _returns_nothing(function)
        harmless = (in_tests and not hollow_test) or for_subclasses or nothing_to_do
        yield {
            "rule": "empty-body",
            "severity": "warning" if harmless else "error",
            "message": f"`{function.name}` has no body but {_SAID[kind]}",
            "line": function.lineno,
            "column": function.col_offset,
            "owner": owner.name if owner is not None else "",
        }


_SAID = {"pass": "`pass`", "...": "`...`", "docstring": "a docstring", "raise": "`raise NotImplementedError`"}


def _functions(node: ast.AST, owner: ast.ClassDef | None) -> Iterator[tuple[ast.ClassDef | None, Function]]:
    """Functions of modules and classes; those inside functions may be empty on purpose."""
    pending: list[tuple[ast.AST, ast.ClassDef | None]] = [(node, owner)]
    while pending:
        parent, holder = pending.pop()
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, Function):
                yield holder, child
            elif isinstance(child, ast.ClassDef):
                pending.append((child, child))
            elif isinstance(child, ast.If | ast.Try | ast.With | ast.ExceptHandler):
                pending.append((child, holder))


def _emptiness(function: Function) -> str:
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    if not body:
        return "docstring"
    if len(body) > 1:
        return ""
    only = body[0]
    if isinstance(only, ast.Pass):
        return "pass"
    if isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is ...:
        return "..."
    if isinstance(only, ast.Raise) and only.exc is not None and _raised(only.exc) == "NotImplementedError":
        return "raise"
    return ""


def _raised(node: ast.expr) -> str:
    return _last_name(node.func if isinstance(node, ast.Call) else node)


def _returns_nothing(function: Function) -> bool:
    return isinstance(function.returns, ast.Constant) and function.returns.value is None


def _may_be_empty(owner: ast.ClassDef, function: Function, kind: str) -> bool:
    """Protocols and abstract classes; overriding with nothing; dunders."""
    own_bases = {_last_name(base) for base in owner.bases} - {"object"}
    if own_bases & {"Protocol", "ABC"}:
        return True
    if any(keyword.arg == "metaclass" for keyword in owner.keywords):
        return True
    if kind in {"pass", "docstring"}:
        return bool(own_bases) or (function.name.startswith("__") and function.name.endswith("__"))
    return False


def _comments(text: str) -> Iterator[dict[str, Any]]:
    if not (_ELIDED.search(text) or _SWITCHES.search(text)):
        return  # splitting it into tokens takes most of the time
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    comments = {token.start for token in tokens if token.type == tokenize.COMMENT}
    for number, line in enumerate(text.split("\n"), 1):
        # mypy's older parser obeys such a line wherever it stands, inside a string too.
        if line.startswith("# mypy: ") and (number, 0) not in comments:
            message = f"switches a validator off for the whole file: {line.strip()[:80]}"
            yield {"rule": "blanket-suppression", "severity": "error", "message": message, "line": number}
    code_seen = False
    for token in tokens:
        if token.type != tokenize.COMMENT:
            code_seen = code_seen or token.type in {tokenize.NAME, tokenize.OP}
            continue
        place = {"line": token.start[0], "column": token.start[1]}
        if _ELIDED.search(token.string):
            message = f"says that something was left out: {token.string.strip()[:80]}"
            yield {"rule": "elided-code", "severity": "error", "message": message, **place}
        elif _SWITCHED_OFF.match(token.string) or (_TYPES_IGNORED.match(token.string) and not code_seen):
            message = f"switches a validator off for the whole file: {token.string.strip()[:80]}"
            yield {"rule": "blanket-suppression", "severity": "error", "message": message, **place}
