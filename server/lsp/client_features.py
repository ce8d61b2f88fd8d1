"""What the client can do, read once from its capabilities."""

from collections.abc import Mapping
from dataclasses import dataclass

from lsprotocol import types
from pygls.capabilities import get_capability


@dataclass(frozen=True)
class ClientFeatures:
    work_done_progress: bool = False
    code_action_literals: bool = False
    apply_edit: bool = False
    document_changes: bool = False
    create_files: bool = False
    delete_files: bool = False
    change_annotations: bool = False
    configuration: bool = False
    register_configuration: bool = False
    """It tells of changed settings once asked to."""
    watch_files: bool = False
    """It tells of files that change on disk once asked to."""
    pull_diagnostics: bool = False
    """It asks for diagnostics, and asks again when told that there are others."""
    related_information: bool = False
    """Its diagnostics may name other places."""
    show_document: bool = False
    text_document_content: bool = False
    """It shows documents whose text a server has, once asked to (LSP 3.18)."""
    refresh_lenses: bool = False
    """It asks for code lenses again when told that there are others."""
    resolve_edits: bool = False
    """It asks for the edit of a code action when its user chooses it."""
    quantumlayer: bool = False
    """It listens to our own notifications (`experimental.quantumlayer`)."""

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities) -> "ClientFeatures":
        def has(path: str) -> bool:
            return bool(get_capability(capabilities, path, False))

        operations = get_capability(capabilities, "workspace.workspace_edit.resource_operations") or ()
        return cls(
            work_done_progress=has("window.work_done_progress"),
            code_action_literals=get_capability(
                capabilities, "text_document.code_action.code_action_literal_support"
            )
            is not None,
            apply_edit=has("workspace.apply_edit"),
            # Neovim names the operations only, which document changes alone can carry.
            document_changes=has("workspace.workspace_edit.document_changes") or bool(operations),
            create_files=types.ResourceOperationKind.Create in operations,
            delete_files=types.ResourceOperationKind.Delete in operations,
            change_annotations=get_capability(
                capabilities, "workspace.workspace_edit.change_annotation_support"
            )
            is not None,
            configuration=has("workspace.configuration"),
            register_configuration=has("workspace.did_change_configuration.dynamic_registration"),
            watch_files=has("workspace.did_change_watched_files.dynamic_registration"),
            pull_diagnostics=get_capability(capabilities, "text_document.diagnostic") is not None
            and has("workspace.diagnostics.refresh_support"),
            related_information=has("text_document.publish_diagnostics.related_information")
            or has("text_document.diagnostic.related_information"),
            show_document=has("window.show_document.support"),
            text_document_content=has("workspace.text_document_content.dynamic_registration"),
            refresh_lenses=has("workspace.code_lens.refresh_support"),
            resolve_edits="edit"
            in (get_capability(capabilities, "text_document.code_action.resolve_support.properties") or ()),
            quantumlayer=_experimental(capabilities.experimental),
        )


def _experimental(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value.get("quantumlayer"))
