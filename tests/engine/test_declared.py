"""What a folder says it depends on, whoever wrote it."""

import os
from pathlib import Path

import pytest
from quantumlayer.engine.declared import declared_packages, marks
from quantumlayer.engine.validation.packages.pinned import named_in


def test_names_are_read_from_both_files(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["a>=1", "b @ https://b.example"]\n')
    (tmp_path / "requirements.txt").write_text("c==1  # why\n-r other.txt\n")
    assert declared_packages(tmp_path) == ("a>=1", "c==1")
    assert named_in(tmp_path) == ("a", "c")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device without an end here")
def test_a_link_to_what_has_no_end_declares_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "requirements-pipe.txt")
    for name in ("requirements.txt", "requirements-x.txt", "pyproject.toml"):
        (tmp_path / name).symlink_to("/dev/zero")
    assert declared_packages(tmp_path) == ()
    assert named_in(tmp_path) == ()


def test_a_file_that_is_too_large_declares_nothing(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n" * 300_000)
    assert declared_packages(tmp_path) == ()
    assert named_in(tmp_path) == ()


def test_a_change_is_seen(tmp_path: Path) -> None:
    before = marks(tmp_path)
    (tmp_path / "requirements-dev.txt").write_text("a==1\n")
    between = marks(tmp_path)
    (tmp_path / "requirements-dev.txt").write_text("a==12\n")
    assert len({before, between, marks(tmp_path)}) == 3
