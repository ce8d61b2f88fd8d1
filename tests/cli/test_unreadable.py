"""Folders and files that the user may not read, or that are gone: said, and never a defect of ours."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.command import COMMAND, Cli, Ended

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
_RIGHTS = "-dac_override,-dac_read_search"
Run = Callable[..., Ended]


@pytest.fixture
def run(cli: Cli) -> Run:
    """Runs the command as someone to whom modes apply, which for root they do not."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("there is no setpriv")
        prefix = [str(setpriv), f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}"]

    def command(*arguments: str, script: str = "", cwd: Path | None = None) -> Ended:
        shell = ["sh", "-c", script, str(cwd)] if script else []
        done = subprocess.run(
            [*shell, *prefix, *COMMAND, *arguments],
            cwd=cli.folder,
            env=cli.environ,
            capture_output=True,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return command


@pytest.fixture
def locked(cli: Cli) -> Iterator[Path]:
    """A folder with a file, neither of which may be read; beside it is a file that may."""
    folder = cli.folder / "project/locked"
    folder.mkdir(parents=True)
    (folder / "hidden.py").write_text("x = 1\n")
    (cli.folder / "project/shown.py").write_text("x = 1\n")
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("repository", [False, True])
def test_what_cannot_be_read_is_named_and_the_rest_is_checked(cli: Cli, run: Run, repository: bool) -> None:
    if repository:
        (cli.folder / "project/locked").chmod(0o700)
        subprocess.run(["git", "init", "-q"], cwd=cli.folder, check=True)
        subprocess.run(["git", "add", "-A"], cwd=cli.folder, check=True)
        (cli.folder / "project/locked").chmod(0)
    ended = run("validate", "project", "--stages", "syntax")
    assert ended.status == 0, ended.err
    assert "project/locked" in ended.err
    assert "it cannot be read (Permission denied)" in ended.err
    assert "syntax    passed" in ended.out
    if repository:
        assert run("validate", "project", "--since", "HEAD", "--stages", "syntax").status == 2, (
            "no commit yet"
        )


def test_below_a_folder_that_may_not_be_searched_what_can_be_done_is(cli: Cli, run: Run) -> None:
    inner = cli.folder / "above/inner"
    inner.mkdir(parents=True)
    (inner / "a.py").write_text("x = 1\n")
    above = cli.folder / "above"
    script = 'cd "$0" && chmod 0 .. && exec "$@"'
    assert run("config", "show", script=script, cwd=inner).status == 0
    above.chmod(0o700)
    ended = run("validate", "a.py", "--stages", "syntax", script=script, cwd=inner)
    above.chmod(0o700)
    assert ended.status == 2
    assert f"{inner}/a.py cannot be read" in ended.err


VERBS = [("config", "show"), ("validate", "."), ("capsule", "list"), ("clean",), ("generate", "Make a.py")]


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_in_a_folder_that_is_gone_it_says_so(cli: Cli, verb: tuple[str, ...]) -> None:
    gone = cli.folder / "gone"
    gone.mkdir()
    shell = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone), *COMMAND, *verb]
    done = subprocess.run(shell, cwd=cli.folder, env=cli.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "error: the folder that you are in is gone" in done.stderr


def test_doctor_answers_in_a_folder_that_is_gone(cli: Cli) -> None:
    gone = cli.folder / "gone"
    gone.mkdir()
    shell = ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone), *COMMAND, "doctor"]
    done = subprocess.run(shell, cwd=cli.folder, env=cli.environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "the folder that you are in is gone" in done.stdout
    assert "inside QuantumLayer" not in done.stderr
