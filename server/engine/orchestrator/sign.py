"""Signing what a run made, with all that only the run knows of it."""

import functools
from importlib import metadata, resources

from ...settings import Settings
from ..capsule.canonical import digest
from ..capsule.keys import KeyRing
from ..capsule.provenance import Origin
from ..capsule.seal import signature_of
from ..capsule.sealing import sealed
from ..errors import CapsuleError, StorageError
from ..sandbox import Sandbox, known_wheels
from ..types import Capsule, Seal
from ..validation.packages.folders import requirements


def signed(capsule: Capsule, settings: Settings, sandbox: Sandbox | None) -> tuple[Capsule, str]:
    """The capsule with its signature; or as it is, and why it could not be signed.

    A key that cannot be had is no reason to lose what a run made.
    """
    packages = capsule.manifest.dependencies
    wheels = known_wheels(requirements(packages), sandbox.python, settings) if sandbox and packages else ()
    keys = KeyRing(settings.storage.data_dir / "keys")
    try:
        return sealed(capsule, keys, origin_of(settings), wheels), ""
    except (CapsuleError, StorageError) as error:
        return capsule, f"the capsule is not signed: {error}"


def is_distrusted(seal: Seal, settings: Settings) -> bool:
    """Whether it is not of a key that this user trusts; one that cannot be told is left as it is."""
    try:
        keys = KeyRing(settings.storage.data_dir / "keys").list()
    except (CapsuleError, StorageError):
        return False
    return signature_of(seal, keys).state != "trusted"


def origin_of(settings: Settings) -> Origin:
    """Addresses are left out, as they may name private hosts, and so is what only takes more or less time."""
    generate, sandbox = settings.generate, settings.sandbox
    return Origin(
        version=metadata.version("quantumlayer"),
        prompts_sha256=_prompts_digest(),
        settings={
            "generate.draws": generate.draws,
            "generate.explore": generate.explore,
            "generate.patterns": tuple(generate.patterns),
            "generate.repair_rounds": generate.repair_rounds,
            "generate.samples": generate.samples,
            "generate.tier": generate.tier,
            "generate.units": generate.units,
            "generate.waves": generate.waves,
            "models.max_tokens": settings.models.max_tokens,
            "sandbox.engine": sandbox.engine,
            "sandbox.memory_mb": sandbox.memory_mb,
            "sandbox.seconds": sandbox.seconds,
            "validate.stages": tuple(settings.validate_.stages),
        },
    )


@functools.cache
def _prompts_digest() -> str:
    """SHA-256 over the names and texts of all prompts, sorted."""
    folder = resources.files("quantumlayer.engine.agents") / "prompts"
    files = [(file.name, file) for file in folder.iterdir() if file.is_file()]
    files += [(f"worked/{file.name}", file) for file in (folder / "worked").iterdir() if file.is_file()]
    lines = sorted(f"{name}\0{digest(file.read_bytes())}\n" for name, file in files)
    return digest("".join(lines).encode())
