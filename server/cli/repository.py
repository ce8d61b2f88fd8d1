"""What git knows of a folder. A repository may come from a stranger: nothing that its own configuration names
is run, and nothing is fetched."""

import hashlib
import os
import subprocess
from pathlib import Path

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
"""Its configuration may name a program to run."""
_SECONDS = 30


def git(folder: Path, *arguments: str) -> bytes | None:
    """What git says; None where there is no git, it refuses, or `folder` is in no repository."""
    # A folder may bring a `.git` that names a command to fetch what is missing: nothing is fetched.
    environment = os.environ | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
    }
    try:
        done = subprocess.run(
            [*_GIT, *arguments], cwd=folder, capture_output=True, timeout=_SECONDS, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def committed(top: Path, revision: str) -> dict[str, str] | None:
    """For each path the hash of its content in a revision; None if git knows no such revision."""
    tree = git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{tree}}")
    if tree is None:
        return None
    listed = git(top, "ls-tree", "-r", "-z", "--full-tree", tree.decode().strip()) or b""
    found = {}
    for entry in listed.split(b"\0"):
        described, _, name = entry.partition(b"\t")
        if name:
            found[name.decode(errors="surrogateescape")] = described.split()[2].decode()
    return found


def is_changed(file: Path, name: str, known: dict[str, str]) -> bool:
    """Whether a file's content is another than the one known under `name`.

    The content is hashed here: `git diff` would run the filters that a repository names.
    """
    expected = known.get(name)
    if expected is None:
        return True
    try:
        content = file.read_bytes()
    except OSError:
        return True
    algorithm = hashlib.sha1 if len(expected) == 40 else hashlib.sha256
    header = b"blob %d\0" % len(content)
    return algorithm(header + content, usedforsecurity=False).hexdigest() != expected
