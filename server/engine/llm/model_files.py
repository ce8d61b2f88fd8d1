"""GGUF files on this disk: what was checked about each, and the register of those we do not keep.

Beside a file that we keep goes a mark (hash, size, time of change), so that a gigabyte is hashed once
and not at every start. Files of the user's own stay where they are; `data_dir/models.json` names them.
"""

import asyncio
from pathlib import Path

from ...settings import Settings
from ..errors import ModelError
from ..types import Value
from .catalogue import find_in_catalogue
from .disk import guard_disk, hash_file, locked, read_json, write_json

_MAGIC = b"GGUF"


class LocalModel(Value):
    """A GGUF file on this disk whose hash is known."""

    name: str
    path: Path
    sha256: str
    size: int
    mtime_ns: int

    @property
    def intact(self) -> bool:
        """Whether the file is, by size and time of change, still the one that was hashed."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.size, self.mtime_ns)


def require_gguf(path: Path) -> None:
    """Raises ModelError if the file does not begin as a GGUF file does."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise ModelError(f"{path} is not a GGUF file.", "Embedded models are files in the GGUF format.")


def measure(path: Path, name: str, sha256: str = "") -> LocalModel:
    """Looks at the file, and hashes it unless its hash is known already."""
    found = path.stat()
    return LocalModel(
        name=name,
        path=path,
        sha256=sha256 or hash_file(path),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
    )


def model_target(settings: Settings, name: str) -> Path:
    return settings.storage.cache_dir / "models" / f"{name}.gguf"


def _mark_path(target: Path) -> Path:
    return target.with_name(f"{target.name}.checked.json")


def read_mark(target: Path, name: str) -> LocalModel | None:
    with guard_disk(target.parent):
        return _parsed(read_json(_mark_path(target)), name, target)


def write_mark(local: LocalModel) -> None:
    write_json(_mark_path(local.path), local.model_dump(mode="json", include={"sha256", "size", "mtime_ns"}))


def _parsed(entry: object, name: str, path: Path) -> LocalModel | None:
    """The entry as a value, or None if someone else's hand was in the file."""
    if not isinstance(entry, dict):
        return None
    try:
        return LocalModel.model_validate({**entry, "name": name, "path": path})
    except ValueError:
        return None


def registered(settings: Settings) -> dict[str, LocalModel]:
    with guard_disk(settings.storage.data_dir, "storage.data_dir"):
        entries = read_json(settings.storage.data_dir / "models.json")
    if not isinstance(entries, dict):
        return {}
    found = {name: _parsed(entry, name, _entry_path(entry)) for name, entry in entries.items()}
    return {name: local for name, local in found.items() if local is not None}


def _entry_path(entry: object) -> Path:
    return Path(str(entry.get("path", ""))) if isinstance(entry, dict) else Path()


async def register(settings: Settings, local: LocalModel) -> LocalModel:
    """Remembers a model that is not in the catalogue, under a name that no other file has."""
    file = settings.storage.data_dir / "models.json"
    with guard_disk(file.parent, "storage.data_dir"):
        await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
        async with locked(file.with_name("models.json.lock")):
            known = await asyncio.to_thread(registered, settings)
            taken = known.get(local.name)
            if find_in_catalogue(local.name) or (taken and taken.path != local.path):
                local = local.model_copy(update={"name": f"{local.name}-{local.sha256[:8]}"})
            known[local.name] = local
            content = {name: model.model_dump(mode="json", exclude={"name"}) for name, model in known.items()}
            await asyncio.to_thread(write_json, file, content)
    return local
