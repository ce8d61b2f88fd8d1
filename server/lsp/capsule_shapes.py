"""What the commands about capsules answer: plain JSON, which clients rely on."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..engine.types import Capsule, Finding
    from ..engine.types.versions import Branches, Difference, Side, Version

SCHEME = "quantumlayer-capsule"


def uri_of(capsule_id: str, path: str) -> str:
    """Of a file of a version, which never changes."""
    return f"{SCHEME}:/{capsule_id}/{quote(path)}"


def place_in(uri: str) -> tuple[str, str] | None:
    """The id and the path that such a URI names; None if it is another one."""
    scheme, _, rest = uri.partition(":")
    capsule_id, _, path = unquote(rest).lstrip("/").partition("/")
    return (capsule_id, path) if scheme == SCHEME and capsule_id and path else None


def listed(version: "Version") -> dict[str, Any]:
    summary = version.summary.model_dump(mode="json")
    names = {"branches": [*version.branches], "tags": [*version.tags], "current": version.current}
    return {**summary, **names, "signature": _signature(version)}


def _signature(version: "Version") -> str:
    return version.summary.signature.state if version.summary.signature else ""


def project(names: "Branches") -> dict[str, Any]:
    return {"name": names.name, "branch": names.branch, "branches": names.branches, "tags": names.tags}


def whole(capsule: "Capsule", version: "Version | None") -> dict[str, Any]:
    document = capsule.model_dump(mode="json", include={"id", "manifest", "evidence", "brief"})
    return {
        **document,
        "branches": [*version.branches] if version else [],
        "tags": [*version.tags] if version else [],
        "current": bool(version and version.current),
        "signature": _signature(version) if version else "",
    }


def difference(found: "Difference") -> dict[str, Any]:
    """Lines are numbered from one, as people count them."""
    plain = found.model_dump(mode="json", include={"files", "interface", "dependencies", "summary"})
    return {
        **plain,
        "from": _side(found.before),
        "to": _side(found.after),
        "findings": {"appeared": _findings(found.appeared), "gone": _findings(found.gone)},
    }


def _side(side: "Side") -> dict[str, Any]:
    return side.model_dump(mode="json")


def _findings(findings: "Iterable[Finding]") -> list[dict[str, Any]]:
    return [
        {
            **one.model_dump(mode="json", include={"stage", "tool", "rule", "severity", "path", "message"}),
            "line": one.range.start.line + 1,
        }
        for one in findings
    ]
