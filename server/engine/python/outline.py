"""What a file offers to others, in few words: the context one file needs of another."""

import ast
from collections.abc import Collection, Iterable

from ..brief.signature import read_signature
from .syntax import parsed


def outline(code: str, *, whole: Collection[str] = ()) -> str:
    """Imports, constants, signatures and first docstring lines; bodies only of functions in `whole`."""
    if (tree := parsed(code)) is None:
        return code
    return "\n".join(line for node in tree.body for line in _lines(node, "", whole))


def signatures(code: str) -> tuple[str, ...]:
    """The public top-level signatures, and those of public methods as `Class.method(...)`."""
    if (tree := parsed(code)) is None:
        return ()
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found.append(_head(node))
            found += [
                _method(node.name, inner)
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                and not inner.name.startswith("_")
            ]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found.append(_head(node))
    return tuple(found)


def constructors(code: str) -> dict[str, str]:
    """What each public class is made from, as a call of it is written."""
    found: dict[str, str] = {}
    for node in tree.body if (tree := parsed(code)) is not None else ():
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            made = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
            signature = read_signature(f"{node.name}: {_head(made[-1])}") if made else None
            found[node.name] = signature.params if signature else ""
    return found


def _method(owner: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    line = f"{owner}: {_head(node)}"
    signature = read_signature(line)
    return signature.line if signature else line


def public_names(code: str) -> tuple[str, ...]:
    """Top-level names without a leading underscore that are functions, classes or assigned."""
    if (tree := parsed(code)) is None:
        return ()
    names: dict[str, None] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = None
        elif isinstance(node, ast.Assign):
            names.update({target.id: None for target in node.targets if isinstance(target, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = None
        elif isinstance(node, ast.ImportFrom) and node.level:
            names.update({alias.asname or alias.name: None for alias in node.names if alias.name != "*"})
    return tuple(name for name in names if not name.startswith("_"))


def methods_of(code: str, classes: Iterable[str]) -> tuple[str, ...]:
    """Names of methods and attributes that the named classes define."""
    wanted = set(classes)
    if (tree := parsed(code)) is None:
        return ()
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in wanted:
            for inner in ast.walk(node):
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.append(inner.name)
                elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                    found.append(inner.target.id)
    return tuple(found)


def has_method(code: str, owner: str, name: str) -> bool | None:
    """Whether a class defines the name; None if there is no such class, or it has bases that may.

    A method that only pretends is none, unless other classes of the file derive from its class.
    """
    if (tree := parsed(code)) is None:
        return None
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    bases = {ast.unparse(base) for node in classes for base in node.bases}
    for node in classes:
        if node.name == owner:
            if any(_binds(inner, name, pretended=owner in bases) for inner in ast.walk(node)):
                return True
            return None if [base for base in node.bases if ast.unparse(base) != "object"] else False
    return None


def defined_twice(code: str) -> tuple[str, ...]:
    """Functions, classes and methods of which only the last definition counts."""
    if (tree := parsed(code)) is None:
        return ()
    found: dict[str, None] = {}
    homes = [("", tree.body)]
    homes += [(f"{node.name}.", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    for owner, body in homes:
        seen: set[str] = set()
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.name in seen and node.name != "_" and not _belongs_to_earlier(node):
                found[owner + node.name] = None
            if not any(ast.unparse(one).endswith("overload") for one in node.decorator_list):
                seen.add(node.name)
    return tuple(found)


def routes_of(code: str, function: str) -> tuple[tuple[str, str], ...]:
    """Method and path of each request a top-level function answers: `@app.get("/x")`."""
    found = []
    for node in tree.body if (tree := parsed(code)) is not None else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function:
            for one in node.decorator_list:
                path = one.args[0] if isinstance(one, ast.Call) and one.args else None
                if (
                    isinstance(one, ast.Call)
                    and isinstance(one.func, ast.Attribute)
                    and isinstance(path, ast.Constant)
                    and str(path.value).startswith("/")
                ):
                    found.append((one.func.attr, str(path.value)))
    return tuple(found)


def _belongs_to_earlier(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """`@size.setter`, `@render.register`: a decorator of the first definition's own."""
    return any(ast.unparse(one).split("(")[0].startswith(f"{node.name}.") for one in node.decorator_list)


def is_pretended(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it does nothing but raise NotImplementedError, and is not declared abstract."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    abstract = any(ast.unparse(one).endswith("abstractmethod") for one in node.decorator_list)
    return ast.unparse(raised) == "NotImplementedError" and not abstract


def _binds(node: ast.AST, name: str, *, pretended: bool) -> bool:
    """A method, a class attribute, or an attribute of the instance."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name == name and (pretended or not is_pretended(node))
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Store) and node.attr == name
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name


def _lines(node: ast.stmt, indent: str, whole: Collection[str]) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign):
        line = ast.unparse(node)
        return [indent + (line if len(line) <= 100 else line[:97] + "...")]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name in whole:
            return [indent + line for line in ast.unparse(node).splitlines()]
        decorators = [f"{indent}@{ast.unparse(one)}" for one in node.decorator_list]
        documented = _docstring(node, indent + "    ")
        return [*decorators, f"{indent}{_head(node)}:{'' if documented else ' ...'}", *documented]
    if isinstance(node, ast.ClassDef):
        inner = [line for child in node.body for line in _lines(child, indent + "    ", whole)]
        return [
            f"{indent}{_head(node)}:",
            *_docstring(node, indent + "    "),
            *(inner or [f"{indent}    ..."]),
        ]
    return []


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{word} {node.name}({ast.unparse(node.args)}){returns}"


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, indent: str) -> list[str]:
    text = ast.get_docstring(node)
    return [f'{indent}"""{text.splitlines()[0]}"""'] if text else []
