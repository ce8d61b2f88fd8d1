"""What of a brief speaks for a pattern, in words, and what would make the brief easier to get right."""

from collections.abc import Iterator

from ..types import PatternName, Traits

_MANY_NAMES = 4
_MANY_LIMITS = 3
_LARGE_FILES = 1


def fits(name: PatternName, traits: Traits) -> str:
    """Empty where nothing of the brief speaks for it."""
    modules = sum(path.endswith(".py") for path in traits.paths)
    match name:
        case "abstraction" if modules > _LARGE_FILES:
            return f"{modules} files must agree on their names"
        case "abstraction" if len(traits.signatures) >= _MANY_NAMES:
            return f"{len(traits.signatures)} names must agree"
        case "uncertainty" if traits.clearness != "clear":
            return "the brief leaves things open: answers will differ"
        case "uncertainty" if traits.level != "simple":
            return f"a {traits.level} brief: a single answer is seldom right in all of it"
        case "dialectical" if traits.level != "simple":
            return "with many rules, candidates that pass the same checks may differ elsewhere"
        case "constraint" if len(traits.limits) >= _MANY_LIMITS:
            return f"it states limits of {len(traits.limits)} kinds: {', '.join(traits.limits)}"
        case _:
            return ""


def advice(traits: Traits) -> Iterator[str]:
    """What of a brief has been seen to decide how it comes out, where this one lacks it."""
    if not traits.paths:
        yield "Name the file, such as `notes.py`: a brief that names its files needs no plan from a model."
    if not traits.signatures:
        yield "Give what it defines with parameters and types, such as `add(text: str) -> int`."
    if traits.signatures and traits.clearness != "clear":
        yield "Add an example with its result, such as `add('x')` is `1`: it becomes a check, word for word."
    if "errors" not in traits.limits:
        yield "Say what is refused, and with which error."
    if traits.level == "complex":
        yield "Split it if it has parts that stand by themselves: each rule is one more thing to get right."
