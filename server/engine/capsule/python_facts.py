"""What Python source says of itself without being run: entry points, environment, ports, health check."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..python.syntax import parsed

_LISTENERS = frozenset(
    {
        "run",
        "run_app",
        "run_simple",
        "serve",
        "bind",
        "listen",
        "start_server",
        "create_server",
        "make_server",
        "TCPServer",
        "ThreadingTCPServer",
        "UDPServer",
        "HTTPServer",
        "ThreadingHTTPServer",
    }
)
_HEALTH_ROUTES = ("/health", "/healthz", "/livez", "/ready", "/readyz")


@dataclass(frozen=True)
class PythonFacts:
    runs: bool = False
    """It has `if __name__ == "__main__":`."""
    env: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    health: str = ""


def read_python(text: str) -> PythonFacts:
    """Facts about one module; none if it does not parse."""
    if (tree := parsed(text)) is None:
        return PythonFacts()
    nodes = tuple(ast.walk(tree))
    constants = _constants(nodes)
    ports = frozenset(_ports(nodes, constants))
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return PythonFacts(
        runs=any(_is_main_guard(node) for node in tree.body),
        env=frozenset(_env(nodes, constants)),
        ports=ports,
        health=next((route for route in _HEALTH_ROUTES if route in strings), ""),
    )


def _is_main_guard(node: ast.stmt) -> bool:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    return "__name__" in names and "__main__" in values


def _constants(nodes: tuple[ast.AST, ...]) -> Mapping[str, ast.expr]:
    """What a name most plainly stands for: an assignment, a parameter's default, an option's default."""
    known: dict[str, ast.expr] = {}
    for node in nodes:
        for name, value in _bindings(node):
            known.setdefault(name, value)
    return known


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        yield node.target.id, node.value
    elif isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        defaulted = positional[len(positional) - len(node.defaults) :]
        yield from ((arg.arg, value) for arg, value in zip(defaulted, node.defaults, strict=True))
        keyword = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        yield from ((arg.arg, value) for arg, value in keyword if value is not None)
    elif isinstance(node, ast.Call) and _called(node) == "add_argument":
        default = next((k.value for k in node.keywords if k.arg == "default"), None)
        flags = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if default is not None and flags:
            yield flags[-1].lstrip("-").replace("-", "_"), default


def _called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


# -- environment variables ---------------------------------------------------------------------


def _env(nodes: tuple[ast.AST, ...], constants: Mapping[str, ast.expr]) -> Iterator[str]:
    for node in nodes:
        for name in _env_names(node):
            if isinstance(name, ast.Name):
                name = constants.get(name.id, name)
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value:
                yield name.value


def _env_names(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Subscript) and _is_environ(node.value):
        yield node.slice
    elif isinstance(node, ast.Compare) and any(_is_environ(side) for side in node.comparators):
        yield node.left
    elif isinstance(node, ast.Call) and node.args:
        reads = isinstance(node.func, ast.Attribute) and _is_environ(node.func.value)
        if (reads and _called(node) in {"get", "pop", "setdefault"}) or _called(node) == "getenv":
            yield node.args[0]


def _is_environ(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (
        isinstance(node, ast.Name) and node.id == "environ"
    )


# -- ports -------------------------------------------------------------------------------------


def _ports(nodes: tuple[ast.AST, ...], constants: Mapping[str, ast.expr]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in _LISTENERS:
            for place in _port_arguments(node):
                port = _number(place, constants)
                if port is not None and 0 < port < 65536:
                    yield port


def _port_arguments(node: ast.Call) -> Iterator[ast.expr]:
    yield from (keyword.value for keyword in node.keywords if keyword.arg == "port")
    for argument in [*node.args, *(k.value for k in node.keywords if k.arg == "server_address")]:
        if isinstance(argument, ast.Tuple) and len(argument.elts) == 2:
            yield argument.elts[1]
    if _called(node) in {"start_server", "create_server", "make_server"}:
        yield from (a for a in node.args if not isinstance(a, ast.Tuple))


def _number(node: ast.expr, constants: Mapping[str, ast.expr], depth: int = 4) -> int | None:
    """The integer an expression stands for, through names, `int(...)` and a variable's default."""
    if depth == 0:
        return None
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            return node.value
        return int(node.value) if isinstance(node.value, str) and node.value.isdecimal() else None
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return _number(constants[name], constants, depth - 1) if name in constants else None
    if isinstance(node, ast.Call) and node.args and _called(node) in {"int", "get", "getenv"}:
        return _number(node.args[-1], constants, depth - 1)
    return None
