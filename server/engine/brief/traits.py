"""Traits: what can be measured of a brief without asking a model, in under 5 ms."""

import re

from ..types import Brief, Traits, check_path
from .clearness import ambiguity_of, level_of_ambiguity, size_of
from .complexity import complexity_of, level_of_complexity
from .declarations import declarations
from .domains import domain_of
from .limits import kinds_of_limits
from .tongues import programming_languages, written_in
from .words import words_of

_MODULES = (".py", ".pyi", ".js", ".ts", ".tsx")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(
    r"(?<![\w./~-])((?:[\w-]+/)*[\w-]+\.(?:py|pyi|toml|json|ya?ml|md|txt|cfg|ini|sql|html|css|sh))(?![\w/])"
)
_CALL = re.compile(r"^(?:async\s+)?(?:def\s+)?([A-Za-z_][\w.]*)\s*\(")
_NAME = re.compile(r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")
_CLASS = re.compile(r"\bclass(?:es)?\s+`?([A-Z]\w+)")
_IMPORT = re.compile(r"\bfrom\s+([\w.]+)\s+import\s+([\w, ]+)")
_RULE = re.compile(
    r"\b(must|should|raises?|returns?|only|never|always|at (?:most|least)|otherwise|unless|if)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?:](?:\s|$)")
_STANDARD_ONLY = re.compile(
    r"\b(standard library only|only the standard library|"
    r"no (?:third[- ]party|external|other) (?:packages|dependencies|libraries))\b",
    re.IGNORECASE,
)
_KNOWN_PACKAGES = (
    "aiohttp", "attrs", "beautifulsoup4", "click", "cryptography", "django", "fastapi", "flask", "httpx",
    "jinja2", "lxml", "markdown", "networkx", "numpy", "openpyxl", "pandas", "pillow", "pydantic", "pyyaml",
    "redis", "requests", "rich", "scipy", "sqlalchemy", "starlette", "tabulate", "tomlkit", "typer",
    "uvicorn",
)  # fmt: skip


def measure(brief: Brief) -> Traits:
    text = "\n".join([brief.text, *brief.constraints])
    paths = _paths(text)
    symbols = tuple(name for name in _symbols(text) if name not in paths)
    rules = len(_RULE.findall(text)) + len(brief.constraints)
    found = declarations(text)
    words = words_of(text)
    modules = sum(path.endswith(_MODULES) for path in paths)
    complexity = complexity_of(text, len(text.split()), modules)
    ambiguity = ambiguity_of(text, words, found, rules)
    return Traits(
        words=len(text.split()),
        sentences=len(_SENTENCE.findall(text)),
        paths=paths,
        symbols=symbols,
        signatures=tuple(signature.line for signature in found),
        standard_library_only=bool(_STANDARD_ONLY.search(text)),
        packages=_packages(text),
        constraints=rules,
        complexity=complexity,
        level=level_of_complexity(complexity),
        domain=domain_of(text, words),
        size=size_of(text, words, found, modules),
        ambiguity=ambiguity,
        clearness=level_of_ambiguity(ambiguity),
        limits=kinds_of_limits(text),
        languages=programming_languages(text, words),
        written=written_in(words),
    )


def _paths(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _PATH.finditer(text):
        try:
            found[check_path(match[1])] = None
        except ValueError:
            continue
    return tuple(found)


def _symbols(text: str) -> tuple[str, ...]:
    """Identifiers from code spans, imports and `class X`, in order of appearance."""
    found: dict[str, None] = {}
    for span in _CODE.findall(text):
        span = span.strip()
        if imported := _IMPORT.match(span):
            found.update(
                {name.strip(): None for name in imported[2].split(",") if name.strip().isidentifier()}
            )
        elif (name := _CALL.match(span)) or (name := _NAME.match(span)):
            found[name[1] if name.re is _CALL else name[0]] = None
    found.update(dict.fromkeys(_CLASS.findall(text)))
    return tuple(found)


def _packages(text: str) -> tuple[str, ...]:
    lowered = text.lower()
    return tuple(
        name for name in _KNOWN_PACKAGES if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lowered)
    )
