"""Which scripts a project's pages load."""

import posixpath
import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from ...languages import language_of
from ..types import Project

_SCRIPT = re.compile(
    r"<script\b[^<>]{0,500}?\ssrc\s*=\s*(?P<quote>[\"'])(?P<source>.{1,500}?)(?P=quote)\s*[\s/>]"
)
_ADDRESS = re.compile(r"//|[a-z][a-z\d+.-]*:", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{")
_QUOTED = re.compile(r"(['\"])(?P<path>[^'\"\s]+\.[cm]?js)(?:\1|$)")


def shown_by_pages(project: Project) -> frozenset[str]:
    """Paths of scripts that a page loads: they find there what other scripts have made."""
    paths = frozenset(file.path for file in project.files)
    pages = [file for file in project.files if language_of(file.path) == "html"]
    return frozenset(
        place
        for page in pages
        for found in _SCRIPT.finditer(page.text)
        for place in _places(found["source"].strip(), page.path, paths)
    )


def _places(source: str, page: str, paths: Collection[str]) -> Iterator[str]:
    """Where it may be; a site's root may be any folder above the page."""
    if _TEMPLATE.search(source):
        for named in _QUOTED.finditer(source):
            ending = named["path"].lstrip("/")
            yield from (path for path in paths if path == ending or path.endswith(f"/{ending}"))
        return
    if _ADDRESS.match(source):
        return
    bare = re.split(r"[?#]", source, maxsplit=1)[0]
    if bare.startswith("/"):
        roots = [parent.as_posix() for parent in PurePosixPath(page).parents]
        yield from (posixpath.normpath(posixpath.join(root, bare.lstrip("/"))) for root in roots)
    else:
        yield posixpath.normpath(posixpath.join(posixpath.dirname(page), bare))
