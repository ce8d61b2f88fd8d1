"""Deployment files out of a manifest: a Dockerfile, what it may see, and a compose file.

Whatever a manifest says is put where it can only be a value: words of a command are JSON, names are checked.
So a manifest from elsewhere can add no instruction.
"""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..errors import CapsuleError
from ..types import Capsule, SourceFile
from ..types.versions import Deployment

BASE = "python:3.12-slim"
_USER = "10001:10001"
_EVERYWHERE = "0.0.0.0"  # noqa: S104  within the container
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_ROUTE = re.compile(r"/[A-Za-z0-9/._-]{0,99}")
_HOSTS = ("HOST", "BIND_ADDRESS", "LISTEN_ADDRESS")
_LOCAL_ONLY = re.compile(r"""["'](127\.0\.0\.1|localhost)["']""")
_GLOB = re.compile(r"([\\*?\[\]!#])")


def deployment_of(capsule: Capsule) -> Deployment:
    """The files; one that the capsule brings itself is left to it. Raises CapsuleError if nothing is run."""
    manifest = capsule.manifest
    if manifest.language != "python":
        raise CapsuleError(
            f"Deployment files are made for projects in Python; {manifest.name} is in {manifest.language}.",
            "Write a Dockerfile for it, and add it to the project.",
        )
    words = run_words(capsule)
    texts = {
        "Dockerfile": "".join(f"{line}\n" for line in _dockerfile(capsule, words)),
        ".dockerignore": "".join(f"{line}\n" for line in _dockerignore(capsule)),
        "compose.yaml": "".join(f"{line}\n" for line in _compose(capsule)),
    }
    own = {file.path for file in capsule.files}
    notes = [f"{path} is the project's own; it stays as it is" for path in texts if path in own]
    return Deployment(
        id=capsule.id,
        name=manifest.name,
        files=tuple(SourceFile(path=path, text=text) for path, text in texts.items() if path not in own),
        notes=(*notes, *_notes(capsule)),
    )


def run_words(capsule: Capsule) -> tuple[str, ...]:
    """The command that starts the project, without what a user would fill in."""
    manifest = capsule.manifest
    paths = {file.path for file in capsule.files}
    for line in (command for key, command in manifest.commands.items() if key.startswith("run")):
        if words := _starting(line, paths, _installed(manifest.dependencies)):
            return words
    if len(manifest.entry_points) == 1 and manifest.entry_points[0] in paths:
        place = PurePosixPath(manifest.entry_points[0])
        if place.name == "__main__.py" and len(place.parts) > 1:
            return ("python", "-m", ".".join(place.parts[:-1]))
        return ("python", str(place))
    raise CapsuleError(
        f"{manifest.name} has nothing to run: a library, or several entry points and no command.",
        "Say in the brief how it is run, and generate it again.",
    )


def _starting(line: str, paths: set[str], installed: set[str]) -> tuple[str, ...]:
    """Python and the file or module; of a server that is a package, its arguments too. Else nothing."""
    try:
        words = shlex.split(line)
    except ValueError:
        return ()
    if len(words) > 1 and words[0] in {"python", "python3"}:
        if words[1] in paths:
            return ("python", words[1])
        if words[1] == "-m" and len(words) > 2 and _is_module(words[2], paths):
            return ("python", "-m", words[2])
        if words[1] == "-m" and len(words) > 2 and canonicalize_name(words[2]) in installed:
            words = words[2:]
    if words and canonicalize_name(words[0]) in installed:
        host = () if words[0] != "uvicorn" or "--host" in words else ("--host", _EVERYWHERE)
        return ("python", "-m", *words, *host)
    return ()


def _is_module(name: str, paths: set[str]) -> bool:
    place = name.replace(".", "/")
    return f"{place}.py" in paths or f"{place}/__main__.py" in paths


def _installed(dependencies: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for line in dependencies:
        try:
            found.add(canonicalize_name(Requirement(line).name))
        except InvalidRequirement as error:
            raise CapsuleError(f"{line!r} is not a package requirement: {error}.") from error
    return found


# -- files -------------------------------------------------------------------------------------


def _dockerfile(capsule: Capsule, words: Sequence[str]) -> Iterator[str]:
    manifest = capsule.manifest
    yield f"# {manifest.name}, version {capsule.id[:12]}. Another base: docker build --build-arg BASE=..."
    yield f"ARG BASE={BASE}"
    yield ""
    yield "FROM ${BASE} AS build"
    yield "WORKDIR /app"
    if manifest.dependencies:
        yield from _install(manifest.dependencies, {file.path for file in capsule.files})
    yield "COPY . ."
    yield 'RUN ["python", "-m", "compileall", "-q", "."]'
    yield ""
    yield "FROM ${BASE}"
    yield "ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1" + " PYTHONPATH=/packages" * bool(
        manifest.dependencies
    )
    for name in (name for name in _HOSTS if name in manifest.env):
        yield f"ENV {name}={_EVERYWHERE}"
    yield "WORKDIR /app"
    if manifest.dependencies:
        yield "COPY --from=build /packages /packages"
    yield "COPY --from=build /app /app"
    yield f"USER {_USER}"
    for port in _ports(capsule):
        yield f"EXPOSE {port}"
    if _ports(capsule):
        yield "HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \\"
        yield f"    CMD {json.dumps(['python', '-c', _probe(capsule)])}"
    yield f"ENTRYPOINT {json.dumps([*words])}"


def _install(dependencies: Sequence[str], paths: set[str]) -> Iterator[str]:
    command = ["python", "-m", "pip", "install", "--no-cache-dir", "--no-compile", "--target", "/packages"]
    if "requirements.txt" in paths:
        yield "COPY requirements.txt ./"
        yield f"RUN {json.dumps([*command, '-r', 'requirements.txt'])}"
    else:
        yield f"RUN {json.dumps([*command, *dependencies])}"


def _probe(capsule: Capsule) -> str:
    port, route = _ports(capsule)[0], capsule.manifest.health_check
    if _ROUTE.fullmatch(route):
        return f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}{route}', timeout=4)"
    return f"import socket; socket.create_connection(('127.0.0.1', {port}), 4).close()"


def _dockerignore(capsule: Capsule) -> Iterator[str]:
    """Nothing but what the project runs with: neither tests nor what else lies in the folder."""
    needed = [entry.path for entry in capsule.manifest.files if entry.role in {"source", "config"}]
    yield "*"
    for top in dict.fromkeys(path.split("/")[0] for path in needed):
        yield "!" + _GLOB.sub(r"\\\1", top)
    yield "**/__pycache__"
    yield "**/.env"


def _compose(capsule: Capsule) -> Iterator[str]:
    manifest = capsule.manifest
    name = re.sub(r"[^a-z0-9]+", "-", manifest.name.lower()).strip("-") or "capsule"
    yield "# The image brings its health check; what the program writes outside /tmp needs a volume."
    yield "services:"
    yield f"  {name}:"
    yield "    build:"
    yield "      context: ."
    yield "      args:"
    yield f'        BASE: "${{BASE:-{BASE}}}"'
    yield f"    image: {name}:{capsule.id[:12]}"
    yield "    init: true"
    yield "    read_only: true"
    yield "    tmpfs:"
    yield "      - /tmp"
    yield "    cap_drop:"
    yield "      - ALL"
    yield "    security_opt:"
    yield "      - no-new-privileges:true"
    if ports := _ports(capsule):
        yield "    restart: unless-stopped"
        yield "    ports:"
        yield from (f'      - "{port}:{port}"' for port in ports)
    names = [name for name in manifest.env if _ENV_NAME.fullmatch(name) and name not in _HOSTS]
    if names:
        yield "    environment:"
        yield from (f"      - {name}" for name in names)


def _ports(capsule: Capsule) -> list[int]:
    return [port for port in capsule.manifest.ports if 0 < port < 65536]


def _notes(capsule: Capsule) -> Iterator[str]:
    if not _ports(capsule) or any(name in capsule.manifest.env for name in _HOSTS):
        return
    for entry, file in zip(capsule.manifest.files, capsule.files, strict=True):
        if entry.role == "source" and _LOCAL_ONLY.search(file.text):
            yield f"{file.path} names 127.0.0.1: a server that listens there is not reached from outside"
