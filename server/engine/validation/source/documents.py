"""Does YAML parse: every document of a file, as events. No objects are made of them."""

import re
from typing import Any

_DEEPEST = 500
"""Programs that read it go down by recursion, and end."""
_TEMPLATE = re.compile(r"^[^#\n]*(\{\{|\{%)", re.MULTILINE)


def check(files: dict[str, str], languages: dict[str, str]) -> list[dict[str, Any]]:
    found = []
    for path, text in files.items():
        if problem := problem_in(text, languages[path]):
            found.append({"path": path, **problem})
    return found


def problem_in(text: str, language: str) -> dict[str, Any] | None:
    """The first error; that of a template (Helm, Jinja), which is no YAML yet, is a warning."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    known: set[str] = set()
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.DocumentStartEvent):
                known.clear()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                place = {"line": event.start_mark.line + 1, "column": event.start_mark.column}
                return {"rule": "too-deep", "message": "nested too deeply to be read", **place}
            if isinstance(event, yaml.AliasEvent) and event.anchor not in known:
                place = {"line": event.start_mark.line + 1, "column": event.start_mark.column}
                return {"rule": "invalid-yaml", "message": "found undefined alias", **place}
            if anchor := getattr(event, "anchor", None):
                known.add(anchor)
    except yaml.MarkedYAMLError as error:
        return _told(error, text)
    except (yaml.YAMLError, ValueError) as error:
        return {"rule": "unreadable", "message": str(error).splitlines()[0]}
    return None


def _told(error: Any, text: str) -> dict[str, Any]:
    mark = error.problem_mark or error.context_mark
    message = error.problem or error.context or "is no YAML"
    if error.context and error.context_mark is not None and error.problem:
        message = f"{message} ({error.context} of line {error.context_mark.line + 1})"
    place = {"line": mark.line + 1, "column": mark.column} if mark is not None else {}
    if _TEMPLATE.search(text):
        message = f"{message}; it seems to be a template, which cannot be judged before it is filled in"
        return {"rule": "template", "severity": "warning", "message": message, **place}
    return {"rule": "invalid-yaml", "message": message, **place}
