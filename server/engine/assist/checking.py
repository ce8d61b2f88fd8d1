"""What a function is run against: the examples in its docstring, and checks that a model is asked for."""

import ast
import textwrap
from collections.abc import Sequence

from ..agents.checks import Check, TestBed, examples
from ..agents.tester import write_checks
from ..errors import AnswerError, ModelError
from ..orchestrator.contract import module_name
from ..python.hidden import without_secrets
from ..python.outline import constructors, signatures
from ..python.place import Place, split
from ..python.regions import regions
from ..python.syntax import parsed
from ..types import Brief, Wish
from .desk import Desk

ENOUGH = 3
"""Examples and tests of the user's own, from which on no model is asked for checks."""
_TOKENS = 320
_MOST_LINES = 80
_BOUND = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def bed_of(wish: Wish, text: str) -> TestBed:
    """Everything that the file defines at its top level, imported."""
    names = sorted(_defined(text))
    lines = ["import pytest"]
    if names:
        lines.append(f"from {module_name(wish.path)} import {', '.join(names)}")
    return TestBed(shared="\n".join(lines), names=tuple(names))


def about(text: str, place: Place) -> str:
    """The function as a brief: its class's head, its own head, its docstring and the comments above it."""
    lines = split(text)
    above = place.first
    while above and lines[above - 1].strip().startswith("#"):
        above -= 1
    code = "".join(lines[above : place.first] + lines[place.first : place.body])
    comments = "" if not place.is_stub else "".join(
        line for line in lines[place.body : place.end] if line.strip().startswith("#")
    )  # fmt: skip
    owner = place.name.rpartition(".")[0]
    head = f"class {owner}:\n" if owner else ""
    return without_secrets(f"{head}{code.rstrip()}\n{comments}{place.indent}    ...\n")


def examples_of(bed: TestBed, stub: str) -> tuple[Check, ...]:
    """Examples that the docstring or the comments give."""
    found = {check.key: check for check in examples(bed, stub)}
    return tuple(found.values())


async def ask_for_checks(
    desk: Desk, wish: Wish, text: str, place: Place, bed: TestBed, *, count: int = 2, whole: bool = False
) -> tuple[Check, ...]:
    """Checks that a model writes from the stub, or from the code if it sees it `whole`; none where it cannot.

    Raises BudgetError.
    """
    code = _home(text, place) if whole else about(text, place)
    brief = Brief(text=f"This stands in `{wish.path}`:\n\n```python\n{code.rstrip()}\n```")
    owner, _, name = place.name.rpartition(".")
    made = without_secrets(f"{owner.lower()} = {owner}({constructors(text).get(owner, '')})") if owner else ""
    called = f"{owner.lower()}.{name}" if owner else name
    story = f", as one story that begins with `{made}`" if made else ""
    subjects = [f"ordinary uses of `{called}`{story}", f"error cases and limits of `{called}`{story}"]
    others = [_as_called(line, owner) for line in signatures(text) if owner and line.startswith(f"{owner}.")]
    interface = list(dict.fromkeys(line for line in (made, _head(place, called), *others) if line))
    try:
        written = await write_checks(
            desk.gateway,
            brief,
            bed,
            interface=interface,
            subjects=[[subject] for subject in subjects[:count]],
            max_tokens=desk.tokens(_TOKENS),
        )
    except (AnswerError, ModelError):
        return ()
    # Whatever values it uses: it is a model's claim, and the user's own examples are read without one.
    return tuple(check.model_copy(update={"anchored": False}) for check in written)


def _home(text: str, place: Place) -> str:
    """The function with its code, in its class; alone where the class is long."""
    span = next((one for one in regions(text) if one.name == place.name.partition(".")[0]), None)
    first, end = (span.first - 1, span.last) if span else (place.first, place.end)
    if end - first > _MOST_LINES:
        first, end = place.first, place.end
    return without_secrets(textwrap.dedent("".join(split(text)[first:end])))


def _as_called(line: str, owner: str) -> str:
    """`Stack.push(item: int) -> None` as a story writes it: `stack.push(item: int) -> None`."""
    return without_secrets(owner.lower() + line.removeprefix(owner))


def only_about(checks: Sequence[Check], place: Place) -> tuple[Check, ...]:
    """Those that call the function."""
    name = place.name.rpartition(".")[2]
    top = place.name.partition(".")[0]
    special = name.startswith("__")
    return tuple(one for one in checks if any(name in line or (special and top in line) for line in one.body))


def _head(place: Place, called: str) -> str:
    returns = f" -> {ast.unparse(place.node.returns)}" if place.node.returns else ""
    args = ast.unparse(place.node.args)
    if "." in place.name:
        args = args.partition(",")[2].strip()
    return without_secrets(f"{called}({args}){returns}")


def _defined(text: str) -> set[str]:
    tree = parsed(text)
    found: set[str] = set()
    for node in tree.body if tree else ():
        if isinstance(node, _BOUND):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return {name for name in found if name != "_" and not name.startswith("test")}
