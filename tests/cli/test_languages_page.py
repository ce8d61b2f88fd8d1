"""Which tool judges which language: as the page says, and as the terminal shows."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from support.command import Cli

ROOT = Path(__file__).parents[2]


def check(root: Path) -> int:
    script = [sys.executable, str(root / "scripts/languages-table"), "--check"]
    return subprocess.run(script, capture_output=True).returncode


def test_the_page_says_what_the_tools_are(tmp_path: Path) -> None:
    assert check(ROOT) == 0, "run scripts/languages-table"
    for name in ("scripts/languages-table", "docs/languages.md"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    page = tmp_path / "docs/languages.md"
    page.write_text(page.read_text().replace("| yaml | yaml | yamllint |", "| yaml | yaml | - |", 1))
    assert check(tmp_path) == 1


def test_the_terminal_shows_the_tools_and_what_is_missing(cli: Cli) -> None:
    ended = cli("validate", "--tools", environ={"PATH": str(cli.home)})
    assert ended.status == 0
    lines = {line.split()[0]: line for line in ended.out.splitlines() if line.strip()}
    assert "tree-sitter" in lines["go"]
    assert "typescript!" in lines["typescript"]
    assert "npm install -g typescript" in ended.out


def test_programs_get_the_tools_too(cli: Cli) -> None:
    ended = cli("validate", "--tools", "--format", "json", environ={"PATH": str(cli.home)})
    seats = json.loads(ended.out)
    (checker,) = [one for one in seats if one["tool"] == "typescript"]
    assert (checker["language"], checker["stage"], checker["version"]) == ("typescript", "types", "")
    assert "npm install" in checker["missing"]
    assert all(one["version"] for one in seats if one["tool"] in {"ruff", "mypy", "oxlint", "tree-sitter"})


def test_without_paths_or_tools_it_is_wrong_usage(cli: Cli) -> None:
    ended = cli("validate")
    assert ended.status == 2
    assert "--tools" in ended.err


def test_a_project_without_python_is_judged(cli: Cli) -> None:
    folder = cli.folder / "web"
    folder.mkdir()
    (folder / "app.js").write_text("export const a = eval('1');\n")
    (folder / "main.go").write_text("package main\n\nvar x = (1\n")
    ended = cli("validate", "web", "--stages", "syntax,security")
    assert ended.status == 1
    assert "web/app.js\n" in ended.out
    assert "no-eval" in ended.out
    assert "`(` is never closed" in ended.out
