"""Are Kubernetes manifests what their kinds say: every document, against the schemas of one version.

The schemas come with the package `kubernetes-validate`. Kinds of other makers have none there and are left
alone.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_KIND = re.compile(r"[A-Za-z]{1,80}")
_VERSION = re.compile(
    r"(?:(?P<group>[a-z0-9-]+)(?P<domain>(?:\.[a-z0-9-]+)*)/)?(?P<version>v\d+(?:(?:alpha|beta)\d+)?)"
)
_LARGEST = 100_000
"""Nodes of a document, each counted wherever an alias repeats it: checking goes to all of them."""
_MOST = 50
_LISTS = {"List"}


def check(files: dict[str, str]) -> list[dict[str, Any]]:
    return [{"path": path, **problem} for path, text in files.items() for problem in problems_in(text)]


def problems_in(text: str) -> Iterator[dict[str, Any]]:
    """What does not parse is told by others."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if _size(node, {}) > _LARGEST:
                yield {
                    "rule": "too-large",
                    "severity": "info",
                    "message": "not checked: too large",
                    **_at(node),
                }
            elif isinstance(node, yaml.MappingNode):
                yield from _document(node, loader.construct_document(node))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return
    finally:
        loader.dispose()


def _document(node: Any, data: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    kind, version = data.get("kind"), data.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or not _KIND.fullmatch(kind):
        return
    named = _VERSION.fullmatch(version)
    if not named:
        return
    if kind in _LISTS:
        items = data.get("items")
        for number, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield from _document(_node(node, ("items", number)), item)
        return
    group = named["group"] or ""
    schema = _schema(f"{kind.lower()}-{f'{group}-' if group else ''}{named['version']}.json")
    if schema is not None:
        for error in _errors(schema, data):
            yield {
                "rule": str(error.validator),
                **_told(error),
                **_at(_node(node, tuple(error.absolute_path))),
            }
    elif not named["domain"] or named["domain"].endswith(".k8s.io"):
        said = f"Kubernetes {_release()} has no {kind} of {version}"
        yield {"rule": "no-such-kind", "severity": "warning", "message": said, **_at(node)}


def _told(error: Any) -> dict[str, Any]:
    """A patch, which is laid over another manifest, leaves out what that one has."""
    place = ".".join(str(part) for part in error.absolute_path)
    said = f"{place}: {error.message}" if place else error.message
    return {"severity": "warning" if error.validator == "required" else "error", "message": said[:300]}


def _errors(schema: Any, data: Any) -> Iterator[Any]:
    from itertools import islice

    from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
    from referencing import Registry, Resource

    registry: Any = Resource.from_contents(_definitions()) @ Registry()
    return islice(Draft202012Validator(schema, registry=registry).iter_errors(data), _MOST)


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = find_spec("kubernetes_validate")
    places = (spec.submodule_search_locations or ()) if spec else ()
    schemas = [
        one for place in places for one in Path(place, "kubernetes-json-schema").glob("v*-local-strict")
    ]
    return max(schemas, key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.name)])


def _release() -> str:
    return ".".join(re.findall(r"\d+", _folder().name)[:2])


@lru_cache(maxsize=256)
def _schema(name: str) -> Any:
    place = _folder() / name
    return json.loads(place.read_text(encoding="utf-8")) if place.is_file() else None


@lru_cache(maxsize=1)
def _definitions() -> Any:
    return json.loads((_folder() / "_definitions.json").read_text(encoding="utf-8"))


def _size(node: Any, known: dict[int, int]) -> int:
    """More than `_LARGEST` of one that holds itself."""
    if id(node) not in known:
        known[id(node)] = _LARGEST + 1
        inside = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        parts = inside if not isinstance(node.value, str) else []
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _node(node: Any, path: tuple[Any, ...]) -> Any:
    """The deepest one on the way that there is."""
    for part in path:
        pairs = node.value if isinstance(node.value, list) else []
        if isinstance(part, int):
            node = pairs[part] if part < len(pairs) and not isinstance(pairs[part], tuple) else node
        else:
            node = next(
                (pair[1] for pair in pairs if isinstance(pair, tuple) and pair[0].value == part), node
            )
    return node


def _at(node: Any) -> dict[str, int]:
    return {"line": node.start_mark.line + 1, "column": node.start_mark.column}
