"""Which language a brief is written in, and which programming languages it names or shows."""

import re
from collections import Counter
from collections.abc import Sequence

from .words import Telling

_COMMON = {
    "en": """
        the of and to is that with it which are for by an be from no not only must each all there a
        in on at or
    """,
    "de": """
        der die das und ist nicht ein eine einen mit für auf von werden sich zu im den dem wir soll
        oder wenn dass
    """,
    "fr": """
        le la les des et est une un dans pour qui avec sur au aux du écris écrire sans tenir ne pas
        doit être en
    """,
    "es": """
        el los las una un y que de para con por se sin sea lea quiero del al es más en debe cada
        crea
    """,
    "it": """
        il lo gli una un che di per con è della del se ogni crea su non sono scarica prevista uno e
    """,
    "pt": """
        uma um os as que de com sem do da dos para não ou em são deve função todos entre e abaixo o
    """,
    "nl": """
        een het de die en van met op voor niet zijn is waarop naar alle in dat wordt worden maak
        geeft ongeldige
    """,
}
_LANGUAGES = {
    "python": "python pytest fastapi-python dataclass namedtuple timedelta",
    "sql": "sql sqlite* postgres* mysql*",
    "html": "html",
    "css": "css",
    "javascript": "javascript node nodejs",
    "typescript": "typescript",
    "shell": "bash",
    "go": "golang",
    "rust": "rust",
    "java": "java",
    "c++": "c++",
}
_WRITTEN, _NAMED = Telling(_COMMON), Telling(_LANGUAGES)
_SUFFIX = re.compile(r"\.(py|pyi|js|ts|tsx|sql|html|css|sh|go|rs|java)\b")
_OF_SUFFIX = {
    "py": "python", "pyi": "python", "js": "javascript", "ts": "typescript", "tsx": "typescript",
    "sql": "sql", "html": "html", "css": "css", "sh": "shell", "go": "go", "rs": "rust", "java": "java",
}  # fmt: skip
_PYTHON = re.compile(r"^\s*(?:>>> |(?:async )?def \w+\()|\)\s*->\s", re.MULTILINE)


def written_in(words: Sequence[str]) -> str:
    """`en`, `de`, `fr`, `es`, `it`, `pt` or `nl`, by words that every text has; else `en`."""
    counts = Counter(tongue for word in words for tongue in _WRITTEN.told_by(word))
    return max(_COMMON, key=lambda tongue: counts[tongue])


def programming_languages(text: str, words: Sequence[str]) -> tuple[str, ...]:
    found = {language for word in set(words) for language in _NAMED.told_by(word)}
    found |= {_OF_SUFFIX[suffix] for suffix in _SUFFIX.findall(text)}
    if _PYTHON.search(text):
        found.add("python")
    return tuple(sorted(found))
