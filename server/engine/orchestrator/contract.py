"""The contract: what the written files offer to a test, and what tests should be about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..agents.checks import TestBed
from ..brief.excerpt import is_run
from ..brief.signature import Signature, read_signature
from ..python.outline import constructors, public_names, signatures
from ..types import Plan, Traits
from .workshop import Files, Workshop, mentioned_names

_MOST_NAMES = 16
_MOST_SIGNATURES = 30
_GROUPS = 4
"""As many as an embedded model answers at once."""
_RUN = """import subprocess
import sys


def run(*args, stdin=""):
    command = [sys.executable, "{path}", *map(str, args)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=5)
    done.stdout, done.stderr = done.stdout.rstrip("\\n"), done.stderr.rstrip("\\n")
    return done"""
_COMMAND_LINE = (
    'what the command line of {script} prints, such as `run("ARG", stdin="TEXT").stdout`, or with a file '
    '`path = tmp_path / "a.txt"`, `path.write_text("TEXT")`, `run(path).stdout`',
    'the options of {script}, one by one, such as `run("--option", "ARG", stdin="TEXT").stdout`',
    'wrong use of {script}, such as `run("WRONG").returncode`, `run("WRONG").stdout`',
)
_CLIENT = """import importlib
import sys

from fastapi.testclient import TestClient


@pytest.fixture
def client():
    for name in [name for name in sys.modules if name.split(".")[0] in {modules}]:
        del sys.modules[name]
    return TestClient(importlib.import_module("{module}").app)"""
"""Every check begins with nothing stored: the modules that hold what is stored are loaded anew."""


@dataclass(frozen=True)
class Contract:
    bed: TestBed
    interface: tuple[str, ...]
    subjects: tuple[tuple[str, ...], ...]
    """Groups of what to check, each for one answer."""


def contract_of(shop: Workshop, plan: Plan, files: Files) -> Contract:
    """Names the brief gives are imported from the package that offers them, else from their module."""
    mentioned = mentioned_names(shop.traits)
    imports = ["import pytest"]
    names: list[str] = []
    offered: list[Signature] = []
    made: dict[str, str] = {}
    for planned in sorted(plan.files, key=lambda file: not file.path.endswith("__init__.py")):
        text = files[planned.path].text
        public = [name for name in public_names(text) if name not in names]
        wanted = ([name for name in public if name in mentioned] or public)[:_MOST_NAMES]
        if wanted:
            imports.append(f"from {module_name(planned.path)} import {', '.join(wanted)}")
            names += wanted
        offered += [one for line in signatures(text) if (one := read_signature(line))]
        made |= constructors(text)
    offered = _declared(shop.traits, [one for one in offered if (one.owner or one.name) in names])
    instances = {
        one.owner: f"{one.owner.lower()} = {one.owner}({made.get(one.owner, '')})"
        for one in offered
        if one.owner and not one.on_class
    }
    interface = list(dict.fromkeys(_as_called(one, instances) for one in offered))
    subjects = _subjects(names, offered, instances)
    shared = imports
    if "fastapi" in plan.packages and "app" in names:
        modules = sorted({module_name(planned.path).split(".")[0] for planned in plan.files})
        home = next(planned.path for planned in plan.files if "app" in public_names(files[planned.path].text))
        shared.append(_CLIENT.format(modules=modules, module=module_name(home)))
        names.append("client")
        subjects = [
            ["the HTTP API, creating and reading, such as `client.get(...).json()`"],
            ["the HTTP API, changing and deleting, such as `client.put(...).json()`"],
            ["the HTTP API, lists, filters and limits, such as `client.get(...).json()`"],
            ["the HTTP API, refused input, such as `client.post(...).status_code`"],
        ]
    elif script := _script(shop, plan):
        shared.append(_RUN.format(path=script))
        names.append("run")
        subjects += [[aspect.format(script=script)] for aspect in _COMMAND_LINE]
    return Contract(
        bed=TestBed(shared="\n".join(shared), names=tuple(names)),
        interface=tuple(interface[:_MOST_SIGNATURES]),
        subjects=tuple(tuple(group) for group in subjects),
    )


def module_name(path: str) -> str:
    parts = path.removeprefix("src/").removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _script(shop: Workshop, plan: Plan) -> str:
    """The file the brief runs from the command line, if it does."""
    for planned in plan.files:
        if is_run(shop.brief.text, planned.path):
            return planned.path
    return ""


def _declared(traits: Traits, offered: Sequence[Signature]) -> list[Signature]:
    """Of what the files offer what the brief declares; all if it declares none of it."""
    declared = {one.full_name for line in traits.signatures if (one := read_signature(line))}
    kept = [one for one in offered if one.full_name in declared]
    return kept if any(not one.is_class for one in kept) else list(offered)


def _as_called(one: Signature, instances: Mapping[str, str]) -> str:
    """How a test writes it: a method after an object, not after its class."""
    if one.is_class:
        return instances.get(one.name, one.line)
    if one.owner in instances and not one.on_class:
        return f"{one.owner.lower()}.{one.name}({one.params})"
    return one.line.replace("(cls, ", "(").replace("(cls)", "()")


def _subjects(
    names: Sequence[str], offered: Sequence[Signature], instances: Mapping[str, str]
) -> list[list[str]]:
    """Functions and methods, dealt into a few groups; a single one is asked for twice, differently."""
    found = {f"`{_as_called(one, instances).split('(')[0]}`": one for one in offered if not one.is_class}
    called = [text.removeprefix("`def ").removeprefix("`async def ").strip("`") for text in found]
    subjects = [f"`{text}`" for text in called] or [f"`{name}`" for name in names]
    if not subjects:
        return []
    if len(subjects) == 1:
        return [[f"ordinary uses of {subjects[0]}"], [f"error cases and limits of {subjects[0]}"]]
    count = min(_GROUPS, len(subjects))
    groups = [subjects[index::count] for index in range(count)]
    owners = [one.owner for one in found.values()]
    for index, group in enumerate(groups):
        needed = dict.fromkeys(instances[owner] for owner in owners[index::count] if owner in instances)
        if needed:
            begun = " and ".join(f"`{line}`" for line in needed)
            group[-1] += f", as one story that begins with {begun} and first makes what later lines need"
    return groups
