"""A script that defines its `main` and never calls it, as models leave it when they copy a skeleton."""

import ast

from .syntax import after_docstring, parsed

_GUARD = '\n\nif __name__ == "__main__":\n    sys.exit(main({arguments}))\n'


def runnable(code: str) -> str:
    """The code with the call of `main` that a script ends with, if it has a `main` and no such call."""
    tree = parsed(code)
    if tree is None or any(
        isinstance(node, ast.If) and "__name__" in ast.unparse(node.test) for node in tree.body
    ):
        return code
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    called = any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "main"
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
    )
    if not mains or called:
        return code
    arguments = mains[-1].args
    needed = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if needed > 1:
        return code
    imported = "" if "import sys" in code else "import sys\n"
    at = after_docstring(tree)
    lines = code.rstrip().splitlines()
    whole = "\n".join([*lines[:at], *([imported.strip()] if imported else []), *lines[at:]])
    return whole + _GUARD.format(arguments="sys.argv[1:]" if needed else "")
