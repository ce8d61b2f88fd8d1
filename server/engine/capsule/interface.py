"""What changed for callers: public functions, classes and methods of Python files, read and never run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..python.syntax import parsed
from ..types.versions import InterfaceChange

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Offer:
    """Something that others may use."""

    line: str
    node: Function | ast.ClassDef
    bound: bool = False
    """It is called with its first parameter filled in."""


def interface_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[InterfaceChange]:
    """The changes from the Python files `before` to those `after`, by path.

    A file that does not parse offers nothing that can be read, so nothing is said of it.
    """
    for path in sorted(before.keys() | after.keys()):
        old, new = _offers(before.get(path, "")), _offers(after.get(path, ""))
        if old is None or new is None:
            continue
        for name in dict.fromkeys([*old, *new]):
            was, now = old.get(name), new.get(name)
            if was is None and now is not None:
                yield InterfaceChange(path=path, name=name, change="added", after=now.line)
            elif was is not None and now is None:
                yield InterfaceChange(path=path, name=name, change="removed", before=was.line, breaking=True)
            elif was is not None and now is not None and was.line != now.line:
                yield InterfaceChange(
                    path=path,
                    name=name,
                    change="changed",
                    before=was.line,
                    after=now.line,
                    breaking=_breaks(was, now),
                )


def _offers(text: str) -> dict[str, _Offer] | None:
    tree = parsed(text)
    if tree is None:
        return None
    found: dict[str, _Offer] = {}
    for node in tree.body:
        if isinstance(node, Function) and _is_public(node.name):
            found[node.name] = _Offer(_line(node), node)
        elif isinstance(node, ast.ClassDef) and _is_public(node.name):
            found[node.name] = _Offer(_line(node), node)
            for inner in node.body:
                if isinstance(inner, Function) and (_is_public(inner.name) or inner.name == "__init__"):
                    found[f"{node.name}.{inner.name}"] = _Offer(_line(inner), inner, not _is_static(inner))
    return found


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _is_static(node: Function) -> bool:
    return "staticmethod" in (ast.unparse(one) for one in node.decorator_list)


def _line(node: Function | ast.ClassDef) -> str:
    """The head of a definition, with decorators that change how it is used."""
    marks = [ast.unparse(one) for one in node.decorator_list]
    kept = "".join(f"@{mark} " for mark in marks if mark in {"property", "staticmethod", "classmethod"})
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in [*node.bases, *node.keywords])
        return f"{kept}class {node.name}({bases})" if bases else f"{kept}class {node.name}"
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{kept}{word} {node.name}({ast.unparse(node.args)}){returns}"


def _breaks(was: _Offer, now: _Offer) -> bool:
    """Whether a call that was right may be wrong now. Types and returned values are not looked at."""
    if not isinstance(was.node, Function) or not isinstance(now.node, Function):
        return type(was.node) is not type(now.node) or _bases(was.node) - _bases(now.node) != set()
    if type(was.node) is not type(now.node):
        return True
    if _is_property(was.node) != _is_property(now.node):
        return True
    return not _takes_what(was.node.args, now.node.args, (int(was.bound), int(now.bound)))


def _bases(node: Function | ast.ClassDef) -> set[str]:
    return {ast.unparse(base) for base in node.bases} if isinstance(node, ast.ClassDef) else set()


def _is_property(node: Function) -> bool:
    return "property" in (ast.unparse(one) for one in node.decorator_list)


def _takes_what(was: ast.arguments, now: ast.arguments, bound: tuple[int, int]) -> bool:
    """Whether every call that fits `was` fits `now`; of either, so many parameters are filled in already."""
    old, new = [*was.posonlyargs, *was.args][bound[0] :], [*now.posonlyargs, *now.args][bound[1] :]
    old_words = {arg.arg for arg in was.args} & {arg.arg for arg in old}
    new_words = {arg.arg for arg in now.args} | _only(now)
    if (was.vararg and not now.vararg) or (was.kwarg and not now.kwarg):
        return False
    if len(new) < len(old) and not now.vararg:
        return False
    needed = new[len(old) - len(was.defaults) : len(new) - len(now.defaults)]
    if not {arg.arg for arg in needed} <= _required(was) & new_words:
        return False
    if any(a.arg != b.arg and a.arg in old_words for a, b in zip(old, new, strict=False)):
        return False  # a word that callers may use stands for another place, or for none
    if not now.kwarg and not (old_words | _only(was)) <= new_words:
        return False
    return _required(now) <= _required(was)


def _only(arguments: ast.arguments) -> set[str]:
    return {arg.arg for arg in arguments.kwonlyargs}


def _required(arguments: ast.arguments) -> set[str]:
    """Keyword-only parameters without a default."""
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {arg.arg for arg, default in pairs if default is None}
