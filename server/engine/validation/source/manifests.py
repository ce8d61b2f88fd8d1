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
_VERSION = re.compile(r"(?:(?P<group>[a-z0-9-]+(?:\.[a-z0-9-]+)*)/)?(?P<version>v\d+(?:(?:alpha|beta)\d+)?)")
_LARGEST = 100_000
"""Nodes of a document, each counted wherever an alias repeats it: checking goes to all of them."""
_MOST = 50
_LISTS = {"List"}
_OTHERS = {"BuildConfig", "Config", "DeploymentConfig", "ImageStream", "Policy", "Route", "Template"}
"""They call themselves `v1`, and are for `kubectl` itself, its scheduler and OpenShift."""
_TEXT_THERE = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
"""What Kubernetes reads as text, where YAML's older version has a type."""
_TO_FILL_IN = re.compile(r"\$\{|\{\{")
_TELLING = {"required", "additionalProperties"}
"""Their messages name keys; those of others show values, which may be secret."""
_CALLED = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "an integer"}


def check(files: dict[str, str]) -> list[dict[str, Any]]:
    return [{"path": path, **problem} for path, text in files.items() for problem in problems_in(text)]


def problems_in(text: str) -> Iterator[dict[str, Any]]:
    """Why it does not parse is told by others."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    loader = _loader()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if not isinstance(node, yaml.MappingNode):
                continue
            if _size(node, {}) > _LARGEST:
                yield _not_checked("too-large", "too large", _at(node))
                continue
            try:
                data = loader.construct_document(node)
            except (yaml.YAMLError, ValueError, TypeError) as error:
                if any(key.value == "apiVersion" for key, _ in node.value):
                    yield _not_checked(
                        "not-read", "this document cannot be read", _marked(error) or _at(node)
                    )
                continue
            yield from _document(node, data)
    except (yaml.YAMLError, RecursionError) as error:
        yield _not_checked("not-read", "the rest of the file cannot be read", _marked(error))
    finally:
        loader.dispose()


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Reads plain words as Kubernetes does: dates, and numbers with colons, are text."""
    import yaml

    resolvers = {
        first: [
            (tag, re.compile(rf"(?![^:]*:)(?:{pattern.pattern})", pattern.flags))
            for tag, pattern in known
            if tag not in _TEXT_THERE
        ]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        yaml_implicit_resolvers = resolvers

    Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?0o[0-7]+$"), list("-+0"))
    Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_str)
    return Loader


def _not_checked(rule: str, why: str, place: dict[str, int]) -> dict[str, Any]:
    return {"rule": rule, "severity": "info", "message": f"not checked: {why}", **place}


def _marked(error: Exception) -> dict[str, int]:
    mark = getattr(error, "problem_mark", None)
    return {"line": mark.line + 1, "column": mark.column} if mark else {}


def _document(node: Any, data: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    kind, version = data.get("kind"), data.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or not _KIND.fullmatch(kind):
        return
    named = _VERSION.fullmatch(version)
    if not named or (named["group"] or "") not in _groups():
        return
    if kind in _LISTS:
        items = data.get("items")
        for number, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield from _document(_node(node, ("items", number)), item)
        return
    group = (named["group"] or "").partition(".")[0]
    schema = _schema(f"{kind.lower()}-{f'{group}-' if group else ''}{named['version']}.json")
    if schema is not None:
        for error in _errors(schema, data):
            yield {
                "rule": str(error.validator),
                **_told(error),
                **_at(_node(node, tuple(error.absolute_path))),
            }
    elif group or kind not in _OTHERS:
        said = f"Kubernetes {_release()} has no {kind} of {version}"
        yield {"rule": "no-such-kind", "severity": "warning", "message": said, **_at(node)}


def _told(error: Any) -> dict[str, Any]:
    """A patch, which is laid over another manifest, leaves out what that one has."""
    place = ".".join(str(part) for part in error.absolute_path)
    said = _said(error)
    return {
        "severity": "warning" if error.validator == "required" else "error",
        "message": (f"{place}: {said}" if place else said)[:300],
    }


def _said(error: Any) -> str:
    if error.validator in _TELLING:
        return str(error.message)
    if error.validator == "type":
        wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        types = " or ".join(one for one in wanted if one != "null")
        return f"is {_CALLED.get(type(error.instance), 'a number')}, where {types} is wanted"
    if error.validator == "enum":
        return f"is none of {', '.join(map(str, error.validator_value))}"
    return f"is not what its schema allows ({error.validator})"


def _errors(schema: Any, data: Any) -> Iterator[Any]:
    """But those of values that are filled in later, and of the words that guide a patch."""
    from itertools import islice

    from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
    from referencing import Registry, Resource

    registry: Any = Resource.from_contents(_definitions()) @ Registry()
    errors = Draft202012Validator(schema, registry=registry).iter_errors(data)
    return islice((one for one in errors if not _is_to_come(one)), _MOST)


def _is_to_come(error: Any) -> bool:
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        return all(isinstance(key, str) and key.startswith("$") for key in error.instance if key not in known)
    return isinstance(error.instance, str) and bool(_TO_FILL_IN.search(error.instance))


@lru_cache(maxsize=1)
def _groups() -> set[str]:
    """Kubernetes' own, with those whose last version went: things of all of them can be deleted."""
    known = _schema("deleteoptions-meta-v1.json")["x-kubernetes-group-version-kind"]
    return {one["group"] for one in known}


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
