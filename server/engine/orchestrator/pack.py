"""Packing: a built project becomes a capsule in the store."""

from datetime import UTC, datetime

from ...settings import Settings
from ..capsule.manifest import build_manifest, make_capsule, project_name
from ..capsule.store import Store
from ..sandbox import Sandbox, described
from ..types import Brief, Capsule, Evidence, Plan, Selection, SourceFile, Usage
from .build import Built
from .chronicle import Chronicle
from .sign import is_distrusted, signed


def pack(
    brief: Brief,
    built: Built,
    store: Store,
    usage: Usage,
    model: str,
    sandbox: Sandbox | None,
    chronicle: Chronicle,
    selection: Selection,
    settings: Settings,
) -> tuple[Capsule, str]:
    """Adds what every project has besides its code (README, requirements), signs and stores the capsule.

    Returns it as it is stored, and why it could not be signed, if it could not.
    """
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
        sandbox=described(sandbox),
        tools={tool.name: tool.version for stage in built.verdict.stages for tool in stage.tools},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        authors=chronicle.authors(files, built.given, built.by_file),
        checks=built.checks,
        candidates=chronicle.candidates,
        timeline=chronicle.timeline(),
        escalations=chronicle.escalations,
        selection=selection,
    )
    capsule = make_capsule(store.place(manifest), brief, tuple(files.values()), evidence)
    capsule, unsigned = signed(capsule, settings, sandbox)
    stored = store.add(capsule, renew=True, distrusted=lambda seal: is_distrusted(seal, settings))
    return stored, unsigned


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
