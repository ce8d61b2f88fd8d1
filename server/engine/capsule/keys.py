"""The key ring: the key that signs on this machine, and the public keys that this user trusts.

    keys/ring.json       every key that is known: its public part, its name, its standing
    keys/private/ID.pem  the private part of a key of ours, which only this user may read
    keys/lock            held by the one process that changes the ring

A private key is on disk before the ring names it, and leaves the disk after the ring has let go of it. So a
process that is killed in between leaves a key that nobody uses yet, and the next one takes that one.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ..disk import guard_disk, write_atomic
from ..errors import CapsuleError, StorageError
from ..types import Key, Value
from .canonical import canonical, parse
from .signing import Signer, key_id, load_signer, new_private_key, read_public_pem

_SETTING = "storage.data_dir"
_LOCK_SECONDS = 60
_SHORTEST_PREFIX = 4
_ID = re.compile(r"^[0-9a-f]{64}$")
_MAX_NAME = 60
_OWN_NAME = "this machine"


class _Ring(Value):
    format: Literal[1] = 1
    keys: tuple[Key, ...] = ()


class KeyRing:
    """Opens nothing and holds nothing; any number of threads and processes may use one folder at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ring = folder / "ring.json"
        self._private = folder / "private"

    # -- reading -------------------------------------------------------------------------------

    def list(self) -> tuple[Key, ...]:
        """Every key, ours first, in the order in which they came. Raises CapsuleError if it is damaged."""
        with self._disk_errors():
            return tuple(sorted(self._read().keys, key=lambda key: not key.own))

    def get(self, ref: str = "") -> Key:
        """`ref` is an id, a unique beginning of one, or a name; empty, it means the key that signs here."""
        keys = self.list()
        if not ref:
            found = [key for key in keys if key.current]
        else:
            found = [key for key in keys if key.id == ref] or [key for key in keys if key.name == ref]
            if not found and len(ref) >= _SHORTEST_PREFIX:
                found = [key for key in keys if key.id.startswith(ref.lower())]
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(key.id[:16] for key in found)
            raise CapsuleError(f"{ref!r} means several keys: {several}.", "Give more digits of its id.")
        if not ref:
            raise CapsuleError(
                "No key signs on this machine yet.",
                "It is made with the first capsule, or now by `quantumlayer capsule keys rotate`.",
            )
        raise CapsuleError(f"There is no key {ref!r}.", "`quantumlayer capsule keys list` names them all.")

    # -- signing -------------------------------------------------------------------------------

    def signer(self) -> Signer:
        """The key that signs here; made if there is none.

        Raises CapsuleError if it is damaged or open to others, StorageError if the disk refuses.
        """
        with self._disk_errors():
            current = next((key for key in self._read().keys if key.current), None)
            if current is None:
                with self._changing() as ring:
                    current = next((key for key in ring.keys if key.current), None)
                    if current is None:
                        current = self._adopt_or_make(ring)
                        self._write(_with(ring, current))
            return self._load(current.id)

    def rotate(self) -> Key:
        """Makes another key the one that signs. What the one before signed stays trusted."""
        with self._disk_errors(), self._changing() as ring:
            fresh = self._adopt_or_make(ring)
            self._write(_with(_map(ring, lambda key: key.model_copy(update={"current": False})), fresh))
            self._sweep()
        return fresh

    # -- trusting ------------------------------------------------------------------------------

    def trust(self, public: str, name: str, what: str = "It") -> Key:
        """Trusts a public key in PEM from now on, also one that was revoked; `what` names it in errors.

        The name is the user's own: nothing in a capsule says it. Raises CapsuleError if it is none, or if
        another key has it.
        """
        pem = read_public_pem(public, what)
        wanted = key_id(pem)
        with self._disk_errors(), self._changing() as ring:
            known = next((key for key in ring.keys if key.id == wanted), None)
            if known is not None and known.own and known.standing == "revoked":
                raise CapsuleError(
                    "It is a key of this machine that was revoked; its private part is gone.",
                    "`quantumlayer capsule keys rotate` makes another one.",
                )
            if known is not None and known.own:
                return known
            name = _checked_name(name or (known.name if known else ""), wanted, ring)
            key = Key(id=wanted, public=pem, name=name, own=False, standing="trusted", since=_now())
            self._write(_with(ring, key))
        return key

    def revoke(self, ref: str) -> Key:
        """Trusts a key no more, whenever it signed. One of ours signs no more, and its private part goes."""
        wanted = self.get(ref).id
        with self._disk_errors(), self._changing() as ring:
            revoked = {"standing": "revoked", "current": False, "since": _now()}
            ring = _map(ring, lambda key: key.model_copy(update=revoked) if key.id == wanted else key)
            self._write(ring)
            self._sweep()
        return next(key for key in ring.keys if key.id == wanted)

    # -- on disk -------------------------------------------------------------------------------

    def _read(self) -> _Ring:
        try:
            data = self._ring.read_bytes()
        except FileNotFoundError:
            return _Ring()
        try:
            return parse(_Ring, data, str(self._ring))
        except CapsuleError as error:
            raise CapsuleError(
                f"The list of keys is damaged: {error.cause}",
                "Restore it from a backup, or move it away and trust the keys again.",
            ) from error

    def _write(self, ring: _Ring) -> None:
        write_atomic(self._ring, (canonical(ring),), private=True)

    def _adopt_or_make(self, ring: _Ring) -> Key:
        """A key that no ring names yet: one that a killed process left, or a new one."""
        self._sweep()
        named = {key.id for key in ring.keys}
        left = [path for path in self._private_files() if path.stem not in named]
        for path in left:
            with contextlib.suppress(CapsuleError):
                return _own(self._load(path.stem))
        data = new_private_key()
        signer = load_signer(data, "the new key")
        write_atomic(self._private / f"{signer.id}.pem", (data,), private=True)
        return _own(signer)

    def _load(self, wanted: str) -> Signer:
        path = self._private / f"{wanted}.pem"
        try:
            with path.open("rb") as file:
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise CapsuleError(
                        f"The private key {path} can be read by others.",
                        f"Look who could have read it. Then `chmod 600 {path}`, or make another one with "
                        "`quantumlayer capsule keys rotate`.",
                    )
                data = file.read(4096)
        except FileNotFoundError as error:
            raise CapsuleError(
                f"The private key {path} is missing.",
                "Restore it, or make another one with `quantumlayer capsule keys rotate`.",
            ) from error
        signer = load_signer(data, str(path))
        if signer.id != wanted:
            raise CapsuleError(
                f"{path} holds another key.", "Move it away, and rotate: `quantumlayer capsule keys rotate`."
            )
        return signer

    def _sweep(self) -> None:
        """Removes the private parts of keys that sign no more, and what a killed process was writing."""
        for stray in (*self._private.glob(".*"), *self._folder.glob(".ring.json.*")):
            stray.unlink(missing_ok=True)
        keys = {key.id: key for key in self._read().keys}
        for path in self._private_files():
            known = keys.get(path.stem)
            if known is not None and not known.current:
                path.unlink(missing_ok=True)

    def _private_files(self) -> tuple[Path, ...]:
        return tuple(sorted(path for path in self._private.glob("*.pem") if _ID.match(path.stem)))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[_Ring]:
        """The ring as it is once no other process changes it."""
        from filelock import FileLock, Timeout

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._private.mkdir(exist_ok=True, mode=0o700)
        try:
            with FileLock(self._folder / "lock", timeout=_LOCK_SECONDS):
                yield self._read()
        except Timeout as error:
            raise StorageError(
                f"Another process has been changing {self._folder} for {_LOCK_SECONDS} seconds.",
                "Wait for it to end, or end it, and try again.",
                _SETTING,
            ) from error

    def _disk_errors(self) -> contextlib.AbstractContextManager[None]:
        return guard_disk(self._folder, _SETTING)


def _own(signer: Signer) -> Key:
    return Key(
        id=signer.id,
        public=signer.public,
        name=_OWN_NAME,
        own=True,
        current=True,
        standing="trusted",
        since=_now(),
    )


def _with(ring: _Ring, key: Key) -> _Ring:
    others = tuple(one for one in ring.keys if one.id != key.id)
    return ring.model_copy(update={"keys": (*others, key)})


def _map(ring: _Ring, change: Callable[[Key], Key]) -> _Ring:
    return ring.model_copy(update={"keys": tuple(change(key) for key in ring.keys)})


def _checked_name(name: str, wanted: str, ring: _Ring) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise CapsuleError(
            f"{name!r} is no name for a key.", f"Say whose it is with --name, in at most {_MAX_NAME} letters."
        )
    if name == _OWN_NAME:
        raise CapsuleError(f"The name {name!r} is kept for your own keys.", "Choose another name.")
    if other := next((key for key in ring.keys if key.name == name and key.id != wanted), None):
        raise CapsuleError(
            f"The key {other.id[:16]} is called {name!r} already.",
            "Choose another name, so that the two can be told apart.",
        )
    return name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
