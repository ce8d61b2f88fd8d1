"""Trust: the doors to keys and signatures for clients; nothing here blocks the event loop."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ..errors import CapsuleError
from ..types import Capsule, CapsuleSummary, Key, Signature
from .archive import read_archive
from .keys import KeyRing
from .seal import examine_seal, signature_of
from .seals import StoredSeal
from .store import Store

_LONGEST_KEY = 4096


class Trust:
    """Keys of the user whose storage is `folder`, and what signatures are worth to this user."""

    def __init__(self, folder: Path) -> None:
        self._keys = KeyRing(folder / "keys")
        self._store = Store(folder / "capsules")

    async def keys(self) -> tuple[Key, ...]:
        """Every key that is known, ours first."""
        return await asyncio.to_thread(self._keys.list)

    async def key(self, ref: str = "") -> Key:
        """By its id, a unique beginning of it, or its name; without `ref` the one that signs here."""
        return await asyncio.to_thread(self._keys.get, ref)

    async def rotate(self) -> Key:
        """Makes a new key the one that signs here. What earlier ones signed stays trusted."""
        return await asyncio.to_thread(self._keys.rotate)

    async def revoke(self, ref: str) -> Key:
        """Trusts a key no more, whatever it signed and whenever."""
        return await asyncio.to_thread(self._keys.revoke, ref)

    async def trust(self, source: Path | str, name: str = "") -> Key:
        """Trusts a key from now on, under a name of the user's own.

        `source` is a file, with a public key in PEM or an archive that the key signed; or the id of a key
        that is known; or a stored capsule. Raises CapsuleError if there is no key in it.
        """
        return await asyncio.to_thread(self._trust, source, name)

    async def signature(self, capsule: Capsule) -> Signature:
        """What the signature of a capsule is worth to this user."""
        return await asyncio.to_thread(lambda: signature_of(capsule.seal, self._keys.list()))

    async def with_signatures(self, found: Sequence[CapsuleSummary]) -> tuple[CapsuleSummary, ...]:
        """The same capsules, each with what its signature is worth; a damaged one has its problem said."""
        return await asyncio.to_thread(self._with_signatures, found)

    def _trust(self, source: Path | str, name: str) -> Key:
        if isinstance(source, Path):
            public, what = _public_key_in(source), str(source)
        else:
            public, what = self._known(source), source
        return self._keys.trust(public, name, what)

    def _known(self, ref: str) -> str:
        try:
            return self._keys.get(ref).public
        except CapsuleError:
            capsule = self._store.get(ref)
        return _key_of(capsule, ref)

    def _with_signatures(self, found: Sequence[CapsuleSummary]) -> tuple[CapsuleSummary, ...]:
        keys = self._keys.list()
        seals = {seal.capsule: seal for seal in self._store.seals()}
        return tuple(_with_signature(summary, keys, seals.get(summary.id)) for summary in found)


def _with_signature(
    summary: CapsuleSummary, keys: Sequence[Key], stored: StoredSeal | None
) -> CapsuleSummary:
    if summary.problem or stored is None:
        return summary
    seal, unfit = examine_seal(stored.documents, summary.id, stored.evidence)
    if problems := (*stored.problems, *unfit):
        return summary.model_copy(update={"problem": "; ".join(problems)})
    return summary.model_copy(update={"signature": signature_of(seal, keys)})


def _public_key_in(path: Path) -> str:
    """A file in PEM, or the archive of a capsule, whose every digest is recomputed first."""
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_KEY + 1)
    except OSError as error:
        raise CapsuleError(f"{path} cannot be read: {error.strerror or error}.", "Check the path.") from error
    if start.startswith((b"PK", b"\x1f\x8b")):
        return _key_of(read_archive(path), str(path))
    return start.decode("utf-8", "replace")


def _key_of(capsule: Capsule, what: str) -> str:
    if capsule.seal is None:
        raise CapsuleError(
            f"{what} is not signed: there is no key in it.", "Ask its maker for the public key."
        )
    return capsule.seal.key
