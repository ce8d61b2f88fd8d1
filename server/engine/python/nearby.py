"""Nearby programs: a function with one small thing done differently.

Code that fails an example is often right but for a separator, a bound, a sign or a guard that another draft
has. Running a thousand such neighbours costs less than one more answer of a model (program repair by search:
GenProg, ICSE 2009; the redundancy of repairs, arXiv 1403.6322).
"""

import ast
import contextlib
import copy
from collections.abc import Iterator, Sequence

from .place import Function
from .syntax import parsed

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq, ast.GtE, ast.LtE),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COUNTED: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Pow, ast.FloorDiv),
    ast.Div: (ast.FloorDiv, ast.Mult),
    ast.FloorDiv: (ast.Div, ast.Mod),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
}
_SEPARATORS = ("", " ", ", ", ",", "-", "\n", "_")
_SHORT = 12
_WRAPPED = ("sorted", "list", "tuple", "set", "str", "int", "float", "abs", "len", "sum", "bool", "round")
_METHODS = (("lower", "upper"), ("strip", "rstrip"), ("append", "extend"), ("find", "index"), ("min", "max"))
_SWAPPED = {one: other for pair in _METHODS for one, other in (pair, pair[::-1])}


def nearby(code: str, target: str, others: Sequence[str] = (), words: Sequence[str] = ()) -> Iterator[str]:
    """The code with one thing done differently in `target`, `function` or `Class.method`. `others` are
    versions of the code whose statements may be taken over, `words` what its texts may be. What is nested too
    deeply has none.
    """
    with contextlib.suppress(RecursionError):
        yield from _nearby(code, target, others, words)


def _nearby(code: str, target: str, others: Sequence[str], words: Sequence[str]) -> Iterator[str]:
    tree = parsed(code)
    found = _find(tree, target) if tree is not None else None
    if tree is None or found is None:
        return
    known = {ast.unparse(tree)}
    for changed in (*_edited(found, words), *_grafted(found, others, target)):
        body, found.body = found.body, changed.body
        try:
            text = ast.unparse(ast.fix_missing_locations(tree))
        finally:
            found.body = body
        if text not in known:
            known.add(text)
            yield text


def _find(tree: ast.Module, target: str) -> Function | None:
    owner, _, name = target.rpartition(".")
    body: list[ast.stmt] = tree.body
    if owner:
        home = next((one for one in body if isinstance(one, ast.ClassDef) and one.name == owner), None)
        body = home.body if home else []
    return next((one for one in body if isinstance(one, Function) and one.name == name), None)


def _statements(function: Function) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function) is not None else function.body


# -- one edit ------------------------------------------------------------------------------------------


def _edited(function: Function, words: Sequence[str]) -> Iterator[Function]:
    """Copies with one edit. Nodes are counted, so that the same one is found in each copy."""
    names = _names(function)
    texts = tuple(dict.fromkeys([*_SEPARATORS, *words]))
    for number, node in enumerate(_inside(function)):
        for change in range(_changes(node, names, texts)):
            other = copy.deepcopy(function)
            if _change(_inside(other)[number], change, names, texts):
                yield other
    for number, node in enumerate([function, *_inside(function)]):
        for block in ("body", "orelse"):
            statements = getattr(node, block, None)
            first = len(function.body) - len(_statements(function)) if node is function else 0
            for index in range(first, len(statements) if isinstance(statements, list) else 0):
                for edit in (_drop, _swap, _leave, _turn):
                    other = copy.deepcopy(function)
                    same = [other, *_inside(other)][number]
                    if edit(other, same, getattr(same, block), index):
                        yield other


def _inside(function: Function) -> list[ast.AST]:
    """What its statements are made of, its words left out."""
    return [node for statement in _statements(function) for node in ast.walk(statement)]


def _names(function: Function) -> list[str]:
    """What the function binds: parameters and variables."""
    bound = [arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)]
    bound += [
        one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    ]
    return list(dict.fromkeys(name for name in bound if name not in {"self", "cls"}))


def _changes(node: ast.AST, names: Sequence[str], texts: Sequence[str]) -> int:
    """How many ways there are to change a node itself."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return len(_COMPARED.get(type(node.ops[0]), ())) + 1
    if isinstance(node, ast.BinOp):
        return len(_COUNTED.get(type(node.op), ())) + 1
    if isinstance(node, ast.AugAssign):
        return len(_COUNTED.get(type(node.op), ()))
    if isinstance(node, ast.BoolOp | ast.If | ast.While | ast.IfExp):
        return 1
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            return 1
        if isinstance(node.value, int):
            return 4
        return len(texts) if isinstance(node.value, str) and len(node.value) <= _SHORT else 0
    if isinstance(node, ast.Return) and node.value is not None:
        return len(_WRAPPED) + 2
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        return 2 * len(node.args)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        return 1 + (node.func.id in _SWAPPED)
    if isinstance(node, ast.Attribute):
        return int(node.attr in _SWAPPED)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        return len(names)
    return 0


def _change(node: ast.AST, change: int, names: Sequence[str], texts: Sequence[str]) -> bool:
    """Changes a node in the way of that number; whether it is another one now."""
    if isinstance(node, ast.Compare):
        ways = _COMPARED.get(type(node.ops[0]), ())
        if change < len(ways):
            node.ops = [ways[change]()]
        else:
            node.left, node.comparators = node.comparators[0], [node.left]
    elif isinstance(node, ast.BinOp):
        kinds = _COUNTED.get(type(node.op), ())
        if change < len(kinds):
            node.op = kinds[change]()
        else:
            node.left, node.right = node.right, node.left
    elif isinstance(node, ast.AugAssign):
        node.op = _COUNTED[type(node.op)][change]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Constant):
        return _constant(node, change, texts)
    elif isinstance(node, ast.Return) and node.value is not None:
        if change < len(_WRAPPED):
            node.value = ast.Call(ast.Name(_WRAPPED[change], ast.Load()), [node.value], [])
        else:
            node.value = ast.UnaryOp((ast.USub(), ast.Not())[change - len(_WRAPPED)], node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        at, less = divmod(change, 2)
        node.args[at] = ast.BinOp(node.args[at], ast.Sub() if less else ast.Add(), ast.Constant(1))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if change:
            node.func.id = _SWAPPED[node.func.id]
        else:
            node.func, node.args = ast.Name("str", ast.Load()), [copy.deepcopy(node.args[0])]
    elif isinstance(node, ast.Attribute):
        node.attr = _SWAPPED[node.attr]
    elif isinstance(node, ast.Name):
        node.id = names[change]
    else:
        return False
    return True


def _constant(node: ast.Constant, change: int, texts: Sequence[str]) -> bool:
    before = node.value
    if isinstance(before, bool):
        node.value = not before
    elif isinstance(before, int):
        node.value = (before + 1, before - 1, 0, -before)[change]
    else:
        node.value = texts[change]
    return node.value != before


# -- statements ----------------------------------------------------------------------------------------


def _drop(_function: Function, _node: ast.AST, statements: list[ast.stmt], index: int) -> bool:
    statements[index : index + 1] = [] if len(statements) > 1 else [ast.Pass()]
    return True


def _swap(_function: Function, _node: ast.AST, statements: list[ast.stmt], index: int) -> bool:
    if index + 1 >= len(statements):
        return False
    statements[index : index + 2] = statements[index : index + 2][::-1]
    return True


def _turn(_function: Function, _node: ast.AST, statements: list[ast.stmt], index: int) -> bool:
    """A loop goes on where it ended, or ends."""
    one = statements[index]
    if not isinstance(one, ast.Break | ast.Continue):
        return False
    statements[index] = ast.Continue() if isinstance(one, ast.Break) else ast.Break()
    return True


def _leave(function: Function, node: ast.AST, statements: list[ast.stmt], index: int) -> bool:
    """The last statement of a block goes behind the block: what ends a loop too early."""
    if index != len(statements) - 1 or index == 0 or node is function:
        return False
    for parent in ast.walk(function):
        for block in ("body", "orelse"):
            around = getattr(parent, block, None)
            if isinstance(around, list) and node in around:
                around.insert(around.index(node) + 1, statements.pop())
                return True
    return False


def _grafted(function: Function, others: Sequence[str], target: str) -> Iterator[Function]:
    """Copies with a statement of another version at the beginning, or in the place of one of theirs."""
    mine = {ast.unparse(one) for one in function.body}
    offset = len(function.body) - len(_statements(function))
    for code in others:
        tree = parsed(code)
        donor = _find(tree, target) if tree is not None else None
        for given in _statements(donor) if donor else ():
            if ast.unparse(given) in mine:
                continue
            for index in range(offset, len(function.body)):
                for cut in (0, 1):
                    other = copy.deepcopy(function)
                    other.body[index : index + cut] = [copy.deepcopy(given)]
                    yield other
