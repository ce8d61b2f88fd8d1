"""Projects with more modules than there is time for, and what modules of one process do to each other."""

import os

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Sandbox
from quantumlayer.engine.types import Stage, StageResult
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.settings import SandboxSettings, Settings

NODE_TEST = "import test from 'node:test';\ntest('a', () => {});\n"
WAITS = {
    "python": ("py", "import time\n\ntime.sleep(1)\n", {"test_a.py": "def test_a():\n    pass\n"}),
    "node": (
        "mjs",
        "await new Promise((done) => setTimeout(done, 1000));\n",
        {"a.test.mjs": NODE_TEST},
    ),
}


async def runtime(sandbox: Sandbox, settings: Settings, journal, project) -> StageResult:
    if any(file.path.endswith("js") for file in project.files):
        try:
            await sandbox.version_of("node")
        except SandboxError as error:
            if os.environ.get("REQUIRE_ALL") == "1":
                raise
            pytest.skip(str(error))
    (result,) = await Mesh(settings, journal, sandbox).check(project, (Stage.RUNTIME,))
    return result


@pytest.mark.parametrize("language", list(WAITS))
async def test_no_module_fails_for_the_time_that_others_took(sandbox, settings, journal, make, language):
    ending, text, tests = WAITS[language]
    short = settings.model_copy(update={"sandbox": SandboxSettings(seconds=8)})
    project = make({**{f"m{number}.{ending}": text for number in range(9)}, **tests})
    result = await runtime(sandbox, short, journal, project)
    assert (result.status, result.findings) == ("skipped", ())
    assert "there was no time to load all modules" in result.reason
    assert result.facts["tests_passed"] == 1
    assert result.facts["modules_imported"] > 0


async def test_a_module_that_never_ends_is_still_charged(sandbox, settings, journal, make):
    short = settings.model_copy(update={"sandbox": SandboxSettings(seconds=6)})
    texts = {"a.mjs": "export const a = 1;\n", "b.mjs": "for (;;) {}\n", "a.test.mjs": NODE_TEST}
    result = await runtime(sandbox, short, journal, make(texts))
    assert [(one.path, one.rule) for one in result.findings] == [("b.mjs", "import-failed")]
    assert result.facts["tests_passed"] == 1


async def test_what_fails_after_others_is_loaded_by_itself(sandbox, settings, journal, make):
    texts = {
        "a.cjs": "Array.prototype.flat = null;\nsetTimeout(() => process.exit(3), 5);\n",
        "b.mjs": "export const b = [1].flat();\n",
        "c.mjs": "await new Promise((done) => setTimeout(done, 200));\n",
        "d.mjs": "null.x;\n",
        "e.mjs": "import 'left-pad';\n",
        "f.mjs": "import './gone.mjs';\n",
        "g.mjs": "export const g = 1;\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert {one.path for one in result.findings} == {"d.mjs", "f.mjs"}
    assert "e.mjs (it needs the package left-pad)" in result.reason
    assert (result.facts["modules_imported"], result.facts["modules_failed"]) == (4, 2)


async def test_modules_share_processes(sandbox, settings, journal, make):
    """The last one asks how many were loaded where it is."""
    texts = {f"m{number:03}.cjs": "globalThis.count = (globalThis.count ?? 0) + 1;\n" for number in range(80)}
    texts["z.cjs"] = "if (globalThis.count !== 80) process.exit(1);\n"
    result = await runtime(sandbox, settings, journal, make(texts))
    assert (result.findings, result.facts["modules_imported"]) == ((), 81)
