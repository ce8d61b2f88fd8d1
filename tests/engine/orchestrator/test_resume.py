"""A run that was killed at any point goes on: no answer is paid for twice, and the capsule is the same."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from spine_bench import Author, Spine, code, texts
from support.scripted_server import ScriptedServer

BRIEF = (
    "A tool of two files, `one.py` and `two.py`: `one() -> int` and `two() -> int`.\n"
    "`one()` is `1` and `two()` is `2`."
)
ONE = code('def one() -> int:\n    """One."""\n    return 1\n')
TWO = code('from one import one\n\n\ndef two() -> int:\n    """Two."""\n    return one() + 1\n')
CHECKS = code("assert one() == 1\nassert two() == 2\nassert two() > one()\n")
PLAN = {
    "summary": "numbers",
    "files": [
        {"path": "one.py", "purpose": "", "interface": ["def one() -> int"], "depends_on": []},
        {"path": "two.py", "purpose": "", "interface": ["def two() -> int"], "depends_on": ["one.py"]},
    ],
    "packages": [],
    "run": [],
}
RUN = """
import asyncio, os, signal, sys
from quantumlayer import Brief, Engine
from quantumlayer.settings import Settings

def emit(event):
    name = event.kind + ":" + str(getattr(event, "phase", getattr(event, "purpose", "")))
    if name == sys.argv[3]:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

async def main():
    async with Engine(Settings.model_validate_json(sys.argv[1])) as engine:
        await engine.generate(Brief(text=sys.argv[2]), emit=emit)

asyncio.run(main())
"""
POINTS = {
    "after the plan": "plan_ready:",
    "during writing": "model_called:write one.py",
    "after writing": "phase_started:test",
    "during checks": "model_called:write checks",
    "before packing": "phase_started:pack",
}


def scripted_author(spine: Spine) -> Author:
    return spine.script(plan=PLAN, one=ONE, two=TWO, checks=CHECKS, repair=ONE)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_run_goes_on_and_pays_for_nothing_twice(
    tmp_path: Path, wheels: Path, scripted: ScriptedServer, point: str
) -> None:
    spine = Spine(tmp_path / "killed", wheels, scripted, "none")
    author = scripted_author(spine)
    settings = spine.settings().model_dump_json(by_alias=True)
    command = [sys.executable, "-c", RUN, settings, BRIEF, POINTS[point]]
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -9, ended.stderr

    kept = spine.answers_kept()
    asked = len(author.asked)
    assert 0 < kept <= asked
    capsule = await spine.generate(BRIEF)
    assert len(author.asked) == asked + _total(author) - kept
    assert capsule.evidence.usage.calls_reused == kept

    with ScriptedServer() as server:
        whole = Spine(tmp_path / "whole", wheels, server, "none")
        scripted_author(whole)
        undisturbed = await whole.generate(BRIEF)
    assert capsule.id == undisturbed.id
    assert texts(capsule) == texts(undisturbed)
    assert capsule.evidence.verdict.reasons == undisturbed.evidence.verdict.reasons


def _total(author: Author) -> int:
    """How many different answers the run takes: those asked for twice were lost with their process."""
    return len({json.dumps(prompt) for prompt in author.prompts})
