"""Does every import lead somewhere: the standard library, the project, or an allowed package."""

import ast
import difflib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

Import = ast.Import | ast.ImportFrom
Problem = tuple[str, str]
"""A rule and what is wrong."""


def check(
    files: dict[str, str], tests: list[str], roots: list[str], known: list[str], hints: dict[str, str]
) -> list[dict[str, Any]]:
    """`known` are importable top-level names outside the project; `hints` explain some unknown ones."""
    project = _Modules(files, roots)
    found = []
    for path in files:
        if (tree := project.tree(path)) is None:
            continue
        allowed = {*known, "pytest"} if path in tests else set(known)
        for node in _imports(tree):
            for rule, message in _problems(node, path, project, allowed, hints):
                place = {"line": node.lineno, "column": node.col_offset}
                end = {"end_line": node.end_lineno, "end_column": node.end_col_offset}
                found.append({"path": path, "rule": rule, "message": message, **place, **end})
    return found


def unknown(top: str, known: Collection[str], hints: dict[str, str]) -> str:
    """What to say of a module that does not exist, and which one may have been meant."""
    hint = hints.get(top, "neither the standard library, nor a file of the project, nor a declared package")
    near = [name for name in difflib.get_close_matches(top, known, n=1, cutoff=0.75) if top not in hints]
    meant = f"; did you mean `{near[0]}`?" if near else ""
    return f"`{top}` cannot be imported: {hint}{meant}"


def guarded(files: dict[str, str]) -> list[dict[str, Any]]:
    """Imports that may fail, because the code provides for it: their lines."""
    found = []
    for path, text in files.items():
        tree = _Modules({path: text}, []).tree(path)
        if tree is not None:
            needed = {id(node) for node in _imports(tree)}
            every = (node for node in ast.walk(tree) if isinstance(node, Import))
            found += [{"path": path, "line": node.lineno} for node in every if id(node) not in needed]
    return found


class _Modules:
    """The project's modules by dotted name, and what each defines."""

    def __init__(self, files: dict[str, str], roots: list[str]) -> None:
        self._files = files
        self._trees: dict[str, ast.Module | None] = {}
        self._paths: dict[str, str] = {}
        self._packages: set[str] = set()
        for path in files:
            for name in _module_names(path, roots):
                self._paths.setdefault(name, path)
                while "." in name:
                    name = name.rpartition(".")[0]
                    self._packages.add(name)

    def tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            try:
                self._trees[path] = ast.parse(self._files[path].removeprefix("\ufeff"))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[path] = None
        return self._trees[path]

    def has(self, module: str) -> bool:
        return module in self._paths or module in self._packages

    def tops(self) -> set[str]:
        return {name.partition(".")[0] for name in self._paths}

    def absolute(self, node: ast.ImportFrom, path: str) -> str | None:
        """The dotted module an import names; None if it is relative to something outside."""
        if not node.level:
            return node.module or ""
        parts = next((name for name, owner in self._paths.items() if owner == path), "").split(".")
        up = node.level - (1 if path.endswith("/__init__.py") else 0)
        kept = parts[: max(len(parts) - up, 0)]
        return ".".join([*kept, *([node.module] if node.module else [])]) if kept else None

    def defines(self, module: str, name: str) -> bool:
        """Whether `from module import name` works; unreadable and dynamic modules are given the doubt."""
        if self.has(f"{module}.{name}"):
            return True
        path = self._paths.get(module)
        if path is None:
            return False
        tree = self.tree(path)
        if tree is None:
            return True
        names = set(_defined(tree.body))
        return name in names or "*" in names or "__getattr__" in names or name in _IMPLICIT


_IMPLICIT = {
    "__name__",
    "__file__",
    "__doc__",
    "__path__",
    "__package__",
    "__spec__",
    "__loader__",
    "__dict__",
}


def _module_names(path: str, roots: list[str]) -> Iterator[str]:
    if not path.endswith((".py", ".pyi")):
        return
    for root in roots:
        prefix = "" if root == "." else f"{root}/"
        if path.startswith(prefix):
            parts = path.removeprefix(prefix).rpartition(".")[0].split("/")
            if parts[-1] == "__init__":
                parts.pop()
            if parts:
                yield ".".join(parts)


def _imports(tree: ast.Module) -> Iterator[Import]:
    """Imports that must work: not those guarded against ImportError."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Import):
            yield node
        elif isinstance(node, ast.Try) and _catches_import_error(node):
            pending.extend((*node.orelse, *node.finalbody))
        else:
            pending.extend(ast.iter_child_nodes(node))


def _catches_import_error(node: ast.Try) -> bool:
    caught = {"ImportError", "ModuleNotFoundError", "Exception"}
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(kind is None or getattr(kind, "id", "") in caught for kind in kinds):
            return True
    return False


def _problems(
    node: Import, path: str, project: _Modules, allowed: set[str], hints: dict[str, str]
) -> Iterator[Problem]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _module_problems(alias.name, project, allowed, hints)
    elif (module := project.absolute(node, path)) is None:
        yield "relative-import", f"goes beyond the project's packages: `{ast.unparse(node)}`"
    elif problems := list(_module_problems(module, project, allowed, hints)):
        yield from problems
    elif project.has(module):
        for alias in node.names:
            if alias.name != "*" and not project.defines(module, alias.name):
                yield "no-such-name", f"`{module}` does not define `{alias.name}`"


def _module_problems(
    module: str, project: _Modules, allowed: set[str], hints: dict[str, str]
) -> Iterator[Problem]:
    top = module.partition(".")[0]
    if project.has(top):
        if not project.has(module):
            yield "no-such-module", f"the project has no module `{module}`"
    elif top not in allowed:
        yield "unknown-module", unknown(top, {*allowed, *project.tops()}, hints)


def _defined(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Names bound at module level; `*` if a star import makes them unknowable."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, Import):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        else:
            nested: list[ast.stmt] = []
            yield from _stored(node, nested)
            yield from _defined(nested)


def _stored(node: ast.stmt, nested: list[ast.stmt]) -> Iterator[str]:
    """Names the statement itself binds; the statements inside it go to `nested`."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(node))
    while pending:
        child = pending.pop()
        if isinstance(child, ast.stmt):
            nested.append(child)
            continue
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and child.name:
            yield child.name
        pending.extend(ast.iter_child_nodes(child))
