"""The share of seeded defects that is found, per stage and language, beside other tools on the same files.

    python benchmarks/defects.py [--json FILE] [--without-python]

tests/seeded breaks files that work: modules of the standard library for Python, small files of its own for
other languages. A defect is found when something is told of the broken file that is not told of the one it
was made of: by the mesh in the stage that must find it, as an error or a warning; by a peer at all, whatever
its severity. Hints of ours do not count, nor do rules that tell of harmless code put in the same place (such
as "two blank lines expected"). What is told of the files that work is counted as well: they do
work, so errors there are false alarms; the rest is a matter of taste.

The peers judge Python as they come, without a configuration. pylsp is run as its usual plugins, pyflakes and
pycodestyle; with --without-python neither they nor Python's defects are. Where the mesh has no tool for a
stage of a language, its defects count as not checked.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latency import peers as installed_peers
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.settings import Settings, StorageSettings, ValidateSettings
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from seeded.defects import Defect, Language, seeded
from seeded.judging import judge
from seeded.languages import languages

LONGEST_S = 300.0
Told = Iterable[tuple[str, str, str, str]]
"""File, rule, message, severity."""


@dataclass(frozen=True)
class Peer:
    name: str
    command: Sequence[str]
    read: Callable[[str], Told]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--without-python", action="store_true", help="the other languages only")
    args = parser.parse_args()
    figures = asyncio.run(measure(python=not args.without_python))
    show(figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


async def measure(*, python: bool = True) -> dict[str, Any]:
    made = {
        language.name: (language, list(seeded(language)))
        for language in languages()
        if python or language.name != "python"
    }
    rows = []
    with tempfile.TemporaryDirectory() as home:
        beside = beside_on_python(*made["python"], Path(home)) if python else {}
        settings = Settings(
            storage=StorageSettings(data_dir=Path(home, "data"), cache_dir=Path(home, "cache")),
            validate=ValidateSettings(timeout_s=LONGEST_S),
        )
        journal = Journal(Path(home, "journal"))
        try:
            mesh = Mesh(settings, journal, None)
            for language, defects in made.values():
                for stage in dict.fromkeys(kind.stage for kind in language.kinds):
                    row = await ours(mesh, language, stage, defects)
                    if language.name == "python":
                        row["peers"] = {name: found[stage] for name, (found, _) in beside.items()}
                    rows.append(row)
        finally:
            await journal.aclose()
    return {
        "defects": sum(len(defects) for _, defects in made.values()),
        "kinds": sum(len(language.kinds) for language, _ in made.values()),
        "rows": rows,
        "originals": {name: dict(told) for name, (_, told) in beside.items()},
    }


async def ours(mesh: Mesh, language: Language, stage: str, defects: Sequence[Defect]) -> dict[str, Any]:
    result = await judge(mesh, language, stage, [one for one in defects if one.stage == stage])
    return {
        "language": language.name,
        "stage": stage,
        "defects": len(result.found) + len(result.missed) + len(result.unchecked),
        "found": len(result.found),
        "missed": [f"{one.kind}, {one.original}" for one in result.missed],
        "not_checked": len(result.unchecked),
        "reason": result.reason,
        "errors_on_originals": len(result.errors_on_originals),
        "warnings_on_originals": len(result.warnings_on_originals),
    }


# -- peers --------------------------------------------------------------------------------------


def beside_on_python(
    language: Language, defects: Sequence[Defect], home: Path
) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """By peer: how many defects of each stage it tells of, and how much it tells of the originals."""
    before, after, plain = home / "before", home / "after", home / "plain"
    for folder, files in (
        (before, language.originals.items()),
        (plain, language.control().items()),
        (after, ((defect.path, defect.text) for defect in defects)),
    ):
        for path, text in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    found = {}
    for peer in peers():
        known, now, harmless = told(peer, before), told(peer, after), told(peer, plain)
        noise = {
            what[0]
            for path, all_told in harmless.items()
            for what in {what for what, _ in all_told} - {what for what, _ in known[path]}
        }
        counts: Counter[str] = Counter()
        for defect in defects:
            earlier = Counter(what for what, _ in known[defect.original])
            here = Counter(what for what, _ in now[defect.path] if what[0] not in noise)
            counts[defect.stage] += any(count > earlier[what] for what, count in here.items())
        severities = Counter(severity for what in known.values() for _, severity in what)
        found[peer.name] = (counts, severities)
    return found


def peers() -> tuple[Peer, ...]:
    programs = Path(installed_peers(None)["ruff server"][0]).parent

    def program(name: str, *options: str) -> list[str]:
        return [str(programs / name), *options]

    plugins = [
        *(str(programs / "python"), "-c"),
        "import subprocess, sys\n"
        "for name in ('pyflakes', 'pycodestyle'):\n"
        "    subprocess.run([sys.executable, '-m', name, '.'])",
    ]
    return (
        Peer(
            "ruff",
            program("ruff", "check", "--isolated", "--no-cache", "--output-format=json", "."),
            ruff_told,
        ),
        Peer("pylsp's usual plugins", plugins, lines_told),
        Peer("basedpyright", program("basedpyright", "--outputjson", "."), pyright_told),
        Peer("ty", program("ty", "check", "--output-format=concise", "."), lines_told),
    )


def told(peer: Peer, folder: Path) -> dict[str, list[tuple[tuple[str, str], str]]]:
    done = subprocess.run(peer.command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S)
    by_file: dict[str, list[tuple[tuple[str, str], str]]] = defaultdict(list)
    for file, rule, message, severity in peer.read(
        done.stdout if peer.read is not lines_told else done.stdout + done.stderr
    ):
        path = Path(file)
        inside = path.relative_to(folder.resolve()) if path.is_absolute() else path
        by_file[inside.as_posix()].append(((rule, message), severity))
    return by_file


def ruff_told(output: str) -> Told:
    for one in json.loads(output):
        yield one["filename"], one["code"] or "syntax", one["message"], "error"


def pyright_told(output: str) -> Told:
    for one in json.loads(output)["generalDiagnostics"]:
        yield one["file"], one.get("rule", "syntax"), one["message"], one["severity"]


def lines_told(output: str) -> Told:
    """`file:line:column: message`."""
    for line in output.splitlines():
        parts = line.split(":", 3)
        if len(parts) == 4 and parts[1].isdigit():
            message = parts[3].strip()
            severity = "warning" if message.startswith("warning[") else "error"
            yield parts[0], message.partition(" ")[0], message, severity


# -- telling ------------------------------------------------------------------------------------


def show(figures: dict[str, Any]) -> None:
    console = Console()
    table = Table(title=f"{figures['defects']} seeded defects of {figures['kinds']} kinds: the share found")
    names = list(figures["originals"])
    table.add_column("")
    headings = ["defects", "quantumlayer", "not checked", *names, "errors / warnings of ours on what works"]
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in figures["rows"]:
        checked = row["defects"] - row["not_checked"]
        share = f"{row['found'] / checked:.1%}" if checked else "-"
        others = [f"{row['peers'][name] / row['defects']:.1%}" if "peers" in row else "-" for name in names]
        table.add_row(
            f"{row['language']}, {row['stage']}",
            *(str(row["defects"]), share, str(row["not_checked"] or "")),
            *others,
            f"{row['errors_on_originals']} / {row['warnings_on_originals']}",
        )
    console.print(table)
    for name, severities in figures["originals"].items():
        counted = ", ".join(f"{count} {severity}s" for severity, count in sorted(severities.items()))
        console.print(f"{name} tells of the Python files that work: {counted or 'nothing'}")
    for row in figures["rows"]:
        if row["missed"]:
            console.print(f"missed in {row['language']}, {row['stage']}: {'; '.join(row['missed'])}")


if __name__ == "__main__":
    main()
