"""What the extension declares fits the server that it is packed with."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import quantumlayer
from quantumlayer.lsp import names

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text())
SERVERS = {value for value in vars(names).values() if isinstance(value, str) and "/" not in value}


def test_its_settings_are_the_servers() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "vscode-settings"), "--check"])
    assert done.returncode == 0, "run scripts/vscode-settings"


def test_it_has_the_version_of_the_server_that_it_brings() -> None:
    assert MANIFEST["version"] == quantumlayer.__version__


def test_what_a_workspace_may_not_say_is_for_the_machine() -> None:
    """The server refuses these in a workspace's file; `.vscode/settings.json` comes with a clone, too."""
    properties = {
        key: value
        for part in MANIFEST["contributes"]["configuration"]
        for key, value in part["properties"].items()
    }
    page = (ROOT / "docs" / "settings.md").read_text()
    forbidden = page.partition("## What a workspace's file may not do")[2].partition("\n\nSuch a file")[0]
    named = [
        key for key in re.findall(r"`([a-z]+\.[a-z_]+)`", forbidden) if f"quantumlayer.{key}" in properties
    ]
    assert len(named) > 10
    assert {properties[f"quantumlayer.{key}"]["scope"] for key in named} == {"machine"}
    budget = {value["scope"] for key, value in properties.items() if ".budget." in key or ".sandbox." in key}
    assert budget == {"machine"}


def test_whatever_a_workspace_may_set_waits_until_it_is_trusted() -> None:
    held_back = MANIFEST["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
    scopes = {
        key: value["scope"]
        for part in MANIFEST["contributes"]["configuration"]
        for key, value in part["properties"].items()
    }
    assert {"quantumlayer.server.path", "quantumlayer.preview", "quantumlayer.live.beside"} <= set(held_back)
    assert set(held_back) == {key for key, scope in scopes.items() if scope != "machine"}


def test_no_command_of_its_own_has_the_name_of_one_of_the_servers() -> None:
    """The client registers the server's by their names, and a name can be taken once."""
    own = {command["command"] for command in MANIFEST["contributes"]["commands"]}
    assert own & SERVERS == set()


def test_every_command_is_there_and_every_menu_entry_is_a_command() -> None:
    own = {
        command["command"].removeprefix("quantumlayer.") for command in MANIFEST["contributes"]["commands"]
    }
    code = (EXTENSION / "src" / "extension.ts").read_text()
    missing = {name for name in own if not re.search(rf"^    {name}[:,]", code, re.MULTILINE)}
    assert missing == set()
    entries = (entry["command"] for menu in MANIFEST["contributes"]["menus"].values() for entry in menu)
    assert {entry.removeprefix("quantumlayer.") for entry in entries} <= own
