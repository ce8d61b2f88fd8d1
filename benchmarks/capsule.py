"""Capsules of 10, 1,000 and 10,000 files: signing, storing, exporting, verifying; beside zip and sha256sum.

    python benchmarks/capsule.py [--sizes 10 1000 10000] [--bytes 2000] [--runs 5] [--json FILE]

Each size is one project of files of `--bytes` bytes. `export` reads the capsule from the store, recomputes
every digest and writes a `.qlcapsule`; `verify` recomputes everything in that file, with its signature.
Beside it, over the same files on the same disk: `zip -0` (stored, like ours) packs them, `unzip -t` reads
the archive and its CRC-32, and `sha256sum` reads each file. What takes less than a process needs to start is
no fair comparison: the start of those programs is shown for itself. MB are 10**6 bytes of the files.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from figures import COLUMNS, spread
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from quantumlayer.engine.capsule.archive import write_archive
from quantumlayer.engine.capsule.keys import KeyRing
from quantumlayer.engine.capsule.manifest import build_manifest, make_capsule
from quantumlayer.engine.capsule.project import write_project
from quantumlayer.engine.capsule.provenance import Origin
from quantumlayer.engine.capsule.sealing import sealed
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.capsule.verify import verify_archive
from quantumlayer.engine.types import Brief, Capsule, Evidence, Plan, PlannedFile, SourceFile, Usage, Verdict

T = TypeVar("T")
SIGNED = ("sign", "store", "store again", "export", "verify")
STARTS = {"zip -0": "zip -h", "unzip -t": "unzip -hh", "sha256sum": "sha256sum --help"}
OTHERS = ("zip -0", "unzip -t", "sha256sum")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1000, 10_000], help="files in a project")
    parser.add_argument("--bytes", type=int, default=2000, help="size of each file (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        sizes = {
            str(count): measure(Path(home) / str(count), count, options.bytes, options.runs)
            for count in options.sizes
        }
    figures = {"bytes": options.bytes, "runs": options.runs, "start_ms": starts(options.runs), "files": sizes}
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def project(count: int, size: int, version: int) -> Capsule:
    """Files that differ from each other and from version to version."""
    files = tuple(
        SourceFile(
            path=f"part_{n // 100}/module_{n}.py", text=f"value = {n * 1000 + version}\n".ljust(size, "#")
        )
        for n in range(count)
    )
    brief = Brief(text=f"Version {version}.", name="measured")
    plan = Plan(summary="Files.", files=(PlannedFile(path="part_0/module_0.py", purpose="a file"),))
    verdict = Verdict(status="unverified", stages=(), confidence=0, evidence=())
    evidence = Evidence(verdict=verdict, usage=Usage(), plan=plan, created="2026-01-01T00:00:00+00:00")
    return make_capsule(build_manifest(brief, plan, files), brief, files, evidence)


def measure(home: Path, count: int, size: int, runs: int) -> dict[str, object]:
    store, keys = Store(home / "capsules"), KeyRing(home / "keys")
    origin = Origin(version="measured")
    archive = home / "measured.qlcapsule"
    times: dict[str, list[float]] = {}
    capsule = sealed(project(count, size, 0), keys, origin)
    for run in range(1, runs + 1):
        made = project(count, size, run)
        capsule = timed(times, "sign", lambda made=made: sealed(made, keys, origin))
        timed(times, "store", lambda capsule=capsule: store.add(capsule, renew=True))
        timed(times, "store again", lambda capsule=capsule: store.add(capsule, renew=True))
        timed(times, "export", lambda: write_archive(store.get("measured"), "qlcapsule", archive))
        report = timed(times, "verify", lambda: verify_archive(archive, keys.list()))
        if not report.ok or report.signature.state != "trusted":
            raise SystemExit(f"the archive is not what it should be: {report.mismatches}")
    folder = write_project(capsule, home / "project")
    for _ in range(runs):
        packed = home / "other.zip"
        packed.unlink(missing_ok=True)
        for name, command in others(packed).items():
            timed(times, name, lambda command=command: run_in(folder, command))
    megabytes = count * size / 1e6
    return {
        "megabytes": round(megabytes, 3),
        "archive_bytes": archive.stat().st_size,
        "seal_bytes": seal_size(capsule),
        **{name: figures_of(found, megabytes) for name, found in times.items()},
    }


def figures_of(found: Sequence[float], megabytes: float) -> dict[str, object]:
    return {
        "ms": spread([one * 1000 for one in found]),
        "mb_s": round(megabytes / statistics.median(found), 1),
    }


def seal_size(capsule: Capsule) -> int:
    seal = capsule.seal
    return sum(len(part) for part in (seal.sbom, seal.provenance, seal.key)) if seal else 0


def others(packed: Path) -> Mapping[str, str]:
    """By name; those that are not on this machine are left out."""
    commands = {
        "zip -0": f"zip -0 -q -r {packed} .",
        "unzip -t": f"unzip -tqq {packed}",
        "sha256sum": "find . -type f -print0 | xargs -0 sha256sum > /dev/null",
    }
    return {name: command for name, command in commands.items() if shutil.which(name.split()[0])}


def starts(runs: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, command in STARTS.items():
            if shutil.which(command.split()[0]):
                timed(times, name, lambda command=command: run_in(Path(), f"{command} > /dev/null"))
    return {name: spread([one * 1000 for one in found]) for name, found in times.items()}


def run_in(folder: Path, command: str) -> None:
    subprocess.run(command, shell=True, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def timed(times: dict[str, list[float]], name: str, work: Callable[[], T]) -> T:
    began = time.perf_counter()
    result = work()
    times.setdefault(name, []).append(time.perf_counter() - began)
    return result


def show(figures: Mapping[str, object]) -> None:
    console = Console()
    sizes = figures["files"]
    assert isinstance(sizes, dict)
    for count, measured in sizes.items():
        title = f"{count} files, {measured['megabytes']:.2f} MB; the seal has {measured['seal_bytes']} bytes"
        table = Table(title=title)
        for heading in ("", "median ms", "p10", "p90", "MB/s"):
            table.add_column(heading, justify="right" if heading else "left")
        for name in (*SIGNED, *OTHERS):
            if name in measured:
                found = measured[name]
                cells = [*(found["ms"][one] for one in COLUMNS), found["mb_s"]]
                table.add_row(name, *(f"{cell:.1f}" for cell in cells))
        console.print(table)
    start = figures["start_ms"]
    assert isinstance(start, dict)
    alone = ", ".join(f"{name} {found['median']:.1f} ms" for name, found in start.items())
    console.print("start alone:", alone)


if __name__ == "__main__":
    main()
