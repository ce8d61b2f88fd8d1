# The programs under test are quoted whole.
# ruff: noqa: E501
import asyncio
import time

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Sandbox
from quantumlayer.engine.types import Severity, SourceFile, Stage
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.runtime.python import run_tests, run_variants
from quantumlayer.settings import Settings

CALC = "def add(a, b):\n    return a + b\n"
TEST = "from calc import add\n\n\ndef test_add():\n    assert add(2, 2) == 4\n\n\ndef test_zero():\n    assert add(0, 0) == 0\n"


def files(texts: dict[str, str]) -> list[SourceFile]:
    return [SourceFile(path=path, text=text) for path, text in texts.items()]


async def one(sandbox: Sandbox, settings: Settings, texts: dict[str, str], **options):
    options = {"seconds": 30, "imports": True, "test_seconds": 1, **options}
    (report,) = await run_variants(sandbox, settings, files(texts), [()], (), **options)
    return report


async def outcomes(sandbox: Sandbox, settings: Settings, test: str, **options) -> dict[str, str]:
    report = await one(sandbox, settings, {"calc.py": CALC, "test_calc.py": test}, **options)
    return {found.id.rpartition("::")[2]: found.outcome for found in report.tests}


# -- the stage ----------------------------------------------------------------------------------


async def runtime(sandbox, settings, journal, project):
    (result,) = await Mesh(settings, journal, sandbox).check(project, (Stage.RUNTIME,))
    return result


async def test_a_working_project_passes_with_counted_evidence(sandbox, settings, journal, make):
    project = make({"calc.py": CALC, "src/app/__init__.py": "import calc\n", "test_calc.py": TEST})
    result = await runtime(sandbox, settings, journal, project)
    assert (result.status, result.reason, result.findings) == ("passed", "", ())
    facts = {name: result.facts[name] for name in ("modules_imported", "modules_failed", "tests_passed")}
    assert facts == {"modules_imported": 2, "modules_failed": 0, "tests_passed": 2}
    assert result.tools[0].name == sandbox.name


async def test_a_project_without_tests_says_that_none_were_run(sandbox, settings, journal, make):
    result = await runtime(sandbox, settings, journal, make({"calc.py": CALC}))
    assert (result.status, result.reason) == ("passed", "no tests were run")
    assert result.facts["tests_passed"] == 0


async def test_failures_are_placed_on_the_failing_line_of_the_project(sandbox, settings, journal, make):
    texts = {
        "calc.py": "def add(a, b):\n    return a + c\n",
        "broken.py": "x = 1\nimport no_such_module\n",
        "test_calc.py": TEST + "\n\ndef test_wrong():\n    assert 1 == 2\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert result.status == "failed"
    places = {(found.path, found.range.start.line + 1, found.rule) for found in result.findings}
    assert places == {
        ("broken.py", 2, "import-failed"),
        ("calc.py", 2, "test-failed"),
        ("test_calc.py", 13, "test-failed"),
    }
    assert {found.severity for found in result.findings} == {Severity.ERROR}
    assert result.facts["tests_failed"] == 3


async def test_a_package_that_is_declared_can_be_imported(sandbox, settings, journal, make):
    text = "import iniconfig\n\n\ndef test_it():\n    assert iniconfig.IniConfig\n"
    project = make({"calc.py": "import iniconfig\n\nprint(iniconfig)\n", "test_a.py": text}, ("iniconfig",))
    result = await runtime(sandbox, settings, journal, project)
    assert result.status == "passed", result


async def test_a_package_that_does_not_exist_fails_and_is_named(sandbox, settings, journal, make):
    project = make({"calc.py": CALC}, ("no-such-package-ql-3f9c1",))
    result = await runtime(sandbox, settings, journal, project)
    assert "no-such-package-ql-3f9c1" in result.reason
    assert result.status == "failed"


async def test_without_a_sandbox_nothing_runs(settings, journal, make):
    (result,) = await Mesh(settings, journal, None, "Docker is not running").check(
        make({"a.py": CALC}), (Stage.RUNTIME,)
    )
    assert (result.status, result.reason) == ("skipped", "Docker is not running")


# -- imports ------------------------------------------------------------------------------------


async def test_each_module_is_imported_alone_and_scripts_do_not_block(sandbox, settings):
    texts = {
        "reads.py": "import sys\n\nif __name__ == '__main__':\n    input()\nx = sys.stdin.read()\n",
        "exits.py": "import sys\n\nsys.exit(0)\n",
        "pkg/__init__.py": "",
        "pkg/mod.py": "from . import other\n",
        "pkg/other.py": "import os\n\nos._exit(0)\n",
        "my-script.py": "x = 1\n",
        "pkg/__main__.py": "raise SystemExit\n",
        "syntax.py": "x = 1\ndef f(:\n",
    }
    report = await one(sandbox, settings, texts)
    seen = {found.path: found.outcome for found in report.imports}
    assert seen == {
        "reads.py": "passed",
        "exits.py": "error",
        "pkg/__init__.py": "passed",
        "pkg/mod.py": "error",
        "pkg/other.py": "error",
        "my-script.py": "passed",
        "syntax.py": "error",
    }
    by_path = {found.path: found for found in report.imports}
    assert (by_path["syntax.py"].at, by_path["syntax.py"].line) == ("syntax.py", 2)
    assert "ended the interpreter" in by_path["pkg/other.py"].message


async def test_an_import_that_never_ends_is_a_timeout(sandbox, settings, monkeypatch):
    monkeypatch.setattr("quantumlayer.engine.validation.runtime.python.IMPORT_SECONDS", 1.0)
    report = await one(sandbox, settings, {"a.py": "while True:\n    pass\n", "b.py": "x = 1\n"})
    assert [found.outcome for found in report.imports] == ["timeout", "passed"]


# -- tests that misbehave -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("while True: pass", "timeout"),
        ("while True:\n        try:\n            time.sleep(9)\n        except BaseException:\n            pass", "timeout"),
        ("signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass", "timeout"),
        ("os._exit(0)", "error"),
        ("os.kill(os.getpid(), 11)", "error"),
        ("raise SystemExit(0)", "failed"),
        ("raise KeyboardInterrupt", "not_run"),
        ("sys.stdout.write('x' * 3_000_000)", "passed"),
        ("os.write(1, b'\\xff\\xfe' * 100_000)", "passed"),
        ("subprocess.Popen(['sleep', '600'])", "passed"),
        ("threading.Thread(target=time.sleep, args=(600,)).start()", "passed"),
        ("pytest.skip('later')", "skipped"),
    ],
)  # fmt: skip
async def test_one_bad_test_does_not_take_the_others_with_it(sandbox, settings, body, outcome):
    imports = "import os, pytest, signal, subprocess, sys, threading, time\n\n\n"
    text = f"{imports}def test_before():\n    pass\n\n\ndef test_bad():\n    {body}\n\n\ndef test_after():\n    pass\n"
    started = time.monotonic()
    seen = await outcomes(sandbox, settings, text)
    assert time.monotonic() - started < 15
    assert seen["test_before"] == "passed"
    assert seen["test_bad"] == outcome
    assert seen["test_after"] == ("not_run" if outcome == "not_run" else "passed")


async def test_a_file_that_hangs_while_it_is_collected_is_charged_alone(sandbox, settings, monkeypatch):
    monkeypatch.setattr("quantumlayer.engine.validation.runtime.python.IMPORT_SECONDS", 1.0)
    texts = {"calc.py": CALC, "test_a.py": "while True:\n    pass\n", "test_b.py": TEST}
    report = await one(sandbox, settings, texts, imports=False)
    assert {found.id: found.outcome for found in report.tests} == {
        "test_a.py": "timeout",
        "test_b.py::test_add": "passed",
        "test_b.py::test_zero": "passed",
    }


async def test_a_file_that_cannot_be_collected_is_an_error_with_its_line(sandbox, settings):
    texts = {"calc.py": CALC, "test_a.py": "from calc import nothing\n", "test_b.py": TEST}
    report = await one(sandbox, settings, texts)
    (broken,) = [found for found in report.tests if found.outcome == "error"]
    assert broken.id == "test_a.py"
    assert "nothing" in broken.message
    assert report.count("passed") == 2


async def test_when_time_is_over_what_was_not_reached_is_said(sandbox, settings):
    slow = "import time, pytest\n\n\n@pytest.mark.parametrize('n', range(20))\ndef test_slow(n):\n    time.sleep(0.6)\n"
    report = await one(sandbox, settings, {"test_a.py": slow}, seconds=3)
    assert not report.complete
    assert "3 s" in report.problem
    assert report.count("passed") >= 1
    assert report.count("passed") + report.count("not_run") + report.count("timeout") == 20


async def test_what_fails_in_the_project_is_told_apart_from_what_fails_in_the_test(sandbox, settings):
    text = "from calc import add\n\n\ndef test_project():\n    add(1, 'x')\n\n\ndef test_self():\n    assert add(1, 1) == 3\n"
    report = await one(sandbox, settings, {"calc.py": CALC, "test_calc.py": text})
    assert [(found.kind, found.in_project, found.line) for found in report.tests] == [
        ("TypeError", True, 2),
        ("AssertionError", False, 9),
    ]
    assert "assert 2 == 3" in report.tests[1].message
    assert "/" not in report.tests[0].at


# -- a report cannot be forged --------------------------------------------------------------------

FORGED = '[0, {"imports": [], "tests": [{"id": "forged", "outcome": "passed"}], "complete": true}]'


@pytest.mark.parametrize(
    "attack",
    [
        # Printing a key of its own and a report under it.
        "import hashlib, hmac\nkey = bytes(32)\nprint('key ' + key.hex())\n"
        f"text = '''{FORGED}'''\nprint(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), text, flush=True)\n"
        "for pid in os.listdir('/proc'):\n    try:\n        open(f'/proc/{pid}/fd/1', 'w').write('key ' + key.hex() + '\\n'"
        " + hmac.new(key, text.encode(), hashlib.sha256).hexdigest() + ' ' + text + '\\n')\n"
        "    except OSError:\n        pass",
        # Printing what a report looks like.
        f"print('0' * 64 + ' ' + '''{FORGED}''', flush=True)",
        # Writing it to the output of every process it can find.
        "for pid in os.listdir('/proc'):\n    for fd in ('1', '2'):\n        try:\n"
        f"            open(f'/proc/{{pid}}/fd/{{fd}}', 'w').write('\\n' + '0' * 64 + ''' {FORGED}\\n''')\n"
        "        except OSError:\n            pass",
        # Replacing the programs that the harness starts.
        "for path in glob.glob('/work' + '/**/*.py', recursive=True):\n    try:\n"
        "        open(path, 'w').write('print(1)')\n    except OSError:\n        pass",
        # Ending the harness before it can tell.
        "os.kill(os.getppid(), 9)",
    ],
    ids=["own-key", "print", "proc", "replace", "kill"],
)
async def test_a_project_cannot_forge_its_report(sandbox, settings, attack):
    text = f"import glob, os\n\n{attack}\n\n\ndef test_truth():\n    assert False\n"
    report = await one(sandbox, settings, {"calc.py": CALC, "test_calc.py": text})
    assert "forged" not in {found.id for found in report.tests}
    assert report.count("passed") == 0
    assert not report.complete or report.count("failed", "error") >= 1


async def test_the_harness_that_holds_the_key_cannot_be_looked_into(sandbox, settings):
    search = """
import os

def test_search():
    above, opened = os.getppid(), []
    assert "inside.harness" in open(f"/proc/{above}/cmdline").read()
    for name in ("mem", "environ", "maps", *(f"fd/{number}" for number in range(64))):
        try:
            os.close(os.open(f"/proc/{above}/{name}", os.O_RDONLY | os.O_NONBLOCK))
            opened.append(name)
        except OSError:
            pass
    assert opened == []
"""
    report = await one(sandbox, settings, {"test_a.py": search})
    assert report.tests[0].outcome == "passed", report.tests[0].message


# -- variants -----------------------------------------------------------------------------------


async def test_every_variant_gets_its_own_report_in_order(sandbox, settings):
    bodies = ["a + b", "a - b", "a * b", "a +", "a + b"]
    variants = [files({"calc.py": f"def add(a, b):\n    return {body}\n"}) for body in bodies]
    reports = await run_variants(
        sandbox, settings, files({"calc.py": CALC, "test_calc.py": TEST}), variants, (), seconds=10
    )
    assert [report.count("passed") for report in reports] == [2, 1, 2, 0, 2]
    assert all(report.complete for report in reports)


async def test_a_variant_cannot_spoil_those_after_it(sandbox, settings):
    spoil = (
        "import os, pathlib, subprocess, sys\n"
        "os.makedirs(os.path.expanduser('~/.local/lib/python3.11/site-packages'), exist_ok=True)\n"
        "for folder in ('/tmp', '/work', os.path.expanduser('~'), '/work' + '/..'):\n    try:\n"
        "        pathlib.Path(folder, 'calc.py').write_text('raise SystemExit')\n    except OSError:\n        pass\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
    )
    variants = [
        files({"calc.py": spoil + CALC}),
        files({"calc.py": CALC}),
        files({"calc.py": "while True: pass\n"}),
        (),
    ]
    base = files({"calc.py": CALC, "test_calc.py": TEST})
    reports = await run_variants(sandbox, settings, base, variants, (), seconds=4, test_seconds=1)
    assert [report.count("passed") for report in reports] == [2, 2, 0, 2]


async def test_a_variant_has_all_the_room_and_none_of_the_files_of_those_before_it(sandbox, settings):
    text = """
import os, tempfile

FOLDERS = [folder for folder in ("/tmp", "/dev/shm", "/work") if os.access(folder, os.W_OK)]

def test_room():
    assert "/tmp" in FOLDERS and "/work" in FOLDERS
    with tempfile.NamedTemporaryFile(dir="/tmp", delete=False) as file:
        file.write(bytes(20_000_000))

def test_alone():
    assert not [folder for folder in FOLDERS if os.path.lexists(f"{folder}/left")]

def test_leave():
    for folder in FOLDERS:
        os.makedirs(f"{folder}/left/below")
        os.symlink("/usr", f"{folder}/left/below/link")
        os.symlink("/usr", f"{folder}/link")
        os.chmod(f"{folder}/left/below", 0)
"""
    variants = [files({"calc.py": f"{CALC}\n# {number}\n"}) for number in range(3)]
    base = files({"calc.py": CALC, "test_calc.py": text})
    reports = await run_variants(sandbox, settings, base, variants, (), seconds=10)
    assert [report.count("passed") for report in reports] == [3, 3, 3], reports


async def test_a_variant_that_ends_the_harness_loses_only_its_own_report(sandbox, settings):
    bad = files({"calc.py": f"import os\nos.kill(os.getppid(), 9)\n{CALC}"})
    base = files({"calc.py": CALC, "test_calc.py": TEST})
    reports = await run_variants(sandbox, settings, base, [(), bad, ()], (), seconds=10)
    assert [report.complete for report in reports] == [True, False, True]
    assert "harness" in reports[1].problem


async def test_variants_that_were_run_before_are_not_run_again(sandbox, settings, journal):
    base = files({"calc.py": CALC, "test_calc.py": TEST})
    other = files({"calc.py": "def add(a, b):\n    return 4\n"})
    first = await run_variants(sandbox, settings, base, [()], (), seconds=10, journal=journal)
    both = await run_variants(sandbox, settings, base, [(), other], (), seconds=10, journal=journal)
    assert both[0] == first[0]
    started = time.monotonic()
    again = await run_variants(sandbox, settings, base, [other, ()], (), seconds=10, journal=journal)
    assert time.monotonic() - started < 0.1
    assert again == (both[1], both[0])


async def test_what_was_seen_under_other_limits_is_not_reused(sandbox, settings, journal, monkeypatch):
    async def seen(**limits: object):
        other = settings.model_copy(update={"sandbox": settings.sandbox.model_copy(update=limits)})
        return await run_variants(sandbox, other, files({"a.py": CALC}), [()], (), seconds=5, journal=journal)

    async def refuse(job, on_output=None):
        raise SandboxError("it is run once more")

    first = await seen()
    monkeypatch.setattr(sandbox, "run", refuse)
    assert await seen() == await seen(engine="none", seconds=9.0) == first
    for limit in ({"memory_mb": 1024}, {"pids": 99}, {"work_mb": 99}, {"cpus": 0.5}, {"image": "another"}):
        with pytest.raises(SandboxError, match="once more"):
            await seen(**limit)


async def test_named_tests_alone_are_run(sandbox, settings):
    texts = files({"calc.py": CALC, "test_calc.py": TEST, "test_other.py": "def test_other():\n    pass\n"})
    report = await run_tests(sandbox, settings, texts, (), ["test_other.py"])
    assert [found.id for found in report.tests] == ["test_other.py::test_other"]


async def test_cancelling_a_run_ends_it_at_once(sandbox, settings):
    base = files({"test_a.py": "def test_a():\n    while True: pass\n"})
    await run_variants(sandbox, settings, files({"a.py": ""}), [()], (), seconds=5)  # wheels are there now
    task = asyncio.create_task(run_variants(sandbox, settings, base, [()], (), seconds=60, test_seconds=60))
    await asyncio.sleep(1.0)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 2
