"""What every verb shares: help, version, completion, errors that are told well."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.command import COMMAND, Cli

VERBS = (
    ("generate",),
    ("validate",),
    ("capsule", "list"),
    ("capsule", "show"),
    ("capsule", "export"),
    ("capsule", "verify"),
    ("capsule", "import"),
    ("capsule", "remove"),
    *(
        ("capsule", verb)
        for verb in ("log", "tag", "branch", "diff", "merge", "rollback", "checkout", "deploy")
    ),
    ("models", "list"),
    ("models", "pull"),
    ("models", "use"),
    ("sandbox", "check"),
    ("sandbox", "build"),
    ("doctor",),
    ("config", "show"),
    ("clean",),
)


def test_help_lists_every_verb_and_loads_no_engine(cli: Cli) -> None:
    ended = cli("--help")
    assert ended.status == 0
    for verb in ("generate", "validate", "capsule", "models", "sandbox", "doctor", "config", "lsp"):
        assert f" {verb} " in ended.out
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "quantumlayer", "--version"],
        env=cli.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.startswith("quantumlayer ")
    for heavy in ("pydantic", "litellm", "docker", "asyncio", "rich.console", "quantumlayer.engine.types"):
        assert f" {heavy}\n" not in loaded.stderr, heavy


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_teaches_with_an_example(cli: Cli, verb: tuple[str, ...]) -> None:
    ended = cli(*verb, "--help")
    assert ended.status == 0
    assert "Example" in ended.out
    assert f"quantumlayer {' '.join(verb)}" in ended.out


def test_the_language_servers_own_help_is_shown(cli: Cli) -> None:
    assert "--tcp" in cli("lsp", "--help").out


def test_completion_offers_the_verbs(cli: Cli) -> None:
    ended = cli(
        environ={
            "_QUANTUMLAYER_COMPLETE": "complete_bash",
            "COMP_WORDS": "quantumlayer ca",
            "COMP_CWORD": "1",
        }
    )
    assert "capsule" in ended.out


def test_a_misspelt_verb_or_option_is_wrong_usage(cli: Cli) -> None:
    ended = cli("generat", "x")
    assert ended.status == 2
    assert "generate" in ended.err
    assert cli("doctor", "--jsn").status == 2


def test_a_pipe_that_closes_early_is_no_error(cli: Cli) -> None:
    """As in `quantumlayer config show | head -1`."""
    process = cli.start("config", "show", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read().decode()
    process.wait(60)
    process.stderr.close()
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("verb", [("config", "show"), ("models", "list", "--json"), ("--version",)], ids=str)
def test_output_that_cannot_be_written_is_told_and_is_no_defect_of_ours(
    cli: Cli, verb: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        process = cli.start(*verb, stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"error: the output cannot be written: No space left on device" in err
    assert b"inside QuantumLayer" not in err
    assert b"Exception ignored" not in err


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_are_closed_are_no_error(cli: Cli, closed: str) -> None:
    shell = f"exec {sys.executable} -m quantumlayer capsule list --json {closed}"
    done = subprocess.run(
        ["sh", "-c", shell], cwd=cli.folder, env=cli.environ, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (b"" if " >&-" in f" {closed}" else b"[]\n")


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
def test_an_error_never_goes_among_the_results(cli: Cli) -> None:
    shell = f"exec {sys.executable} -m quantumlayer capsule show none --json 2>&-"
    done = subprocess.run(
        ["sh", "-c", shell], cwd=cli.folder, env=cli.environ, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_defect_of_ours_is_told_with_the_log_and_no_traceback(cli: Cli, tmp_path: Path) -> None:
    """A data folder's name with a NUL cannot come from a user; a broken interpreter part can."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/tomllib.py").write_text("raise RuntimeError('broken on purpose')\n")
    ended = cli("config", "show", environ={"PYTHONPATH": str(tmp_path / "broken")})
    assert ended.status == 1
    assert "Traceback" not in ended.err
    assert "broken on purpose" in ended.err
    log = next(Path(word) for word in ended.err.split() if word.endswith("cli.log"))
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("debug", ["", "1"], ids=["log file", "standard error"])
def test_no_secret_reaches_the_log_of_a_command(cli: Cli, tmp_path: Path, debug: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/tomllib.py").write_text(
        "import os\nraise RuntimeError(os.environ['SOME_API_KEY'] + ' and sk-ant-api03-a1b2c3d4e5f6')\n"
    )
    environ = {"SOME_API_KEY": "a phrase of mine", "PYTHONPATH": str(tmp_path / "broken")}
    ended = cli("config", "show", environ=environ | {"QUANTUMLAYER_DEBUG": debug})
    told = ended.err + "".join(file.read_text() for file in tmp_path.rglob("cli.log"))
    assert "RuntimeError: [hidden] and [hidden]" in told
    assert "phrase" not in told
    assert "a1b2c3d4" not in told


def test_starting_is_quick(cli: Cli) -> None:
    """Well above what it takes (0.15 s), well below what importing the engine would."""
    took = min(_time_of("--version", environ=cli.environ) for _ in range(5))
    bare = min(_time_of(environ=cli.environ) for _ in range(5))
    assert took - bare < 0.75


def _time_of(*arguments: str, environ: dict[str, str]) -> float:
    command = [*COMMAND, *arguments] if arguments else [sys.executable, "-c", "pass"]
    began = time.perf_counter()
    subprocess.run(command, env=environ | {"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    return time.perf_counter() - began
