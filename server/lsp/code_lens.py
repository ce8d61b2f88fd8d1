"""`textDocument/codeLens`: **Run the tests of this file**, above a file of tests."""

from typing import TYPE_CHECKING

from lsprotocol import types

from .code_action import TESTS_TITLE
from .concerned import is_test_module
from .documents import path_of
from .names import RUN_TESTS

if TYPE_CHECKING:
    from .server import QuantumLayerServer


async def code_lens(server: "QuantumLayerServer", uri: str) -> list[types.CodeLens] | None:
    """None where it is no file of tests, or its user never wants them run."""
    path = path_of(uri) if uri.startswith("file:") else None
    if path is None or not is_test_module(path.name) or not server.documents.is_open(uri):
        return None
    if not await server.tests.are_offered(uri):
        return None
    top = types.Position(0, 0)
    command = types.Command(TESTS_TITLE, RUN_TESTS, arguments=[uri])
    return [types.CodeLens(types.Range(top, top), command)]
