"""Verifying: every digest recomputed, every mismatch reported.

What this shows is that a capsule is whole and unchanged. It does not show who made it.
"""

from pathlib import Path

from ..types import VerifyReport
from .archive import examine_archive
from .parts import examine
from .store import Store


def verify_archive(path: Path) -> VerifyReport:
    """Raises CapsuleError if there is no such file or it cannot be read."""
    capsule, mismatches = examine_archive(path)
    return VerifyReport(
        ok=capsule is not None and not mismatches,
        id=capsule.id if capsule else "",
        name=capsule.manifest.name if capsule else path.name,
        mismatches=mismatches,
    )


def verify_stored(store: Store, ref: str) -> VerifyReport:
    """`ref` is an id, a unique beginning of one, or a name. Raises CapsuleError if there is none."""
    capsule_id = store.resolve(ref)
    parts, problems = store.parts(capsule_id)
    capsule, mismatches = examine(parts, capsule_id)
    found = tuple(dict.fromkeys(problems + mismatches))
    return VerifyReport(
        ok=capsule is not None and not found,
        id=capsule_id,
        name=capsule.manifest.name if capsule else ref,
        mismatches=found,
    )
