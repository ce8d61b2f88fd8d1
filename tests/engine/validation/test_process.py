"""What a one-shot tool may take of the machine."""

import sys

import pytest
from quantumlayer.engine.validation.process import Tools

TAKES = "import sys; sys.stdin.read(); b = bytearray(600 * 2**20); print(len(b))"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process reserves")
async def test_memory_is_limited_where_that_is_asked_for(tmp_path):
    command = [sys.executable, "-I", "-c", TAKES]
    free = await Tools().run(command, cwd=tmp_path, seconds=60, stdin="x")
    assert (free.code, free.stdout.strip()) == (0, str(600 * 2**20))
    limited = await Tools().run(command, cwd=tmp_path, seconds=60, stdin="x", memory_mb=400)
    assert (limited.code, limited.complaint) == (1, "MemoryError")


async def test_a_program_that_ends_at_once_may_be_limited(tmp_path):
    done = await Tools().run([sys.executable, "-I", "-V"], cwd=tmp_path, seconds=60, memory_mb=400)
    assert done.stdout.startswith("Python 3")
