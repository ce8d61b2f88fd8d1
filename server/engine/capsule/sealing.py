"""Sealing: a capsule as it will be stored, signed by the key of this machine."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..types import Capsule, Seal
from .canonical import digest
from .keys import KeyRing
from .parts import take_apart
from .provenance import Origin, statement_of
from .sbom import make_sbom
from .seal import subjects_of
from .signing import Signer

if TYPE_CHECKING:
    from ..sandbox.resolved import Wheel


def sealed(capsule: Capsule, keys: KeyRing, origin: Origin, wheels: Sequence["Wheel"] = ()) -> Capsule:
    """The capsule, signed by the key that signs here, which is made if there is none.

    `wheels` are what was resolved for it. Raises CapsuleError or StorageError if there can be no key.
    """
    return capsule.model_copy(update={"seal": make_seal(capsule, keys.signer(), origin, wheels)})


def make_seal(capsule: Capsule, signer: Signer, origin: Origin, wheels: Sequence["Wheel"] = ()) -> Seal:
    """The same capsule, key, origin and wheels give the same bytes."""
    parts = take_apart(capsule.model_copy(update={"seal": None}))
    sbom = make_sbom(capsule.manifest, capsule.id, wheels, origin.version)
    subjects = subjects_of(capsule.id, digest(parts.evidence or b""), sbom)
    statement = statement_of(capsule, subjects, origin, wheels)
    return Seal(sbom=sbom.decode(), provenance=signer.seal(statement).decode(), key=signer.public)
