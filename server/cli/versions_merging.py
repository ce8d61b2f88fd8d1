"""`quantumlayer capsule merge`: what comes of it, and conflicts put where they can be settled."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import CapsuleError
from .endings import Ending
from .generate_report import print_stages
from .tables import print_json
from .terminal import STYLES, console, words

if TYPE_CHECKING:
    from ..engine.facade import Engine
    from ..engine.types.versions import Merge

_UNITED = {
    "merged": "merged",
    "fast-forward": "nothing to merge: ours was its ancestor, and is it now",
    "up to date": "nothing to merge: ours holds it already",
}


async def merge_versions(
    engine: "Engine", ours: str, theirs: str, out: Path | None, resolved: Path | None, *, json: bool
) -> Ending:
    merged = await engine.merge(ours, theirs)
    if merged.outcome == "conflicts" and resolved is not None:
        chosen = _settled(merged, resolved)
        merged = await engine.merge(ours, theirs, resolved=chosen)
    if merged.outcome == "conflicts":
        if out is not None and resolved is None:
            await engine.write_files(merged.files, out)
        return _tell_conflicts(merged, ours, theirs, out if resolved is None else resolved, json=json)
    return await _tell_merged(engine, merged, json=json)


def _settled(merged: "Merge", folder: Path) -> dict[str, str]:
    texts = {file.path: text for file in merged.files if (text := _read(folder / file.path)) is not None}
    if not texts:
        raise CapsuleError(f"{folder} holds none of the files of this merge.", "Give the folder of `--out`.")
    return texts


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode() if path.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise CapsuleError(f"{path} cannot be read: {error}.") from error


def _tell_conflicts(merged: "Merge", ours: str, theirs: str, folder: Path | None, *, json: bool) -> Ending:
    if json:
        print_json({**merged.model_dump(mode="json", exclude={"files"}), "folder": str(folder or "")})
        return Ending.FAILED
    print_out = console()
    print_out.print(words(f"not merged: {len(merged.conflicts)} in conflict", "red"))
    for one in merged.conflicts:
        places = f", {one.places} places" if one.places > 1 else ""
        print_out.print(words(f"  {one.path}: {one.kind}{places}"))
    command = f"quantumlayer capsule merge {ours} {theirs}"
    if folder is None:
        print_out.print(words(f"  to settle them: {command} --out DIR", "dim"))
    else:
        print_out.print(words(f"  settle them in {folder}, then: {command} --resolved {folder}", "dim"))
    return Ending.FAILED


async def _tell_merged(engine: "Engine", merged: "Merge", *, json: bool) -> Ending:
    capsule = await engine.get_capsule(merged.capsule)
    verdict = capsule.evidence.verdict
    ending = Ending.DONE if verdict.status == "verified" else Ending.UNVERIFIED
    if json:
        document = merged.model_dump(mode="json", exclude={"files"})
        print_json(
            {
                **document,
                "status": verdict.status,
                "confidence": verdict.confidence,
                "reasons": verdict.reasons,
            }
        )
        return ending
    out = console()
    out.print(words(f"{_UNITED[merged.outcome]}: {capsule.manifest.name} {capsule.id}"))
    if merged.outcome == "merged":
        print_stages(verdict.stages, out)
    out.print(words(f"{verdict.status}, confidence {verdict.confidence:.2f}", STYLES[verdict.status]))
    for reason in verdict.reasons:
        out.print(words(f"  - {reason}"))
    return ending
