"""What pip resolved for the sandbox: which wheels lie in a folder of packages, by version and digest.

pip's own report says it; what of it stays true on other machines is kept beside the folder. Where a wheel
came from is not kept: it may name a private index.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

from ..disk import write_atomic
from ..types import Value


class Wheel(Value):
    """A distribution as it was installed."""

    name: str
    version: str
    sha256: str = ""
    """Of the wheel, where pip told it."""
    requires: tuple[str, ...] = ()
    """What it needs there, without versions: `name` or `name[extra]`."""
    extras: Mapping[str, tuple[str, ...]] = {}
    """What it needs besides when it is asked for with an extra."""


class Wheels(Value):
    wheels: tuple[Wheel, ...]


def keep_report(report: Path, folder: Path) -> None:
    """Keeps what pip's installation report says, beside `folder`. Without a report nothing is kept."""
    try:
        document = json.loads(report.read_text(encoding="utf-8"))
        found = tuple(sorted(_wheels(document), key=lambda wheel: wheel.name.lower()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    write_atomic(_beside(folder), (Wheels(wheels=found).model_dump_json().encode(),))


def read_kept(folder: Path) -> tuple[Wheel, ...]:
    """The wheels in `folder`; none if that is not known."""
    try:
        return Wheels.model_validate_json(_beside(folder).read_bytes()).wheels
    except (OSError, ValueError):
        return ()


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _wheels(report: Mapping[str, Any]) -> Iterator[Wheel]:
    environment = {**report.get("environment", {}), "extra": ""}
    for item in report["install"]:
        metadata = item["metadata"]
        hashes = item.get("download_info", {}).get("archive_info", {}).get("hashes", {})
        always, extras = _needs(metadata, environment)
        yield Wheel(
            name=metadata["name"],
            version=metadata["version"],
            sha256=hashes.get("sha256", ""),
            requires=always,
            extras=extras,
        )


def _needs(
    metadata: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    always: list[str] = []
    extras: dict[str, tuple[str, ...]] = {}
    for text in metadata.get("requires_dist", ()):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        name = requirement.name
        if requirement.extras:
            name += f"[{','.join(sorted(requirement.extras))}]"
        if _holds(requirement.marker, environment):
            always.append(name)
            continue
        for extra in metadata.get("provides_extra", ()):
            if _holds(requirement.marker, {**environment, "extra": extra}):
                extras[extra] = (*extras.get(extra, ()), name)
    return tuple(always), extras


def _holds(marker: Marker | None, environment: Mapping[str, str]) -> bool:
    return marker is None or marker.evaluate(dict(environment))
