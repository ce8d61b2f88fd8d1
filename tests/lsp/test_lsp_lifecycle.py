"""Beginning and end: when the server answers, and that it never outlives its editor."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from lsp_editor import Editor, RpcError, start


async def test_says_what_it_can_do(editor: Editor, workspace: Path) -> None:
    answer = await editor.initialize(workspace)

    assert answer["serverInfo"]["name"] == "quantumlayer"
    capabilities = answer["capabilities"]
    assert capabilities["textDocumentSync"]["change"] == 2
    assert set(capabilities["codeActionProvider"]["codeActionKinds"]) == {
        "quickfix",
        "source.fixAll.quantumlayer",
        "source.organizeImports.quantumlayer",
        "refactor.quantumlayer.generate",
        "refactor.quantumlayer.validate",
        "refactor.quantumlayer.tests",
    }
    assert set(capabilities["executeCommandProvider"]["commands"]) == {
        "quantumlayer.generateCapsule",
        "quantumlayer.validateFile",
        "quantumlayer.validateWorkspace",
        "quantumlayer.runTests",
        "quantumlayer.showTestOutput",
        "quantumlayer.exportCapsule",
        "quantumlayer.cancel",
        "quantumlayer.capsules.branch",
        "quantumlayer.capsules.checkout",
        "quantumlayer.capsules.deploy",
        "quantumlayer.capsules.diff",
        "quantumlayer.capsules.file",
        "quantumlayer.capsules.list",
        "quantumlayer.capsules.log",
        "quantumlayer.capsules.merge",
        "quantumlayer.capsules.rollback",
        "quantumlayer.capsules.show",
        "quantumlayer.capsules.tag",
    }


async def test_ends_with_success_after_shutdown_and_exit(ready: Editor) -> None:
    assert await ready.shut_down() == 0


async def test_exit_without_shutdown_is_a_failure(ready: Editor) -> None:
    ready.notify("exit")
    assert await ready.exit_code() == 1


async def test_nothing_but_exit_is_served_after_shutdown(ready: Editor) -> None:
    await ready.request("shutdown")
    with pytest.raises(RpcError) as refused:
        await ready.command("validateWorkspace")
    assert refused.value.code == -32600
    ready.notify("exit")
    assert await ready.exit_code() == 0


async def test_ends_when_the_editor_closes_the_stream(ready: Editor) -> None:
    ready.writer.close()
    assert await ready.exit_code(5) == 1


async def test_ends_when_the_editor_closes_the_stream_during_a_job(ready: Editor, workspace: Path) -> None:
    file = workspace / "slow.py"
    file.write_text("x = 1\n" * 500)
    await ready.command("validateFile", file.as_uri())
    ready.writer.close()
    assert await ready.exit_code(10) == 1


async def test_ends_when_nobody_reads_its_output_any_more(environ: dict[str, str], logs: Path) -> None:
    async with start(environ) as editor:
        await editor.initialize()
        transport = editor.process._transport.get_pipe_transport(1)  # type: ignore[union-attr]
        transport.close()
        for number in range(20):
            editor.send({"jsonrpc": "2.0", "id": f"late {number}", "method": "unknown/method"})
            await asyncio.sleep(0.05)
        assert await editor.exit_code(5) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
async def test_ends_when_the_editors_process_dies(
    environ: dict[str, str], logs: Path, workspace: Path
) -> None:
    """Even while another process still holds the stream open."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")
    async with start(environ) as editor:
        await editor.initialize(workspace, processId=parent.pid)
        await editor.wait_for_request("client/registerCapability")
        await asyncio.sleep(0.5)
        parent.kill()
        await parent.wait()
        assert await editor.exit_code(5) == 1


async def test_a_parent_that_cannot_be_seen_is_not_taken_for_dead(editor: Editor, workspace: Path) -> None:
    """In a container the editor's process id means nothing."""
    await editor.initialize(workspace, processId=2**22 + 12345)
    await asyncio.sleep(2.5)
    assert await editor.code_actions((workspace / "x.md").as_uri()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is POSIX's")
async def test_ends_when_it_is_told_by_a_signal(ready: Editor) -> None:
    assert ready.process is not None
    ready.process.send_signal(signal.SIGTERM)
    assert await ready.exit_code(5) == 1


async def test_prints_of_libraries_do_not_reach_the_editor(environ: dict[str, str], logs: Path) -> None:
    """`print`, writes to descriptor 1, and children that write: none may stand between messages."""
    noisy = (
        "import os, subprocess, sys, threading\n"
        "from quantumlayer.lsp import launch, session\n"
        "def noise():\n"
        "    print('noise'); os.write(1, b'noise'); subprocess.run([sys.executable, '-c', 'print(1)'])\n"
        "original = session.load\n"
        "launch.stdio.open_reader, opened = (lambda fd: (noise(), opened(fd))[1]), launch.stdio.open_reader\n"
        "sys.exit(launch.main([]))\n"
    )
    async with start(environ, command=(sys.executable, "-c", noisy)) as editor:
        await editor.initialize()
        assert await editor.shut_down() == 0


async def test_work_that_cannot_be_stopped_does_not_keep_the_process(environ: dict[str, str]) -> None:
    """A thread in the middle of something; the editor has left."""
    stuck = (
        "import time\n"
        "from quantumlayer.lsp import launch, server\n"
        "server.load = lambda: time.sleep(60)\n"
        "launch.main([])\n"
    )
    async with start(environ, command=(sys.executable, "-c", stuck)) as editor:
        await editor.initialize()
        await editor.wait_for_request("client/registerCapability")
        assert await editor.shut_down() == 0


async def test_logs_of_long_ago_are_removed(environ: dict[str, str], logs: Path, workspace: Path) -> None:
    logs.mkdir(parents=True)
    old, recent = logs / "lsp-1.log", logs / "lsp-2.log"
    for file, days in ((old, 30), (recent, 1)):
        file.touch()
        os.utime(file, (time.time() - days * 86400,) * 2)
    async with start(environ) as editor:
        await editor.initialize(workspace)
        async with asyncio.timeout(30):
            while old.exists():
                await asyncio.sleep(0.05)
        assert recent.exists()


async def test_two_servers_at_once_do_not_disturb_each_other(
    environ: dict[str, str], logs: Path, workspace: Path
) -> None:
    (workspace / "a.py").write_text("import os\n")
    async with start(environ) as one, start(environ) as other:
        await asyncio.gather(one.initialize(workspace), other.initialize(workspace))
        uri = (workspace / "a.py").as_uri()
        await asyncio.gather(one.command("validateFile", uri), other.command("validateFile", uri))
        found = await asyncio.gather(
            *(each.wait_for("textDocument/publishDiagnostics", seconds=60) for each in (one, other))
        )
        assert found[0] == found[1]
        assert found[0]["diagnostics"]
        assert await one.shut_down() == 0
        assert await other.shut_down() == 0


async def test_nothing_heavy_is_imported_before_initialize_is_answered(environ: dict[str, str]) -> None:
    code = (
        "import sys; import quantumlayer.lsp.launch; "
        "print([m for m in ('pydantic', 'typer', 'rich', 'litellm', 'docker', 'psutil', "
        "'quantumlayer.cli', 'quantumlayer.engine.facade') if m in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env=environ
    )
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"


async def test_leaves_no_process_behind(ready: Editor, workspace: Path) -> None:
    (workspace / "a.py").write_text("import os\n")
    await ready.command("validateFile", (workspace / "a.py").as_uri())
    await ready.wait_for("textDocument/publishDiagnostics", seconds=60)
    assert ready.process is not None
    children = psutil.Process(ready.process.pid).children(recursive=True)
    assert await ready.shut_down() == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


def test_help_teaches(capfd: pytest.CaptureFixture[str]) -> None:
    assert os.system(f"{sys.executable} -m quantumlayer lsp --help") == 0
    output = capfd.readouterr().out
    assert "--tcp HOST:PORT" in output
    assert "--stdio" in output
