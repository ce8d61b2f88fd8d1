"""`textDocument/codeLens`: **Run the tests of this file**, above a file of tests, and who wrote functions."""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lsprotocol import types

from .authored import lenses
from .code_action import TESTS_TITLE
from .concerned import is_test_module
from .concerned_web import is_shown_as_test
from .documents import path_of
from .names import RUN_TESTS

if TYPE_CHECKING:
    from .server import QuantumLayerServer


async def code_lens(server: "QuantumLayerServer", uri: str) -> list[types.CodeLens] | None:
    document = server.documents.opened(uri)
    tests = await _tests(server, uri)
    found = await lenses(server, document) if document is not None else []
    return [*(tests or []), *found] or None


async def _tests(server: "QuantumLayerServer", uri: str) -> list[types.CodeLens] | None:
    """None where it is no file of tests, or its user never wants them run."""
    path = path_of(uri) if uri.startswith("file:") else None
    if path is None or not server.documents.is_open(uri) or not _has_tests(server, uri, path):
        return None
    if not await server.tests.are_offered(uri):
        return None
    top = types.Position(0, 0)
    command = types.Command(TESTS_TITLE, RUN_TESTS, arguments=[uri])
    return [types.CodeLens(types.Range(top, top), command)]


def _has_tests(server: "QuantumLayerServer", uri: str, path: Path) -> bool:
    """By its name, or by its place below the workspace's folder; what lies above that says nothing."""
    folder = path_of(server.folder_of(uri) or "")
    inside = path.relative_to(folder) if folder and path.is_relative_to(folder) else Path(path.name)
    text = server.documents.get_text_document(uri).source
    return is_test_module(path.name) or is_shown_as_test(PurePosixPath(inside.as_posix()), text)
