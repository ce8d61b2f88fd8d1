"""Validators that are kept warm: in step with the text, and no trouble when they fail."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from quantumlayer.engine.facade import Engine
from quantumlayer.engine.types import Finding, OpenFile, Severity, Stage, StageResult
from quantumlayer.engine.validation.types import ToolError, finding
from quantumlayer.engine.validation.warm import server as warm_server
from quantumlayer.engine.validation.warm.server import WarmServer
from quantumlayer.settings import LiveSettings, Settings, StorageSettings, ValidateSettings

TOOL = Path(__file__).with_name("warm_tool.py")


class Fake:
    """Speaks to `warm_tool.py`."""

    name = "fake"
    languages = frozenset({"python"})

    def __init__(self, log: Path, mode: str = "plain") -> None:
        self.env: dict[str, str] = {}
        self.log = log
        self.mode = mode

    def command(self) -> list[str]:
        return [sys.executable, str(TOOL), self.mode, str(self.log)]

    def options(self) -> Any:
        return {}

    def configuration(self) -> Any:
        return "settings"

    def findings(self, file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        assert unit == "utf-16"
        return [
            finding(
                Stage.STYLE,
                "fake",
                one["code"],
                Severity.WARNING,
                file.path,
                one["message"],
                start=(one["range"]["start"]["line"] + 1, one["range"]["start"]["character"]),
            )
            for one in diagnostics
        ]

    def started(self) -> list[int]:
        return [int(line) for line in self.log.read_text().split()]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "log")


@pytest.fixture
async def warm(fake: Fake, tmp_path: Path) -> AsyncIterator[WarmServer]:
    made = WarmServer(fake, tmp_path, seconds=2.0)
    yield made
    await made.aclose()
    assert not any(psutil.pid_exists(pid) for pid in fake.started())


def shown(tmp_path: Path, text: str, name: str = "a.py") -> OpenFile:
    return OpenFile(folder=str(tmp_path), path=name, text=text)


async def lines(warm: WarmServer, tmp_path: Path, text: str, name: str = "a.py") -> list[int]:
    return [found.range.start.line for found in await warm.check(shown(tmp_path, text, name))]


async def test_it_follows_the_text(warm: WarmServer, fake: Fake, tmp_path: Path) -> None:
    assert await lines(warm, tmp_path, "wrong\n") == [0]
    assert await lines(warm, tmp_path, "\nwrong\nwrong\n") == [1, 2]
    assert await lines(warm, tmp_path, "right\n") == []
    assert await lines(warm, tmp_path, "\nwrong\n", "b.py") == [1]
    assert len(fake.started()) == 1


async def test_what_a_tool_looks_up_for_its_findings_holds_up_nobody(
    warm: WarmServer, fake: Fake, tmp_path: Path
) -> None:
    """It may read the folder's files, which is no work for the thread that answers the editor."""
    threads: list[int] = []
    make = fake.findings

    def findings(file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        threads.append(threading.get_ident())
        return make(file, diagnostics, unit)

    fake.findings = findings  # type: ignore[method-assign]
    assert await lines(warm, tmp_path, "wrong\n") == [0]
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(("text", "here"), [("wrong\n" * 100, True), ("wrong\n" * 101, False)])
async def test_a_few_findings_that_need_no_files_do_not_wait_for_a_thread(
    fake: Fake, tmp_path: Path, text: str, here: bool
) -> None:
    """Many of them would hold up whoever waits for the loop."""
    threads: list[int] = []
    make = fake.findings

    def findings(file: OpenFile, diagnostics: list[dict[str, Any]], unit: str) -> list[Finding]:
        threads.append(threading.get_ident())
        return make(file, diagnostics, unit)

    fake.findings = findings  # type: ignore[method-assign]
    fake.reads_no_files = True  # type: ignore[attr-defined]
    warm = WarmServer(fake, tmp_path, seconds=2.0)
    found = await lines(warm, tmp_path, text)
    await warm.aclose()
    assert len(found) == text.count("wrong")
    assert [one == threading.get_ident() for one in threads] == [here]


async def test_a_document_that_was_closed_can_be_opened_again(warm: WarmServer, tmp_path: Path) -> None:
    assert await lines(warm, tmp_path, "wrong\n") == [0]
    warm.forget(shown(tmp_path, "").uri)
    assert await lines(warm, tmp_path, "\nwrong\n") == [1]


async def test_checks_at_once_share_one_server(warm: WarmServer, fake: Fake, tmp_path: Path) -> None:
    found = await asyncio.gather(*(lines(warm, tmp_path, "wrong\n", f"{n}.py") for n in range(20)))
    assert found == [[0]] * 20
    assert len(fake.started()) == 1


async def test_who_leaves_while_it_starts_does_not_stop_it(
    warm: WarmServer, fake: Fake, tmp_path: Path
) -> None:
    impatient = asyncio.create_task(lines(warm, tmp_path, "wrong\n"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await lines(warm, tmp_path, "wrong\n") == [0]
    assert len(fake.started()) == 1


@pytest.mark.parametrize("text", ["crash", "nonsense", "hang"])
async def test_a_server_that_fails_is_ended_and_started_again(
    warm: WarmServer, fake: Fake, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_server, "_FIRST_PAUSE_S", 0.05)
    with pytest.raises(ToolError, match=r"fake (ended unexpectedly|took longer than 2 s)"):
        await lines(warm, tmp_path, text)
    (failed,) = fake.started()
    assert not psutil.pid_exists(failed)
    await asyncio.sleep(0.1)
    assert await lines(warm, tmp_path, "wrong\n") == [0]
    assert len(fake.started()) == 2


async def test_a_server_that_keeps_failing_is_left_alone_for_a_while(
    warm: WarmServer, fake: Fake, tmp_path: Path
) -> None:
    for _ in range(5):
        with pytest.raises(ToolError):
            await lines(warm, tmp_path, "crash")
    assert len(fake.started()) == 1


async def test_a_server_that_was_killed_is_not_missed(warm: WarmServer, fake: Fake, tmp_path: Path) -> None:
    await lines(warm, tmp_path, "wrong\n")
    psutil.Process(fake.started()[0]).kill()
    found = await asyncio.gather(*(lines(warm, tmp_path, "wrong\n", f"{n}.py") for n in range(5)))
    assert found == [[0]] * 5
    assert len(fake.started()) == 2


async def test_one_that_dies_again_is_left_alone(warm: WarmServer, fake: Fake, tmp_path: Path) -> None:
    await lines(warm, tmp_path, "wrong\n")
    for _ in range(4):
        with pytest.raises(ToolError):
            await lines(warm, tmp_path, "crash")
    assert len(fake.started()) == 2


async def test_a_hung_server_is_ended_though_nobody_waits_for_one_answer(
    warm: WarmServer, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_server, "_FIRST_PAUSE_S", 0.0)
    await lines(warm, tmp_path, "wrong\n")
    async with asyncio.timeout(20):
        while len(fake.started()) == 1:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):  # as one who types on
                    await lines(warm, tmp_path, "hang" if len(fake.started()) == 1 else "wrong\n")
    assert not psutil.pid_exists(fake.started()[0])


async def test_when_nothing_is_open_the_process_is_given_back(
    warm: WarmServer, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_server, "_IDLE_S", 0.2)
    await lines(warm, tmp_path, "wrong\n")
    warm.forget(shown(tmp_path, "").uri)
    async with asyncio.timeout(10):
        while psutil.pid_exists(fake.started()[0]):
            await asyncio.sleep(0.05)
    assert await lines(warm, tmp_path, "\nwrong\n") == [1]


async def test_a_refusal_ends_nothing(warm: WarmServer, fake: Fake, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="not this one"):
        await lines(warm, tmp_path, "refuse")
    assert await lines(warm, tmp_path, "wrong\n") == [0]
    assert len(fake.started()) == 1


async def test_a_server_that_says_much_on_stderr_is_not_stuck(tmp_path: Path) -> None:
    warm = WarmServer(Fake(tmp_path / "log", "chatty"), tmp_path, seconds=5.0)
    try:
        assert await lines(warm, tmp_path, "wrong\n") == [0]
    finally:
        await warm.aclose()


async def test_a_server_that_does_not_start_is_ended_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_server, "_START_S", 1.0)
    fake = Fake(tmp_path / "log", "mute")
    warm = WarmServer(fake, tmp_path, seconds=5.0)
    with pytest.raises(ToolError, match="took longer than 1 s to start"):
        await lines(warm, tmp_path, "wrong\n")
    with pytest.raises(ToolError, match="tried again later"):
        await lines(warm, tmp_path, "wrong\n")
    (pid,) = fake.started()
    async with asyncio.timeout(10):
        while psutil.pid_exists(pid):
            await asyncio.sleep(0.05)


async def test_a_tool_that_is_not_there_is_said(tmp_path: Path) -> None:
    tool = Fake(tmp_path / "log")
    tool.command = lambda: [str(tmp_path / "no-such-tool")]  # type: ignore[method-assign]
    with pytest.raises(ToolError, match="cannot be started"):
        await WarmServer(tool, tmp_path, seconds=5.0).check(shown(tmp_path, "x\n"))


# -- the live mesh -------------------------------------------------------------------------------


async def results(tmp_path: Path, text: str, settings: Settings | None = None) -> list[list[StageResult]]:
    found: list[list[StageResult]] = []
    async with Engine(settings or Settings(storage=StorageSettings(cache_dir=tmp_path / "cache"))) as engine:
        await engine.check_open(shown(tmp_path, text), lambda batch: found.append(list(batch)))
    return found


FAULTY = """import os
import subprocess

password = "hunter2xx"
subprocess.run("ls " + password, shell=True)


def half(number: int) -> str:
    return number


def todo():
    pass
"""


async def test_what_comes_at_once_comes_together_and_the_rest_after(tmp_path: Path) -> None:
    first, *later = await results(tmp_path, FAULTY)
    assert [str(result.stage) for result in first] == ["syntax", "style", "security"]
    batches = [first, *later]
    rules = {found.rule: found for batch in batches for result in batch for found in result.findings}
    assert rules["F401"].severity is Severity.WARNING
    assert rules["S602"].severity is Severity.ERROR
    assert rules["bad-return"].severity is Severity.WARNING
    assert rules["empty-body"].stage is Stage.STYLE
    assert {str(result.stage) for batch in later for result in batch} == {"types", "style", "security"}


async def test_the_live_stages_agree_with_the_mesh(tmp_path: Path) -> None:
    """The same rules and severities, whether ruff is asked once or kept warm."""
    from quantumlayer.engine.types import SourceFile

    def seen(found: list[Finding]) -> set[tuple[Any, ...]]:
        return {(one.stage, one.rule, one.severity, str(one.range), one.message) for one in found}

    first, *_ = await results(tmp_path, FAULTY)
    live = seen([found for result in first for found in result.findings])
    settings = Settings(storage=StorageSettings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache"))
    async with Engine(settings) as engine:
        stages = await engine.validate(
            [SourceFile(path="a.py", text=FAULTY)], [Stage.SYNTAX, Stage.STYLE, Stage.SECURITY]
        )
    mesh = [found for result in stages for found in result.findings]
    assert live == seen([found for found in mesh if found.rule not in {"format", "empty-body"}])


async def test_a_file_that_is_too_large_is_left_alone_and_says_so(tmp_path: Path) -> None:
    settings = Settings(validate=ValidateSettings(max_file_kb=1))
    (batch,) = await results(tmp_path, "import os\n" * 200, settings)
    assert {result.status for result in batch} == {"skipped"}
    assert "validate.max_file_kb" in batch[0].reason


async def test_a_stub_has_no_bodies_to_leave_out(tmp_path: Path) -> None:
    found: list[StageResult] = []
    file = OpenFile(folder=str(tmp_path), path="a.pyi", text="def f() -> int: ...\n")
    async with Engine(Settings(storage=StorageSettings(cache_dir=tmp_path / "cache"))) as engine:
        await engine.check_open(file, found.extend)
    assert [one for result in found for one in result.findings] == []


async def test_types_follow_a_file_that_changes_on_disk(tmp_path: Path) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text('name = "text"\n')
    file = shown(tmp_path, "import helper\n\nnumber: int = helper.name\n")
    async with Engine(Settings(storage=StorageSettings(cache_dir=tmp_path / "cache"))) as engine:

        async def rules() -> list[str]:
            found: list[StageResult] = []
            await engine.check_open(file, found.extend)
            return [one.rule for result in found for one in result.findings]

        assert await rules() == ["bad-assignment"]
        helper.write_text("name = 1\n")
        engine.files_changed({helper.as_uri(): 2})
        assert await rules() == []


async def test_organised_imports_are_those_that_live_wants(tmp_path: Path) -> None:
    (tmp_path / "helper.py").touch()
    text = "import requests\n\nimport helper\n\nprint(requests, helper)\n"
    async with Engine(Settings(storage=StorageSettings(cache_dir=tmp_path / "cache"))) as engine:
        assert await engine.tidy(shown(tmp_path, text), "imports") == text
        assert await engine.tidy(shown(tmp_path, "x = 1", "-x.py"), "format") == "x = 1\n"


async def test_stages_that_are_switched_off_are_not_asked(tmp_path: Path) -> None:
    found = await results(tmp_path, FAULTY, Settings(live=LiveSettings(stages=("types",))))
    assert [str(result.stage) for batch in found for result in batch] == ["types"]


@pytest.mark.skipif(sys.platform == "win32", reason="the program that must not run is a shell script")
@pytest.mark.parametrize(
    ("name", "configuration"),
    [
        ("pyrefly.toml", 'python-interpreter-path = "./program"\n'),
        ("pyproject.toml", '[tool.pyrefly]\npython-interpreter-path = "./program"\n'),
        ("pyproject.toml", '[tool.pyrefly.build-system]\ntype = "custom"\ncommand = ["{folder}/program"]\n'),
        ("ruff.toml", 'extend = "./program"\n'),
        (".venv/pyvenv.cfg", "home = /usr/bin\n"),
    ],
)
async def test_opening_a_file_of_a_stranger_runs_nothing_of_it(
    tmp_path: Path, name: str, configuration: str
) -> None:
    folder = tmp_path / "work"
    ran = tmp_path / "ran"
    for program in (folder / "program", folder / ".venv/bin/python", folder / ".venv/bin/python3"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\ntouch {ran}\nexec {sys.executable} "$@"\n')
        program.chmod(0o755)
    (folder / name).write_text(configuration.replace("{folder}", str(folder)))
    first, *later = await results(folder, FAULTY, Settings(storage=StorageSettings(cache_dir=tmp_path / "c")))
    found = {one.rule for batch in [first, *later] for result in batch for one in result.findings}
    assert {"F401", "S602", "bad-return"} <= found
    assert not ran.exists()


async def test_types_are_found_across_the_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text('name = "text"\n')
    _, *later = await results(tmp_path, "import helper\n\nnumber: int = helper.name\n")
    found = [one.rule for batch in later for result in batch for one in result.findings]
    assert found == ["bad-assignment"]


async def test_packages_of_the_folders_environment_have_types(tmp_path: Path) -> None:
    package = tmp_path / ".venv/lib/python3.11/site-packages/greeter"
    package.mkdir(parents=True)
    (tmp_path / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")
    (package / "__init__.py").write_text("def greet(name: str) -> str:\n    return name\n")
    (package / "py.typed").touch()
    _, *later = await results(tmp_path, "from greeter import greet\n\ngreet(1)\n")
    found = [one.rule for batch in later for result in batch for one in result.findings]
    assert found == ["bad-argument-type"]


PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["httpx>=0.28", "pillow"]\n'


async def test_packages_that_nobody_declared_are_found_while_typing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "helper.py").touch()
    names = ("json", "httpx", "invented_package", "yaml", "PIL", "helper")
    _, *later = await results(tmp_path, "".join(f"import {name}\n" for name in names))
    found = [one for batch in later for result in batch for one in result.findings]
    assert [(one.rule, one.range.start.line, one.severity) for one in found] == [
        ("unknown-module", 2, Severity.WARNING),
        ("unknown-module", 3, Severity.WARNING),
    ]
    assert found[0].message.startswith("`invented_package` cannot be imported: neither the standard library")
    assert "`pyyaml`" in found[1].message


async def test_where_nothing_is_declared_nothing_is_said_of_packages(tmp_path: Path) -> None:
    _, *later = await results(tmp_path, "import invented_package\n")
    assert [one for batch in later for result in batch for one in result.findings] == []
