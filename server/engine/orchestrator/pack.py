"""Packing: a built project becomes a capsule in the store."""

from datetime import UTC, datetime

from ..capsule.manifest import build_manifest, make_capsule, project_name
from ..capsule.store import Store
from ..sandbox import Sandbox
from ..types import Brief, Capsule, Evidence, Plan, SourceFile, Usage
from .build import Built
from .chronicle import Chronicle


def pack(
    brief: Brief,
    built: Built,
    store: Store,
    usage: Usage,
    model: str,
    sandbox: Sandbox | None,
    chronicle: Chronicle,
) -> Capsule:
    """Adds what every project has besides its code (README, requirements) and stores the capsule."""
    files = dict(built.files)
    for extra in (_readme(brief, built), _requirements(built.plan)):
        if extra is not None:
            files.setdefault(extra.path, extra)
    tests = tuple(path for path in files if path.startswith("tests/"))
    manifest = build_manifest(
        brief, built.plan, tuple(files.values()), tests=tests, packages=built.plan.packages
    )
    evidence = Evidence(
        verdict=built.verdict,
        usage=usage,
        models=(model,),
        plan=built.plan,
        sandbox=f"{sandbox.name} {sandbox.version}, Python {sandbox.python}" if sandbox else "",
        tools={tool.name: tool.version for stage in built.verdict.stages for tool in stage.tools},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        authors=chronicle.authors(files, built.given, built.by_file),
        checks=built.checks,
        candidates=chronicle.candidates,
        timeline=chronicle.timeline(),
    )
    capsule = make_capsule(store.place(manifest), brief, tuple(files.values()), evidence)
    return store.add(capsule, renew=True)


def name_of(brief: Brief) -> str:
    return project_name(brief)


def _readme(brief: Brief, built: Built) -> SourceFile:
    """The specification and how to use what was made of it; every word is the brief's or the plan's."""
    plan = built.plan
    parts = [f"# {project_name(brief)}", brief.text.strip()]
    if plan.run:
        parts.append("## Use\n\n" + "\n".join(f"    {line}" for line in plan.run))
    if plan.packages:
        parts.append("## Install\n\n    python -m pip install -r requirements.txt")
    if any(path.startswith("tests/") for path in built.files):
        parts.append("## Test\n\n    python -m pytest")
    return SourceFile(path="README.md", text="\n\n".join(parts) + "\n")


def _requirements(plan: Plan) -> SourceFile | None:
    if not plan.packages:
        return None
    return SourceFile(path="requirements.txt", text="".join(f"{package}\n" for package in plan.packages))
