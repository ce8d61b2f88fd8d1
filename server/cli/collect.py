"""Which files `validate` reads: what was named, within the projects it belongs to.

Every file is read each time, and known by its content: another text may have the same size and time.
Paths of files are texts here: there may be thousands, and each is taken apart several times.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from ..engine.declared import declared_packages
from ..engine.errors import QuantumLayerError
from ..engine.languages import is_code
from ..engine.types import SourceFile
from .repository import committed, git, is_changed

MOST_FILES = 5000
MOST_BYTES = 64 * 1024 * 1024
_MARKERS = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"})
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "venv", "env", "build", "dist"})


class NothingChanged(QuantumLayerError):
    """What was named is as it was: there is nothing to do."""


class NothingToValidate(QuantumLayerError):
    """What was named cannot be validated: wrong usage."""


@dataclass(frozen=True)
class LocalProject:
    """A project's files, and which of them were asked for."""

    root: Path
    files: tuple[SourceFile, ...]
    wanted: frozenset[str]
    packages: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return len(self.wanted) == len(self.files)


@dataclass(frozen=True)
class Collected:
    projects: tuple[LocalProject, ...]
    left_out: tuple[str, ...]
    """One line for each reason why files were left out."""


def collect(paths: Sequence[Path], *, max_file_kb: int, since: str = "") -> Collected:
    """The projects that `paths` belong to, each with its other files, which imports and tests may need.

    With `since` only files that are not as they were in that revision are asked for. Raises
    NothingToValidate if a path or revision does not exist, or nothing can be validated, and NothingChanged.
    """
    asked = [_existing(path) for path in paths]
    reader = _Reader(max_file_kb, named=frozenset(map(str, asked)))
    wanted: set[str] = set()
    known: dict[str, None] = {}
    for path in asked:
        listed = _listed(_top(path), reader)
        inside = [file for file in listed if file == str(path) or file.startswith(_below(path))]
        if not inside and path.is_dir():  # git ignores it; whoever names it means it
            listed = inside = _walked(path, reader)
        inside = inside or ([str(path)] if path.is_file() else [])
        wanted.update(_changed(path, inside, since) if since else inside)
        known.update(dict.fromkeys([*listed, *wanted]))
    if since and not wanted:
        raise NothingChanged(f"nothing has changed since {since}")
    named = wanted if since else {str(path) for path in asked if path.is_file()}
    projects = _projects(list(known), wanted, reader, named)
    if not projects and since and not reader.left_out():
        raise NothingChanged(f"no text has changed since {since}")
    if not projects:
        names = ", ".join(str(path) for path in paths)
        raise NothingToValidate(
            f"there is nothing to check in {names}", "Name a file of text, or a folder with code."
        )
    return Collected(projects, reader.left_out())


def _changed(path: Path, files: Sequence[str], since: str) -> list[str]:
    top = _top(path)
    if git(top, "rev-parse", "--show-toplevel") is None:
        raise NothingToValidate(f"{path} is in no git repository", "Leave out --changed and --since.")
    known = committed(top, since)
    if known is None:
        raise NothingToValidate(f"git knows no revision {since!r} in {top}", "Name a commit, tag or branch.")
    there = [file for file in files if _is_file(file)]
    return [file for file in there if is_changed(Path(file), _within(top, file), known)]


def _existing(path: Path) -> Path:
    if not os.path.lexists(path):
        raise NothingToValidate(f"there is no {path}", "Check the path.")
    full = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow links out of the project)
    if not os.path.lexists(full):
        raise NothingToValidate(f"{full} cannot be read", "Check your rights on the folders above it.")
    return full


# -- listing -----------------------------------------------------------------------------------


def _top(path: Path) -> Path:
    """Where the listing begins: the repository's top, else the project around `path` below here."""
    base = path if path.is_dir() else path.parent
    if top := git(base, "rev-parse", "--show-toplevel"):
        found = Path(top.decode(errors="surrogateescape").strip())
        # The same folder may have two names; only the one that `path` begins with is of use.
        return next((folder for folder in (base, *base.parents) if folder.samefile(found)), base)
    start = Path.cwd()
    above = [folder for folder in (base, *base.parents) if folder.is_relative_to(start)]
    marked = (folder for folder in above if any(_is_file(folder / marker) for marker in _MARKERS))
    return next(marked, base)


def _listed(top: Path, reader: "_Reader") -> list[str]:
    """Files under `top` that git does not ignore; without git, all but caches and environments."""
    output = git(top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if output is None:
        return _walked(top, reader)
    names = {name.decode(errors="surrogateescape") for name in output.split(b"\0") if name}
    return [_below(top) + name.replace("/", os.sep) for name in sorted(names)]


def _walked(top: Path, reader: "_Reader") -> list[str]:
    return sorted(_walk(top, reader), key=lambda file: file.replace(os.sep, "\0"))


def _walk(top: Path, reader: "_Reader") -> Iterator[str]:
    for place, folders, files in os.walk(top, onerror=reader.cannot_list):
        folders[:] = [name for name in folders if not _is_skipped(Path(place, name))]
        yield from (_below(place) + name for name in files)


def _is_skipped(folder: Path) -> bool:
    name = folder.name
    return name.startswith(".") or name in _SKIPPED or _is_file(folder / "pyvenv.cfg")


def _is_file(path: Path | str) -> bool:
    """False, where `Path.is_file` raises, below a folder that we may not look into."""
    return os.path.isfile(path)  # noqa: PTH113


def _below(folder: Path | str) -> str:
    """What the paths of everything in it begin with."""
    return str(folder).rstrip(os.sep) + os.sep


def _within(folder: Path, file: str) -> str:
    """The path inside the folder, with slashes."""
    return file.removeprefix(_below(folder)).replace(os.sep, "/")


# -- grouping and reading ----------------------------------------------------------------------


def _projects(
    known: list[str], wanted: set[str], reader: "_Reader", named: Set[str]
) -> tuple[LocalProject, ...]:
    """Those in which code is asked for, or any file by name or because it has changed: keys and
    passwords are also found where no code is."""
    found = []
    for root, files in sorted(_by_root(known).items()):
        asked = wanted.intersection(files)
        paths = {_within(root, file) for file in asked}
        by_name = {_within(root, file) for file in asked & named}
        if any(is_code(path) or path in by_name for path in paths):
            read = reader.read(root, files, asked)
            kept = paths.intersection(file.path for file in read)
            if any(is_code(path) or path in by_name for path in kept):
                found.append(LocalProject(root, read, frozenset(kept), declared_packages(root)))
    return tuple(found)


def _by_root(files: list[str]) -> dict[Path, list[str]]:
    """The files of each project, by its folder."""
    split = [(file, *os.path.split(file)) for file in files]
    roots = {folder for _, folder, name in split if name in _MARKERS}
    nearest = {folder: _nearest(Path(folder), roots) for folder in {folder for _, folder, _ in split}}
    orphans = [folder for folder, root in nearest.items() if root is None]
    common = Path(os.path.commonpath(orphans)) if orphans else Path()
    groups: dict[Path, list[str]] = defaultdict(list)
    for file, folder, _ in split:
        groups[nearest[folder] or common].append(file)
    return groups


def _nearest(folder: Path, roots: Set[str]) -> Path | None:
    return next((place for place in (folder, *folder.parents) if str(place) in roots), None)


class _Reader:
    """Reads what can be read, and remembers what could not and why."""

    def __init__(self, max_file_kb: int, named: frozenset[str]) -> None:
        self._most = max_file_kb * 1024
        self._named = named
        self._left_out: dict[str, list[str]] = defaultdict(list)
        self._inside: dict[tuple[str, Path], bool] = {}
        self._files = 0
        self._bytes = 0

    def read(self, root: Path, files: list[str], asked: set[str]) -> tuple[SourceFile, ...]:
        found = []
        for file in files:
            text = self._text(root, file, tell=file in asked)
            if text is None:
                continue
            try:
                found.append(SourceFile(path=_within(root, file), text=text))
            except ValueError:
                self._leave_out("its name is not safe on every platform", file, tell=file in asked)
        return tuple(found)

    def cannot_list(self, error: OSError) -> None:
        reason = f"it cannot be read ({error.strerror or error})"
        if (name := os.path.relpath(error.filename)) not in self._left_out[reason]:
            self._left_out[reason].append(name)

    def left_out(self) -> tuple[str, ...]:
        return tuple(_told(reason, names) for reason, names in self._left_out.items())

    def _text(self, root: Path, file: str, *, tell: bool) -> str | None:
        """The file's text, or None for what is no file, or was left out."""
        try:
            about = os.lstat(file)
            is_link = stat.S_ISLNK(about.st_mode)
            if not (Path(file).is_file() if is_link else stat.S_ISREG(about.st_mode)):
                return None
            if not self._lies_in(file, root, is_link=is_link):
                return self._leave_out("it is a link that leads out of the project", file, tell=tell)
            content = self._content(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return self._leave_out(f"it cannot be read ({error.strerror or error})", file, tell=tell)
        if len(content) > self._most:
            return self._leave_out(f"it is larger than {self._most // 1024} KB", file, tell=tell)
        if b"\0" in content:
            return self._leave_out("it is binary", file, tell=tell)
        self._count(len(content))
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self._leave_out("it is not UTF-8 text", file, tell=tell)

    def _content(self, file: str) -> bytes:
        """All of it, or one byte more than is allowed."""
        with open(file, "rb") as source:  # noqa: PTH123 - thousands of times
            size = min(os.fstat(source.fileno()).st_size, self._most)
            content = source.read(size + 1)
            if len(content) > size:  # it has grown meanwhile, or does not know its size
                content += source.read(self._most - size)
        return content

    def _lies_in(self, file: str, root: Path, *, is_link: bool) -> bool:
        """Not by a link of its own, nor of a folder on the way. Folders are followed once."""
        if is_link:
            return Path(file).resolve().is_relative_to(root.resolve())
        key = (os.path.split(file)[0], root)
        if key not in self._inside:
            self._inside[key] = Path(key[0]).resolve().is_relative_to(root.resolve())
        return self._inside[key]

    def _leave_out(self, reason: str, file: str, *, tell: bool) -> str | None:
        """Pictures and archives in a folder are no news; code, and what was named, is."""
        if tell and (is_code(Path(file).as_posix()) or file in self._named):
            self._left_out[reason].append(os.path.relpath(file))
        return None

    def _count(self, size: int) -> None:
        self._files += 1
        self._bytes += size
        if self._files > MOST_FILES or self._bytes > MOST_BYTES:
            most = f"{MOST_FILES} files or {MOST_BYTES // 1024**2} MB"
            raise NothingToValidate(f"there are more than {most}", "Name a smaller folder.")


def _told(reason: str, names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"left out: {shown}: {reason}"
