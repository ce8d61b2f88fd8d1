"""How much of what is asked for a brief leaves open, and how large it is; measured, not understood."""

import re
from collections.abc import Sequence
from typing import Literal

from .signature import Signature
from .words import Telling

_WISHES = """
    something some cool nice great better improve good beautiful easy simple-to-use productive insight*
    stuff thing things app maybe etc various appropriate* suitable* user-friendly powerful modern website
    features helps help tool irgendwas irgendwie schön* algo quelque avvisa
    """
_PARTS = """
    website app application platform service package system react frontend front-end microservice*
    everything features ai anwendung plattform
    """
_ONE_FUNCTION = """function fonction funktion función funzione função functie"""
_WORDS = Telling({"wish": _WISHES, "parts": _PARTS, "function": _ONE_FUNCTION})
_SHOWN = re.compile(r"^\s*(?:async )?def \w+\(|\)\s*->\s", re.MULTILINE)
_EXAMPLE = re.compile(
    r"^\s*>>> |`[^`\n]+\([^`\n]*\)`\s+(?:is|gives?|returns?|ist|est|es|ergibt|->|==|=)\s", re.MULTILINE
)
_CALL = re.compile(r"(?<![\w`.])([a-z_]\w*)\(([a-z_][\w, ]*)\)")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
_USAGE = re.compile(r"`[^`]{0,200}\b[A-Z]{2,}\b[^`]{0,200}`")
_GIVEN = re.compile(r"^\s*(?:given|sort|convert|parse)\b", re.IGNORECASE)
_ONE = re.compile(
    r"\b(?:a|one|une|eine|una|uma|een|un)\s+(?:\w+\s+)?(?:function|fonction|funktion|función|funzione|função|functie)\b"
)
Size = Literal["function", "module", "project"]
Clearness = Literal["clear", "open", "vague"]
_FEW_WORDS = 9
_CLEAR, _VAGUE = 0.33, 0.62


def ambiguity_of(text: str, words: Sequence[str], signatures: Sequence[Signature], rules: int) -> float:
    """0 to 1: names with parameters, examples, options and rules make it less, wishes make it more."""
    called = [one for one in signatures if one.params or not one.is_class]
    told = 0.0
    told += 0.45 * bool(called or _SHOWN.search(text)) or 0.35 * bool(_CALL.search(text))
    told += 0.15 * bool(_EXAMPLE.search(text))
    told += 0.25 * (len(set(_OPTION.findall(text))) > 1) + 0.2 * bool(_USAGE.search(text))
    told += min(rules, 6) * 0.04
    wishes = sum("wish" in _WORDS.told_by(word) for word in set(words))
    short = len(words) < _FEW_WORDS and not told
    return round(min(1.0, max(0.0, 0.55 - told + 0.12 * min(wishes, 4) + 0.2 * short)), 3)


def size_of(text: str, words: Sequence[str], signatures: Sequence[Signature], modules: int) -> Size:
    """`function`, `module` or `project`: how much code it will be, in kinds."""
    told = {one for word in set(words) for one in _WORDS.told_by(word)}
    functions = [one for one in signatures if not one.is_class and not one.owner]
    classes = [one for one in signatures if one.is_class or one.owner]
    if modules > 1 or (not signatures and "parts" in told):
        return "project"
    if classes or len(functions) > 1:
        return "module"
    if (
        functions
        or _SHOWN.search(text)
        or _ONE.search(text.lower())
        or _GIVEN.match(text)
        or len(_CALL.findall(text)) == 1
    ):
        return "function"
    return "module"


def level_of_ambiguity(ambiguity: float) -> Clearness:
    """`clear`, `open` or `vague`."""
    return "clear" if ambiguity <= _CLEAR else "open" if ambiguity < _VAGUE else "vague"
