"""What an honest program gets."""

import asyncio
import time

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Job, Sandbox
from quantumlayer.engine.types import SourceFile
from sandbox_programs import Run, program


async def test_a_program_reads_its_files_and_input_and_sets_its_exit_code(sandbox: Sandbox) -> None:
    job = Job(
        files=(
            SourceFile(path="app/__init__.py", text=""),
            SourceFile(path="app/main.py", text="import sys; print(sys.stdin.read().upper()); sys.exit(7)"),
        ),
        command=("python", "-m", "app.main"),
        stdin="grüße",
    )
    outcome = await sandbox.run(job)
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (7, "GRÜSSE\n", "")
    assert (outcome.timed_out, outcome.truncated, outcome.out_of_memory) == (False, False, False)


async def test_the_python_inside_is_the_one_announced(sandbox: Sandbox, run: Run) -> None:
    outcome = await run("import sys; print('%d.%d' % sys.version_info[:2])")
    assert outcome.stdout.strip() == sandbox.python


async def test_the_whole_standard_library_is_there(run: Run) -> None:
    modules = (
        "asyncio ctypes decimal hashlib json lzma bz2 multiprocessing sqlite3 ssl unittest venv zoneinfo"
    )
    outcome = await run(f"import {', '.join(modules.split())}; print('ok')")
    assert outcome.stdout == "ok\n", outcome.stderr


async def test_asyncio_threads_and_processes_work(run: Run) -> None:
    outcome = await run(
        """
import asyncio, concurrent.futures, subprocess, sys

async def main():
    return await asyncio.to_thread(lambda: "thread")

if __name__ == "__main__":
    print(asyncio.run(main()))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(list(pool.map(abs, [-1, -2])))
    print(subprocess.run(["python", "-c", "print('child')"], capture_output=True, text=True).stdout)
"""
    )
    assert outcome.stdout == "thread\n[1, 2]\nchild\n\n", outcome.stderr


async def test_an_unknown_command_exits_127_and_says_so(sandbox: Sandbox) -> None:
    outcome = await sandbox.run(Job(command=("no-such-command",)))
    assert outcome.exit_code == 127
    assert "no-such-command" in outcome.stderr


async def test_a_program_ended_by_a_signal_exits_with_128_and_its_number(run: Run) -> None:
    outcome = await run("import os; os.kill(os.getpid(), 15)")
    assert outcome.exit_code == 143


async def test_output_arrives_while_the_program_runs(sandbox: Sandbox) -> None:
    arrived: list[tuple[str, str, float]] = []
    began = time.monotonic()
    outcome = await sandbox.run(
        program("import sys, time\nprint('one')\ntime.sleep(1.5)\nprint('two', file=sys.stderr)"),
        lambda stream, text: arrived.append((stream, text, time.monotonic() - began)),
    )
    took = time.monotonic() - began
    assert outcome.exit_code == 0
    texts = {stream: "".join(text for name, text, _ in arrived if name == stream) for stream, _, _ in arrived}
    assert texts == {"stdout": "one\n", "stderr": "two\n"}
    assert arrived[0][2] < took - 1


async def test_output_is_shown_without_escapes_nul_and_invalid_bytes(run: Run) -> None:
    outcome = await run(
        r"import sys; sys.stdout.buffer.write(b'\x1b[31mred\x1b[0m\0 \xff \x1b]0;title\x07end\r\nline\n')"
    )
    assert outcome.stdout == "red � end\nline\n"


async def test_runs_at_once_do_not_see_each_other(sandbox: Sandbox) -> None:
    text = (
        "import os, sys, time; open('mine', 'w'); time.sleep(0.3); print(sorted(os.listdir('.')), sys.argv)"
    )
    jobs = [
        Job(files=(SourceFile(path=f"m{n}.py", text=text),), command=("python", f"m{n}.py")) for n in range(4)
    ]
    outcomes = await asyncio.gather(*(sandbox.run(job) for job in jobs))
    assert [o.stdout for o in outcomes] == [f"['m{n}.py', 'mine'] ['m{n}.py']\n" for n in range(4)]


async def test_nothing_is_left_for_the_next_run(run: Run) -> None:
    await run("open('kept', 'w').write('x'); open('/tmp/kept', 'w').write('x')")
    outcome = await run("import os; print(os.path.exists('kept'), os.path.exists('/tmp/kept'))")
    assert outcome.stdout == "False False\n"


async def test_packages_of_the_host_are_not_importable(run: Run) -> None:
    outcome = await run("import pydantic")
    assert outcome.exit_code == 1
    assert "ModuleNotFoundError" in outcome.stderr


async def test_a_project_larger_than_the_work_folder_is_refused_before_it_runs(run: Run) -> None:
    with pytest.raises(SandboxError, match="larger") as caught:
        await run("x = 1", stdin="x" * (61 * 1024 * 1024))
    assert caught.value.setting == "sandbox.work_mb"


async def test_a_large_input_reaches_the_program_whole(run: Run) -> None:
    outcome = await run("import sys; print(len(sys.stdin.read()))", stdin="x" * 8_000_000)
    assert outcome.stdout == "8000000\n", outcome


async def test_input_that_nobody_reads_does_no_harm(run: Run) -> None:
    outcome = await run("print('done')", stdin="x" * 8_000_000)
    assert (outcome.exit_code, outcome.stdout) == (0, "done\n")
