import pytest
import quantumlayer
from pydantic import ValidationError
from quantumlayer.engine.types import SourceFile, Stage, StageResult, Usage


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "./a",
        "a//b",
        "a\\b",
        "c:/x",
        "con",
        "sub/NUL.txt",
        "a ",
        "a/b.",
        "a\x00b",
        "a\nb",
        "e\u0301.py",
        ".git/config",
        ".Git/hooks/pre-commit",
        "sub/.GIT/config",
        "/".join("a" * 13),
        "x" * 201,
    ],
)
def test_no_source_file_has_an_unsafe_path(path: str) -> None:
    with pytest.raises(ValidationError, match="unsafe path"):
        SourceFile(path=path, text="")


@pytest.mark.parametrize("path", ["a.py", "src/app/main.py", ".github/ci.yml", "größe.py", "a b.txt"])
def test_ordinary_paths_are_taken(path: str) -> None:
    assert SourceFile(path=path, text="").path == path


def test_a_skipped_stage_says_why() -> None:
    with pytest.raises(ValidationError, match="reason"):
        StageResult(stage=Stage.TYPES, status="skipped")


def test_usage_adds_up() -> None:
    total = Usage(calls=1, tokens_in=2, cost_usd=0.5) + Usage(calls=2, tokens_out=3, cost_usd=0.25)
    assert total == Usage(calls=3, tokens_in=2, tokens_out=3, cost_usd=0.75)


@pytest.mark.parametrize("name", quantumlayer.__all__)
def test_the_library_offers_what_it_names(name: str) -> None:
    assert getattr(quantumlayer, name) is not None
