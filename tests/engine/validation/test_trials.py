# The programs under test are quoted whole.
# ruff: noqa: E501
"""Many versions of one module against the same checks."""

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Sandbox
from quantumlayer.engine.types import SourceFile
from quantumlayer.engine.validation.mesh import Mesh

SHARED = """\
import pytest
from words import size


def test_two():
    return size("ab"), 2


def test_none():
    with pytest.raises(TypeError):
        size(None)


def test_shown():
    return size.__doc__, "Letters."
"""
CHECKS = ["test_two", "test_none", "test_shown"]
HEAD = 'def size(text):\n    """Letters."""\n    '


async def near(mesh: Mesh, *texts: str, base: tuple[SourceFile, ...] = (), **more) -> list[tuple[float, ...]]:
    options = {"seconds": 20.0, **more}
    return await mesh.try_versions(base, "words.py", "words", texts, SHARED, CHECKS, **options)


@pytest.fixture
def mesh(settings, journal, sandbox: Sandbox) -> Mesh:
    return Mesh(settings, journal, sandbox)


async def test_each_version_shows_how_near_it_comes(mesh: Mesh) -> None:
    right, wrong, nearly = await near(
        mesh,
        HEAD + "return len(text)\n",
        HEAD + "return str(text)\n",
        HEAD.replace("Letters.", "Letters") + "return len(text) + 1\n",
    )
    assert right == (1.0, 1.0, 1.0)
    assert wrong == (0.0, 0.0, 1.0), "another kind of value is not near at all"
    assert nearly[0] < 1
    assert nearly[1] == 1.0
    assert 0.7 < nearly[2] < 1


@pytest.mark.parametrize(
    "text",
    [
        "def size(text):\n    while True:\n        pass\n",
        "import os\n\n\ndef size(text):\n    os._exit(0)\n",
        "import os, signal\n\n\ndef size(text):\n    os.kill(0, signal.SIGKILL)\n",
        "raise SystemExit(1)\n",
        "def size(:\n",
        "def size(text):\n    try:\n        while True:\n            pass\n    except BaseException:\n        return size(text)\n",
        "def size(text):\n    return [0] * 10**12\n",
        "import sys\n\n\ndef size(text):\n    print('[[1,1,1]]')\n    sys.__stdout__.write('x' * 10**7)\n    return -1\n",
    ],
)
async def test_what_a_version_does_is_not_felt_by_the_others(mesh: Mesh, text: str) -> None:
    right = HEAD + "return len(text)\n"
    first, hostile, last = await near(mesh, right, text, right)
    assert first == last == (1.0, 1.0, 1.0)
    assert hostile[0] < 1


async def test_other_files_of_the_project_are_there(mesh: Mesh) -> None:
    base = (
        SourceFile(path="letters.py", text="def count(text):\n    return len(text)\n"),
        SourceFile(path="words.py", text="raise RuntimeError('this is the file that is replaced')\n"),
    )
    text = 'from letters import count\n\n\ndef size(text):\n    """Letters."""\n    return count(text)\n'
    assert await near(mesh, text, base=base) == [(1.0, 1.0, 1.0)]


async def test_those_that_there_is_no_time_for_come_near_nothing(mesh: Mesh) -> None:
    right = HEAD + "return len(text)\n"
    endless = "def size(text):\n    while True:\n        pass\n"
    found = await near(mesh, right, endless, right, seconds=0.3)
    assert found[0] == (1.0, 1.0, 1.0)
    assert found[2] == (0.0, 0.0, 0.0)


async def test_without_a_sandbox_nothing_is_tried(settings, journal) -> None:
    with pytest.raises(SandboxError, match="no engine here"):
        await near(Mesh(settings, journal, None, "no engine here"), "x = 1\n")
