"""Which language a file is in."""

import pytest
from quantumlayer.engine.languages import CODE, editor_id, is_code, language_of, to_be_read


@pytest.mark.parametrize(
    ("path", "editor", "language"),
    [
        ("a.py", "", "python"),
        ("src/App.TSX", "", "typescript"),
        ("a.cjs", "", "javascript"),
        ("Dockerfile", "", "dockerfile"),
        ("docker/Dockerfile.dev", "", "dockerfile"),
        ("Dockerfile.py", "", "python"),
        (".github/workflows/ci.yml", "", "workflow"),
        (".github/dependabot.yml", "", "yaml"),
        ("deploy/action.yaml", "", "workflow"),
        ("tsconfig.build.json", "", "jsonc"),
        (".vscode/launch.json", "", "jsonc"),
        ("package.json", "", "json"),
        ("README.md", "python", "text"),
        ("bin/run", "shellscript", "shell"),
        ("bin/run", "", "text"),
        ("bin/run", "zsh", "text"),
        ("page.jsx.in", "javascriptreact", "javascript"),
        ("a.python", "", ".python"),
        ("a.rb", "", "rb"),
        (".gitignore", "", "text"),
    ],
)
def test_the_path_says_it_and_else_the_editor(path: str, editor: str, language: str) -> None:
    assert language_of(path, editor) == language
    assert is_code(path, editor) == (language in CODE)


def test_language_servers_are_told_the_names_they_know() -> None:
    assert editor_id("a.tsx", "typescript") == "typescriptreact"
    assert editor_id("a.cpp", "c++") == "cpp"
    assert editor_id(".github/workflows/a.yml", "workflow") == "yaml"
    assert editor_id("a.go", "go") == "go"


def test_a_stage_is_asked_only_what_it_has_to_say_something_about() -> None:
    present = {"python", "json", "sql", "text", "rb"}
    assert to_be_read(present, "syntax") == {"python", "json", "sql", "rb"}
    assert to_be_read(present, "style") == {"python", "sql"}
    assert to_be_read(present, "types") == {"python"}
