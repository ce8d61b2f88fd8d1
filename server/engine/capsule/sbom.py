"""The bill of materials: what a capsule depends on, as CycloneDX 1.6.

What was resolved for the sandbox is named by version and by the digest of its wheel; what was not is named
as the project requires it, and the document says of itself that it is incomplete. No time is in it, and its
serial number is made of its content: one project with the same packages has one document.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..types import Manifest
from .canonical import canonical_json, digest

if TYPE_CHECKING:
    from ..sandbox.resolved import Wheel

_ROOT = "capsule"
_ECOSYSTEMS = {"python": "pypi", "javascript": "npm", "typescript": "npm"}


def make_sbom(manifest: Manifest, capsule_id: str, wheels: Sequence["Wheel"], version: str) -> bytes:
    """Canonical JSON. `wheels` may hold more than the project needs; `version` is QuantumLayer's."""
    known: dict[str, Wheel] = {canonicalize_name(wheel.name): wheel for wheel in wheels}
    declared = {_name(text): text for text in manifest.dependencies}
    needs = _needed(declared, known)
    needed = sorted(needs)
    kind = _ECOSYSTEMS.get(manifest.language, "generic")
    refs = {name: _purl(kind, name, known.get(name)) for name in needed}
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": _ROOT,
                "name": manifest.name,
                "version": capsule_id[:12],
                "hashes": [{"alg": "SHA-256", "content": capsule_id}],
            },
            "tools": {
                "components": [{"type": "application", "name": "quantumlayer", "version": version}],
            },
        },
        "components": [_component(name, refs[name], known.get(name), declared.get(name)) for name in needed],
        "dependencies": [
            {"ref": _ROOT, "dependsOn": sorted(refs[name] for name in declared)},
            *({"ref": refs[name], "dependsOn": sorted(refs[one] for one in needs[name])} for name in needed),
        ],
        "compositions": [
            {
                "aggregate": "complete" if all(name in known for name in needed) else "incomplete",
                "dependencies": [_ROOT],
            }
        ],
    }
    content = digest(canonical_json(document))
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    return canonical_json(document)


def sbom_problem(data: bytes) -> str:
    """Why this is no bill of materials, in a few words; empty if it is one."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        return "is not a CycloneDX document"
    return ""


def _needed(declared: Mapping[str, str], known: Mapping[str, "Wheel"]) -> dict[str, set[str]]:
    """What is declared and everything that needs, by normalised names; and what each of it needs."""
    needs: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(text) for text in declared.values()]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        needs.setdefault(name, set())
        for extra in ("", *asked.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            more = [Requirement(text) for text in _of_wheel(known.get(name), extra)]
            waiting += more
            needs[name] |= {canonicalize_name(one.name) for one in more}
    return needs


def _of_wheel(wheel: "Wheel | None", extra: str) -> tuple[str, ...]:
    if wheel is None:
        return ()
    if not extra:
        return wheel.requires
    return wheel.extras.get(extra, wheel.extras.get(canonicalize_name(extra), ()))


def _component(name: str, ref: str, wheel: "Wheel | None", declared: str | None) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "library", "bom-ref": ref, "name": name, "purl": ref}
    if wheel is not None:
        component["version"] = wheel.version
        if wheel.sha256:
            component["hashes"] = [{"alg": "SHA-256", "content": wheel.sha256}]
    if declared is not None:
        component["properties"] = [{"name": "quantumlayer:requirement", "value": declared}]
    return component


def _purl(kind: str, name: str, wheel: "Wheel | None") -> str:
    version = f"@{quote(wheel.version, safe='.')}" if wheel else ""
    return f"pkg:{kind}/{quote(name, safe='.-')}{version}"


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)
