"""Interfaces: which file defines what.

What the brief declares stands as the brief writes it; a draft may say where it goes, and may add to it. A
class is at home where the brief says so (`bank.py` (class Bank)), else where the draft puts it, else in the
file that has its name, or the name `errors.py`; its methods go with it.
"""

import builtins
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from ..brief.signature import Signature, read_signature
from ..python.skeleton import text_of
from ..types import Brief, Traits

_MOST_LINES = 40
_ERROR_FILES = ("errors", "exceptions", "error")


def interfaces(
    drafted: Mapping[str, Sequence[str]], brief: Brief, traits: Traits
) -> dict[str, tuple[str, ...]]:
    """For each file its interface, one line each: classes, each with its methods, then functions."""
    modules = [path for path in drafted if PurePosixPath(path).name != "__init__.py"] or list(drafted)
    proposed = {path: _proposed(drafted[path]) for path in modules}
    declared = [signature for line in traits.signatures if (signature := read_signature(line))]
    names = {signature.name for signature in declared}
    described = {signature.owner for signature in declared}
    found: dict[str, list[Signature]] = {path: [] for path in drafted}
    homes: dict[str, str] = {}
    for signature in sorted(declared, key=lambda one: (not one.is_class, bool(one.owner))):
        if not signature.owner and (signature.is_class or not hasattr(builtins, signature.name)):
            homes[signature.name] = _home(signature, brief, modules, proposed)
            found[homes[signature.name]].append(signature)
    for path, signatures in proposed.items():
        for signature in signatures:
            if signature.name in names or (signature.owner and signature.owner in described):
                continue  # the brief says what it is
            if signature.head:
                homes.setdefault(signature.name, path)
            found[path].append(signature)
    for signature in declared:
        if signature.owner:
            home = homes.get(signature.owner) or _home(signature, brief, modules, proposed)
            if signature.owner not in homes:
                homes[signature.owner] = home
                found[home].append(Signature(name=signature.owner, is_class=True))
            found[home].append(signature)
    return {path: _lines(signatures) for path, signatures in found.items()}


def needs(interface: Mapping[str, Sequence[str]], brief: str) -> dict[str, tuple[str, ...]]:
    """For each file the others that it speaks of: by a class's name, or in code by a function's.

    A file of nothing but error classes needs no other, and every other may raise what it has.
    """
    homes = {
        signature: path
        for path, lines in interface.items()
        for line in lines
        if (signature := read_signature(line)) and not signature.owner
    }
    found: dict[str, dict[str, None]] = {path: {} for path in interface}
    errors = [path for path, lines in interface.items() if lines and only_errors(lines)]
    for path, lines in interface.items():
        signatures = [one for line in lines if (one := read_signature(line))]
        if path in errors:
            continue
        found[path] = dict.fromkeys(errors)
        own = " ".join(text_of(one, brief) for one in signatures)
        for other, home in homes.items():
            if home != path and _speaks_of(own, other):
                found[path][home] = None
    return {path: tuple(others) for path, others in found.items()}


def only_errors(lines: Iterable[str]) -> bool:
    """Whether a file defines nothing but error classes."""
    signatures = [read_signature(line) for line in lines]
    errors = {one.name for one in signatures if one and one.is_error}
    return all(one is not None and (one.owner or one.name) in errors for one in signatures)


def _speaks_of(text: str, signature: Signature) -> bool:
    name = re.escape(signature.name)
    if signature.is_class:
        return re.search(rf"\b{name}s?\b", text, re.IGNORECASE) is not None
    return re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", text) is not None


def _proposed(lines: Iterable[str]) -> list[Signature]:
    """A draft's lines; a method that is written without its class belongs to the class above it."""
    found: list[Signature] = []
    owner = ""
    for line in lines:
        signature = read_signature(line)
        if signature is None:
            continue
        if signature.is_class:
            owner = signature.name
        elif not signature.owner and re.search(r"\(\s*(self|cls)\b", line):
            if not owner:
                continue
            signature = signature.model_copy(update={"owner": owner})
        found.append(signature)
    return found


def _home(
    signature: Signature, brief: Brief, modules: list[str], proposed: Mapping[str, Sequence[Signature]]
) -> str:
    name = signature.owner or signature.name
    said = re.search(rf"`([\w./-]+\.py)`[^`.;]{{0,40}}\bclass(?:es)?\s+`?{re.escape(name)}\b", brief.text)
    if said and said[1] in modules:
        return said[1]
    drafted = next((path for path, own in proposed.items() if any(one.head == name for one in own)), "")
    if not signature.is_class:
        return drafted or _named_before(signature, brief, modules)
    stems = _ERROR_FILES if signature.is_error else (name.lower(), f"{name.lower()}s")
    alike = next((path for path in modules if PurePosixPath(path).stem.replace("_", "") in stems), "")
    return alike or drafted or _named_before(signature, brief, modules)


def _named_before(signature: Signature, brief: Brief, modules: list[str]) -> str:
    """The module that the brief names last before the name; the last module if there is none."""
    name = re.escape(signature.name)
    place = re.search(rf"\b{name}\(", brief.text) or re.search(rf"\b{name}\b(?!\.py)", brief.text)
    before = brief.text[: place.start()] if place else ""
    return max(modules, key=lambda path: (before.rfind(path), modules.index(path)))


def _lines(signatures: Sequence[Signature]) -> tuple[str, ...]:
    classes = [one for one in signatures if one.is_class]
    names = [one.name for one in classes]
    ordered: list[Signature] = []
    for one in sorted(classes, key=lambda one: (not one.is_error, one.bases in names)):
        ordered += [one, *(method for method in signatures if method.owner == one.name)]
    ordered += [one for one in signatures if one not in ordered]
    return tuple(dict.fromkeys(one.line for one in ordered))[:_MOST_LINES]
