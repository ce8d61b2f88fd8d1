"""The skeleton of a file: its interface as code, with the brief's own words where the bodies will be."""

import ast
from collections.abc import Sequence

from ..brief.excerpt import about_class, about_command, docstring, is_run, rules
from ..brief.given import given_code
from ..brief.signature import Signature, read_signature
from .command import parser_lines

_GUARD = 'if __name__ == "__main__":\n    sys.exit(main())'


def skeleton(interface: Sequence[str], brief: str, path: str = "") -> str:
    """Classes with their methods, and functions; empty if a line of the interface is none of these.

    What the brief gives as code stands as it is given.

    A file that the brief runs from the command line has a `main` for that.
    """
    found = [read_signature(line) for line in interface]
    signatures = [one for one in found if one is not None]
    if not signatures or len(signatures) < len(found):
        return ""
    code = given_code(brief)
    parts = []
    for one in signatures:
        if one.head and (given := code.of(one.name)) is not None:
            parts.append(given.source)
        elif one.is_class:
            methods = [method for method in signatures if method.owner == one.name]
            parts.append(_class(one, methods, brief))
        elif not one.owner:
            parts.append(f"{head(one)}\n{docstring(text_of(one, brief))}")
    if path and is_run(brief, path):
        if not any(one.head == "main" for one in signatures):
            parts.append(f"def main(argv=None):\n{command_body(brief, path)}")
        parts.append(_GUARD)
    has_given = any(one.head and code.of(one.name) for one in signatures)
    return "\n\n\n".join([code.besides, *parts] if has_given and code.besides else parts)


def command_body(brief: str, path: str) -> str:
    """The beginning of `main`: what the brief says, and the arguments where a usage line gives them."""
    lines = "".join(f"\n    {line}" for line in parser_lines(brief, path))
    lines += "\n    ..." if lines else ""
    return docstring(about_command(brief, path)) + lines


def text_of(one: Signature, brief: str) -> str:
    """What the brief says of a class, or of a function or method and its parameters."""
    code = given_code(brief)
    given = code.of(one.full_name)
    return "\n\n".join(filter(None, (given.words if given else "", _said(one, code.outside))))


def _said(one: Signature, brief: str) -> str:
    if one.is_class:
        return about_class(brief, one.name)
    return "" if one.name.startswith("__") else rules(brief, one.name, _parameters(one))


def head(one: Signature) -> str:
    """The `def` line; a method's has its receiver."""
    receiver = ("cls" if one.on_class else "self") if one.owner else ""
    params = ", ".join(filter(None, (receiver, one.params)))
    returns = f" -> {one.returns}" if one.returns else ""
    return f"{'async ' if one.is_async else ''}def {one.name}({params}){returns}:"


def unwritten(one: Signature) -> str:
    """A method in its class, without its body."""
    decorator = "    @classmethod\n" if one.on_class else ""
    return f"class {one.owner}:\n{decorator}    {head(one)}\n        raise NotImplementedError\n"


def _class(one: Signature, methods: Sequence[Signature], brief: str) -> str:
    text = text_of(one, brief)
    parts = [docstring(text)] if text else []
    for method in sorted(methods, key=lambda method: method.name != "__init__"):
        decorator = "    @classmethod\n" if method.on_class else ""
        words = docstring(text_of(method, brief), indent="        ")
        parts.append(f"{decorator}    {head(method)}\n{words}")
    line = f"{one.line}(Exception)" if one.is_error and not one.bases else one.line
    return f"{line}:\n" + ("\n\n".join(parts) or "    ...")


def _parameters(one: Signature) -> tuple[str, ...]:
    try:
        function = ast.parse(f"def f({one.params}): ...").body[0]
    except SyntaxError:
        return ()
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    return tuple(arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
