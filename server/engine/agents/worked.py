"""Worked examples: how a program of some kind is written, shown to a model beside the specification.

A small model that is told a rule forgets it; shown code that follows the rule, it writes such code (few-shot
prompting, arXiv 2005.14165). Each example is about crates or parcels, which no brief is about, and says how
programs of its kind are usually written and nothing of what a brief asks for. Which ones fit is seen from
what a file has to define and from the brief's words; more than two would drown the brief.
"""

import re
from collections import Counter
from collections.abc import Iterator

from ..brief.excerpt import is_run
from ..brief.signature import Signature, read_signature
from ..types import Brief, Plan, PlannedFile
from .prompts import worked_example

_MOST = 2
_COMMAND = "command"
_METHODS = 3
"""So many make a class one that keeps something."""
_NOTATION = re.compile(r"\b(?:pars(?:e[rsd]?|ing)|notations?|expressions?|numerals?|syntax)\b", re.IGNORECASE)
_NESTED = re.compile(r"\b(?:nested|nesting|recursive(?:ly)?|JSON (?:document|value)s?)\b", re.IGNORECASE)
_RAISES = re.compile(r"\braises?\b")


def worked_examples(brief: Brief, plan: Plan, planned: PlannedFile, target: str = "") -> str:
    """Examples for one file of the plan, or for one function of it, as one text; empty where none fits."""
    fitting = [kind for kind in kinds(brief, plan, planned) if not target or _is_about(kind, target)]
    found = (text for kind in fitting if (text := worked_example(kind)))
    return "\n\n".join(text for text, _ in zip(found, range(_MOST), strict=False))


def kinds(brief: Brief, plan: Plan, planned: PlannedFile) -> Iterator[str]:
    """What kinds of program the file is, those that shape it most first."""
    yield from plan.packages
    signatures = [one for line in planned.interface if (one := read_signature(line))]
    functions = [one for one in signatures if one.head and not one.is_class]
    if is_run(brief.text, planned.path) or any(one.name == "main" for one in functions):
        yield _COMMAND
    if _keeps_records(signatures):
        yield "records"
    if any(one.name != "main" for one in functions):
        if _NESTED.search(brief.text):
            yield "nested"
        elif _NOTATION.search(brief.text) and _RAISES.search(brief.text):
            yield "notation"


def _is_about(kind: str, target: str) -> bool:
    return (kind == _COMMAND) == (target == "main")


def _keeps_records(signatures: list[Signature]) -> bool:
    methods = Counter(one.owner for one in signatures if one.owner and not one.name.startswith("__"))
    return any(count >= _METHODS for count in methods.values())
