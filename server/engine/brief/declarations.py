"""Declarations: the functions, classes and methods a brief gives in code or code spans, and whose they are.

A brief says whose a method is in a few ways: dotted (`Stock.add(item)`), in a sentence about a class that
speaks of its methods ("`Stock()` has the methods `add(item)` and ..."), in the list below such a sentence,
or below a heading that is the class's name.
"""

import ast
import builtins
import re
from collections.abc import Iterator

from .excerpt import JOINT, Block, blocks
from .given import given_code
from .signature import Signature, looks_like_a_class, read_signature

_SPAN = re.compile(r"`([^`\n]+)`")
_CALL = re.compile(
    r"^(?:async\s+)?(?:def\s+)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?"
    r"\((?:[^()\"']|\"[^\"()]*\"|'[^'()]*')*(?:\([^()]*\)[^()]*)*\)"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_CLASS_SPAN = re.compile(r"`(?:class\s+)?([A-Z]\w*)(?:\([^`]*\))?`|\bclass\s+`?([A-Z]\w*)")
_CLASS = re.compile(r"\bclass(?:es)?\s+`?([A-Z]\w+)")
_ERROR_SPAN = re.compile(r"`([A-Z]\w*(?:Error|Exception))(?:\([^`]*\))?`")
_IMPORT = re.compile(r"`from\s+[\w.]+\s+import\s+([\w, ]+)`")
_SUBCLASS = re.compile(r"`(\w+)`[^.`]{0,20}\bsub(?:class|type) of `?([A-Za-z]\w*)")
_SUBCLASSES = re.compile(
    r"`(\w+)`(?:[^.`]|`Exception`){0,60}?\bsubclasses(?: of it)?:? ((?:`\w+`(?:, and |, | and )?)+)"
)
_LISTED = re.compile(r"(?:`\w+`(?:, and |, | and )?)+|\w+(?:, \w+)*,? and \w+")
_CLASS_METHOD = re.compile(r"\b(?:class|static) ?methods?\s+`?$")
_DEFINES = re.compile(r"\bclass\s+`([A-Z]\w*)")


def declarations(brief: str) -> tuple[Signature, ...]:
    """Those of given code first, the others in order of appearance; a method that is also written without its
    class is listed once."""
    code = given_code(brief)
    brief = code.outside
    spans = list(_spans(brief))
    bare = {signature.owner for signature, _, dotted in spans if signature.owner and not dotted}
    found = {one.signature.full_name: one.signature for one in code.definitions}
    for signature, leads, dotted in spans:
        if leads or signature.owner or signature.is_class:
            # Where a brief writes only some methods after their class, it means that these are called on it.
            on_class = signature.on_class or (dotted and signature.owner in bare)
            found.setdefault(signature.full_name, signature.model_copy(update={"on_class": on_class}))
    methods = {signature.name for signature in found.values() if signature.owner}
    for signature, *_ in spans:
        if signature.name not in methods:
            found.setdefault(signature.full_name, signature)
    for name, bases in _classes(brief).items():
        known = found.get(name) or Signature(name=name, is_class=True)
        found[name] = known.model_copy(update={"bases": known.bases or bases})
    made = (one for one in _constructors(brief, tuple(found.values())) if one.full_name not in found)
    return (*found.values(), *made)


def _constructors(brief: str, found: tuple[Signature, ...]) -> Iterator[Signature]:
    """As a brief writes them, `Item(name, price)`, or of a mere record with all its attributes."""
    called = set(re.findall(r"`([A-Z]\w*)\(\)", brief))
    acting = {signature.owner for signature in found}
    for one in found:
        if one.is_class:
            record = one.name not in acting | called
            if params := one.params or (_attributes(brief, one.name) if record else ""):
                yield Signature(owner=one.name, name="__init__", params=params)


def _attributes(brief: str, name: str) -> str:
    for block in blocks(brief):
        for sentence in _SENTENCE.split(" ".join(block.text.split())):
            said = re.search(rf"\b{re.escape(name)}\b.*?\battributes?:? ({_LISTED.pattern})", sentence)
            if said and (names := re.findall(r"\w+", said[1].replace(" and ", " ").replace("`", " "))):
                return ", ".join(names)
    return ""


def _classes(brief: str) -> dict[str, str]:
    """Classes the brief asks for by name, with their bases where it says them."""
    found = dict.fromkeys(_CLASS.findall(brief), "")
    for block in blocks(brief):
        text = " ".join(block.text.split())
        for imported in _IMPORT.findall(text):
            found |= {name: found.get(name, "") for name in re.findall(r"\b[A-Z]\w*[a-z]\w*", imported)}
        found |= {name: found.get(name, "") for name in _ERROR_SPAN.findall(text)}
        found |= dict(_SUBCLASS.findall(text))
        for base, subclasses in _SUBCLASSES.findall(text):
            found |= dict.fromkeys(re.findall(r"\w+", subclasses.replace(" and ", " ")), base)
    return {
        name: bases
        for name, bases in found.items()
        if looks_like_a_class(name) and not hasattr(builtins, name)
    }


def _spans(brief: str) -> Iterator[tuple[Signature, bool, bool]]:
    """Each signature, whether its paragraph or list item begins with it, and whether it names its class."""
    classes = {first or second for first, second in _CLASS_SPAN.findall(brief)}
    section = owner = ""
    for block in blocks(brief):
        if block.text.startswith("#"):
            title = block.text.strip("# `").removeprefix("class ").strip()
            section = owner = title if title in classes else ""
            continue
        if not block.is_item:
            owner = _introduced(block.text, classes, at_end=True) or section
        yield from _of(block, owner if block.is_item else section, classes)


def _of(block: Block, owner: str, classes: set[str]) -> Iterator[tuple[Signature, bool, bool]]:
    for match in _SPAN.finditer(block.text):
        span = match[1].strip()
        if not _CALL.match(span) or not _declares(span) or (signature := read_signature(span)) is None:
            continue
        if signature.owner and not looks_like_a_class(signature.owner):
            continue
        before = block.text[: match.start()]
        leads = bool(JOINT.match(_SPAN.sub("", before)))
        dotted = bool(signature.owner)
        if not dotted and not signature.is_class:
            defined = _DEFINES.findall(before)
            whose = _introduced(before, classes, at_end=False) or (owner if leads else "")
            whose = whose or (defined[-1] if defined and not hasattr(builtins, signature.name) else "")
            signature = signature.model_copy(update={"owner": whose})
        if signature.owner and _CLASS_METHOD.search(before):
            signature = signature.model_copy(update={"on_class": True})
        yield signature, leads, dotted


def _introduced(text: str, classes: set[str], *, at_end: bool) -> str:
    """The class whose methods the last sentence of a text announces, if it does."""
    sentence = _SENTENCE.split(text)[-1]
    says, _, after = sentence.rpartition("method")
    if not says:
        says = sentence if at_end and sentence.rstrip().endswith(":") else ""
        if re.search(r"\b(functions?|module|file|script)\b", says):
            return ""
    elif at_end and len(_SPAN.sub("", after).split()) > 8:
        return ""
    named = [match[0].split("(")[0] for match in re.finditer(r"\b[A-Z]\w*", says) if match[0] in classes]
    named = [name for name in named if not re.search(r"(Error|Exception|Warning)$", name)]
    return named[-1] if named else ""


def _declares(span: str) -> bool:
    """Whether a call could stand in a definition: `f(text)` and not `f("abc")`.

    With texts in it, as in `f(name="abc")`, it could be a call as well; a type or a parameter without a value
    says that it is none.
    """
    try:
        (node,) = ast.parse(
            f"def {span.removeprefix('async ').removeprefix('def ').replace('.', '_', 1)}: ..."
        ).body
    except SyntaxError:
        return False
    if not isinstance(node, ast.FunctionDef) or not {'"', "'"} & {*span}:
        return True
    given = [*node.args.posonlyargs, *node.args.args]
    typed = node.returns is not None or any(one.annotation for one in [*given, *node.args.kwonlyargs])
    return typed or span.startswith("def ") or len(given) > len(node.args.defaults)
