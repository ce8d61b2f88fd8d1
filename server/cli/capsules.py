"""How capsules are told."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from ..engine.types import Capsule, CapsuleSummary, Signature
from .endings import Ending
from .generate_report import print_stages
from .keys_report import signature_word, signature_words
from .tables import dumped, print_json, print_table
from .terminal import STYLES, console, words
from .text import one_line, size

_SHORT_ID = 12
_FILES = (".qlcapsule", ".zip", ".tar.gz", ".pem")


def show_list(capsules: Sequence[CapsuleSummary], *, json: bool) -> Ending:
    if json:
        print_json(dumped(capsules))
        return Ending.DONE
    rows = [
        (
            capsule.id[:_SHORT_ID],
            capsule.name or "(damaged)",
            Text("", style="red") if capsule.problem else Text(capsule.status, style=STYLES[capsule.status]),
            f"{capsule.confidence:.2f}",
            signature_word(capsule.signature),
            str(capsule.files),
            capsule.created,
        )
        for capsule in capsules
    ]
    for capsule in capsules:
        if capsule.problem:
            console(stderr=True).print(words(f"{capsule.id[:_SHORT_ID]}: {capsule.problem}", "yellow"))
    headings = ("ID", "NAME", "VERDICT", "CONFIDENCE", "SIGNATURE", "FILES", "MADE")
    print_table(headings, rows, empty='No capsules yet. Make one: quantumlayer generate "..."')
    return Ending.DONE


def show_one(capsule: Capsule, signature: Signature, *, json: bool) -> Ending:
    if json:
        document = {
            "id": capsule.id,
            "manifest": capsule.manifest.model_dump(mode="json"),
            "evidence": capsule.evidence.model_dump(mode="json"),
            "brief": capsule.brief.model_dump(mode="json"),
            "signature": signature.model_dump(mode="json"),
        }
        print_json(document)
        return Ending.DONE
    out = console()
    evidence, manifest = capsule.evidence, capsule.manifest
    verdict = evidence.verdict
    out.print(
        Text.assemble(
            (manifest.name, "bold"), "  ", (verdict.status, STYLES[verdict.status]),
            f"  confidence {verdict.confidence:.2f}",
        )
    )  # fmt: skip
    out.print(Text.assemble("  ", signature_words(signature)))
    for title, value in (
        ("id", capsule.id),
        ("brief", one_line(capsule.brief.text, 160)),
        ("made", evidence.created),
        ("models", ", ".join(evidence.models)),
        ("sandbox", evidence.sandbox),
        ("packages", ", ".join(manifest.dependencies)),
        ("parents", ", ".join(parent[:_SHORT_ID] for parent in manifest.parents)),
        *manifest.commands.items(),
    ):
        if value:
            out.print(Text.assemble((f"  {title:<10}", "dim"), words(value)))
    out.print(Text("\nFiles", style="bold"))
    for entry in manifest.files:
        out.print(words(f"  {entry.path}  {entry.role}, {size(entry.size)}"))
    print_stages(verdict.stages, out)
    for title, lines in (
        ("Why it is not verified", verdict.reasons),
        ("Confidence rests on", verdict.evidence),
    ):
        if lines:
            out.print(Text(f"\n{title}", style="bold"))
            for line in lines:
                out.print(words(f"  - {line}"))
    return Ending.DONE


def tell_path(path: Path, *, json: bool) -> Ending:
    if json:
        print_json({"archive": str(path.absolute()), "size": path.stat().st_size})
    else:
        print(path)  # noqa: T201
    return Ending.DONE


def tell_report(capsule: Capsule, page: Path, *, show: bool, json: bool) -> Ending:
    import webbrowser

    opened = show and webbrowser.open(page.absolute().as_uri())
    if json:
        print_json({"capsule": capsule.id, "report": str(page.absolute()), "opened": opened})
    else:
        print(page)  # noqa: T201
    if show and not opened:
        console(stderr=True).print(words("There is no browser here that could be started.", "yellow"))
    return Ending.DONE


def archive_or_ref(source: str) -> Path | str:
    """A path if it looks like one or is there, else a reference into the store."""
    looks_like_a_file = (
        source.endswith((".qlcapsule", ".zip", ".tar.gz", ".pem")) or "/" in source or "\\" in source
    )
    return Path(source) if looks_like_a_file or Path(source).is_file() else source


def tell_imported(capsule: Capsule, signature: Signature, *, json: bool) -> Ending:
    name, status = capsule.manifest.name, capsule.evidence.verdict.status
    if json:
        told = {"capsule": capsule.id, "name": name, "status": status}
        print_json({**told, "signature": signature.model_dump(mode="json")})
    else:
        console().print(words(f"imported {name}, {status} where it was made: {capsule.id}"))
        console().print(signature_words(signature))
    return Ending.DONE


def tell_removed(capsule: CapsuleSummary, *, json: bool) -> Ending:
    if json:
        print_json(capsule.model_dump(mode="json"))
    else:
        console().print(words(f"removed {capsule.name or 'a damaged capsule'}, {capsule.id}"))
    return Ending.DONE
