"""The manifest: what a capsule is, derived from the brief, the plan and the files alone.

The same brief, plan and files give the same manifest, and so the same id, on every machine.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath
from typing import Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..errors import CapsuleError
from ..types import Brief, Capsule, Evidence, FileEntry, Manifest, Plan, SourceFile
from .canonical import canonical, digest
from .parts import manifest_problems, take_apart
from .python_facts import PythonFacts, read_python
from .tree import check_name

Role = Literal["source", "test", "doc", "config"]
_TEST_COMMAND = "python -m pytest"
_DOCS = frozenset({".md", ".rst", ".adoc"})
_CONFIGS = frozenset({".toml", ".cfg", ".ini", ".json", ".yaml", ".yml", ".env", ".lock", ".in"})
_CONFIG_NAMES = frozenset({"Dockerfile", "Makefile", "Procfile", "py.typed"})


def build_manifest(
    brief: Brief,
    plan: Plan,
    files: Sequence[SourceFile],
    *,
    tests: Collection[str] = (),
    parents: Sequence[str] = (),
    packages: Sequence[str] | None = None,
    name: str = "",
) -> Manifest:
    """Describes a project.

    `tests` are the paths that are tests; others that look like tests are taken for tests too. `packages`
    are the third-party requirements, by default the plan's. `name` is by default `project_name(brief)`.

    Raises CapsuleError if the files cannot stand in one folder on every platform, or are too large.
    """
    ordered = sorted(files, key=lambda file: file.path)
    roles: dict[str, Role] = {file.path: role_of(file.path, tests) for file in ordered}
    facts = {
        file.path: read_python(file.text)
        for file in ordered
        if file.path.endswith(".py") and roles[file.path] == "source"
    }
    ports = sorted({port for fact in facts.values() for port in fact.ports})
    entry_points = tuple(path for path in facts if _is_entry_point(path, facts[path]))
    manifest = Manifest(
        name=name or project_name(brief),
        language=brief.language,
        description=" ".join(plan.summary.split()),
        entry_points=entry_points,
        commands=_commands(plan, entry_points, has_tests="test" in roles.values()),
        dependencies=_dependencies(plan.packages if packages is None else packages),
        env=tuple(sorted({name for fact in facts.values() for name in fact.env})),
        ports=tuple(ports),
        health_check=next((fact.health for fact in facts.values() if fact.health), "") if ports else "",
        files=tuple(_entry(file, roles[file.path]) for file in ordered),
        brief_sha256=digest(canonical(brief)),
        parents=tuple(parents),
    )
    if problems := manifest_problems(manifest):
        raise CapsuleError(f"These files cannot be one capsule: {'; '.join(problems)}.")
    return manifest


def capsule_id(manifest: Manifest) -> str:
    """SHA-256 of the canonical manifest (RFC 8785), in lower-case hexadecimal."""
    return digest(canonical(manifest))


def make_capsule(
    manifest: Manifest, brief: Brief, files: Sequence[SourceFile], evidence: Evidence
) -> Capsule:
    """Puts a capsule together; raises CapsuleError if brief or files are not what the manifest says."""
    capsule = Capsule(
        id=capsule_id(manifest),
        manifest=manifest,
        files=tuple(sorted(files, key=lambda file: file.path)),
        evidence=evidence,
        brief=brief,
    )
    take_apart(capsule)
    return capsule


def content_digest(manifest: Manifest) -> str:
    """Digest of everything but the ancestry: equal for two versions that hold the same project."""
    return capsule_id(manifest.model_copy(update={"parents": ()}))


def project_name(brief: Brief) -> str:
    """The brief's name if a folder may be called so everywhere, else one made from its first line."""
    try:
        return check_name(brief.name)
    except ValueError:
        first_line = next((line for line in brief.text.splitlines() if line.strip("# \t")), "")
        words = re.findall(r"[a-z0-9]+", (brief.name or first_line).lower())
    name = ""
    for word in words:
        if name and len(name) + len(word) > 31:
            break
        name = f"{name}-{word}" if name else word[:32]
    try:
        return check_name(name)
    except ValueError:
        return "capsule"


def role_of(path: str, tests: Collection[str] = ()) -> Role:
    """What a file is for, told from the list of tests and from its name."""
    parts = PurePosixPath(path)
    name = parts.name
    is_python = parts.suffix == ".py"
    if path in tests or (is_python and (name.startswith("test_") or name.endswith("_test.py"))):
        return "test"
    if name == "conftest.py" or parts.parts[0] in {"tests", "test"}:
        return "test"
    if is_python:
        return "source"
    if parts.suffix in _DOCS or parts.parts[0] == "docs" or name.startswith(("README", "LICENSE")):
        return "doc"
    if parts.suffix in _CONFIGS or name in _CONFIG_NAMES or name.startswith((".", "requirements")):
        return "config"
    return "source"


def _is_entry_point(path: str, facts: PythonFacts) -> bool:
    return facts.runs or PurePosixPath(path).name == "__main__.py"


def _commands(plan: Plan, entry_points: tuple[str, ...], *, has_tests: bool) -> dict[str, str]:
    runs = [" ".join(command.split()) for command in plan.run if command.strip()]
    if not runs and len(entry_points) == 1:
        runs = [_run_command(entry_points[0])]
    commands = {"run" if place == 1 else f"run-{place}": run for place, run in enumerate(runs, 1)}
    if has_tests:
        commands["test"] = _TEST_COMMAND
    return commands


def _run_command(path: str) -> str:
    place = PurePosixPath(path)
    if place.name == "__main__.py" and len(place.parts) > 1:
        return f"python -m {'.'.join(place.parts[:-1])}"
    return f"python {path}"


def _dependencies(packages: Sequence[str]) -> tuple[str, ...]:
    """One requirement per distribution, in the order of their normalised names."""
    known: dict[str, str] = {}
    for package in packages:
        try:
            requirement = Requirement(package)
        except InvalidRequirement as error:
            raise CapsuleError(f"{package!r} is not a package requirement: {error}.") from error
        known.setdefault(canonicalize_name(requirement.name), str(requirement))
    return tuple(known[name] for name in sorted(known))


def _entry(file: SourceFile, role: Role) -> FileEntry:
    try:
        data = file.text.encode()
    except UnicodeEncodeError as error:
        raise CapsuleError(f"{file.path} is not text that UTF-8 can carry: {error}.") from error
    return FileEntry(path=file.path, sha256=digest(data), size=len(data), role=role)
