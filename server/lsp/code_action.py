"""`textDocument/codeAction`: fixes where the cursor is, the whole file tidied, and what begins jobs:
**Generate capsule from this brief**, **Validate this file**, **Run the tests of this file**, and what a model
helps with.

The jobs' kind is a refactoring, because that is what every editor lists when asked for all actions.
"""

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from ..engine.languages import is_code
from . import assist_offers, fixes, tidying
from .concerned import has_tests
from .documents import parts_of
from .names import GENERATE_CAPSULE, RUN_TESTS, VALIDATE_FILE

if TYPE_CHECKING:
    from .documents import Snapshot
    from .server import QuantumLayerServer

KIND = f"{types.CodeActionKind.Refactor.value}.quantumlayer.generate"
TITLE = "Generate capsule from this brief"
VALIDATE_KIND = f"{types.CodeActionKind.Refactor.value}.quantumlayer.validate"
VALIDATE_TITLE = "Validate this file"
TESTS_KIND = f"{types.CodeActionKind.Refactor.value}.quantumlayer.tests"
TESTS_TITLE = "Run the tests of this file"
KINDS = (
    types.CodeActionKind.QuickFix,
    *tidying.KINDS,
    KIND,
    VALIDATE_KIND,
    TESTS_KIND,
    *assist_offers.KINDS,
)


async def code_action(
    server: "QuantumLayerServer", params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    document = server.documents.opened(params.text_document.uri)
    if document is None:
        return None
    found: list[types.CodeAction | types.Command] = []
    if server.features.code_action_literals:
        if _wanted(str(types.CodeActionKind.QuickFix.value), params.context.only):
            found += fixes.at(server, document, params.range)
        wanted = [kind for kind in tidying.KINDS if _wanted(kind, params.context.only)]
        found += await tidying.actions(server, document, wanted, asked=bool(params.context.only))
    found += await _jobs(server, document, params)
    found += await assist_offers.actions(server, document, params, _wanted)
    return found or None


async def _jobs(
    server: "QuantumLayerServer", document: "Snapshot", params: types.CodeActionParams
) -> list[types.CodeAction | types.Command]:
    only = params.context.only
    offered = []
    if _wanted(KIND, only) and await asyncio.to_thread(_is_brief, document):
        offered.append((TITLE, KIND, GENERATE_CAPSULE))
    elif _is_code(document):
        if _wanted(VALIDATE_KIND, only):
            offered.append((VALIDATE_TITLE, VALIDATE_KIND, VALIDATE_FILE))
        if _wanted(TESTS_KIND, only) and await _has_tests(server, document):
            offered.append((TESTS_TITLE, TESTS_KIND, RUN_TESTS))
    commands = [(kind, types.Command(title, name, arguments=[document.uri])) for title, kind, name in offered]
    if not server.features.code_action_literals:
        return [command for _, command in commands]
    return [types.CodeAction(title=one.title, kind=kind, command=one) for kind, one in commands]


async def _has_tests(server: "QuantumLayerServer", document: "Snapshot") -> bool:
    """Stubs are not run, nor are other languages, nor what its user never wants run."""
    return has_tests(parts_of(document.uri)[1]) and await server.tests.are_offered(document.uri)


def _wanted(ours: str, only: object) -> bool:
    """Kinds are hierarchical: asking for `refactor` asks for what is below it too."""
    if not isinstance(only, list | tuple):
        return True
    kinds = (str(getattr(kind, "value", kind)) for kind in only)
    return any(kind == "" or kind == ours or ours.startswith(f"{kind}.") for kind in kinds)


def _is_code(document: "Snapshot") -> bool:
    scheme, name = parts_of(document.uri)
    return scheme == "file" and is_code(name)


def _is_brief(document: "Snapshot") -> bool:
    from ..engine.brief import is_brief

    return is_brief(parts_of(document.uri)[1], document.text)
