"""Types of TypeScript, by the checker that the user has."""

import os
import tempfile
from pathlib import Path

import pytest
from quantumlayer.engine.types import Severity, Stage
from quantumlayer.engine.validation.adapters import programs, typescript
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.types import ToolMissing
from quantumlayer.engine.validation.warm.typescript import WarmTypeScript


@pytest.fixture
def checker() -> str:
    try:
        return typescript.binary()
    except ToolMissing as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))


def npm(folder: Path, package: str = "typescript", program: str = "tsc") -> tuple[Path, Path]:
    """A folder as npm lays it out: what is on the PATH, and the native program."""
    script = folder / f"lib/node_modules/{'@typescript/' * (package != 'typescript')}{package}/bin/{program}"
    native = folder / f"lib/node_modules/@typescript/{package}-linux-x64/lib/{program}"
    for file in (script, native):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/false\n")
        file.chmod(0o755)
    shim = folder / "bin" / program
    shim.parent.mkdir()
    shim.symlink_to(script)
    return shim, native


@pytest.mark.skipif(os.name == "nt", reason="npm lays its folders out otherwise there")
@pytest.mark.parametrize(("package", "program"), [("typescript", "tsc"), ("native-preview", "tsgo")])
def test_the_native_program_behind_npms_script_is_found(tmp_path, monkeypatch, package, program):
    shim, native = npm(tmp_path, package, program)
    monkeypatch.setenv("PATH", str(shim.parent))
    assert typescript.binary() == str(native)


@pytest.mark.parametrize("place", ["work/node_modules/.bin", "work/bin", "bin-relative"])
def test_a_judged_folder_brings_no_checker(tmp_path, monkeypatch, place):
    work = tmp_path / "work"
    work.mkdir()
    shim, _ = npm(work if place == "work/bin" else tmp_path / "own")
    bin_folder = shim.parent
    if place != "work/bin":
        bin_folder = work / "node_modules/.bin" if "node_modules" in place else work / "tools"
        bin_folder.mkdir(parents=True)
        (bin_folder / "tsc").symlink_to(shim.resolve())
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", "tools" if place == "bin-relative" else str(bin_folder))
    with pytest.raises(ToolMissing, match="npm install"):
        typescript.binary()


@pytest.mark.parametrize("linked", [False, True])
async def test_wherever_one_stands_the_judged_folder_brings_no_checker(
    settings, journal, make, tmp_path, monkeypatch, linked
):
    work, places = tmp_path / "work", tmp_path / "own"
    work.mkdir()
    places.mkdir()
    shim, _ = npm(work)
    (places / "tsc").symlink_to(shim)
    monkeypatch.chdir(tmp_path.anchor)
    monkeypatch.setenv("PATH", str(places if linked else shim.parent))
    assert typescript.binary()  # another folder's judge
    with pytest.raises(ToolMissing, match="npm install"):
        typescript.binary(str(work))
    with pytest.raises(ToolMissing, match="npm install"):
        WarmTypeScript(work).command()
    mesh = Mesh(settings, journal, None, root=str(work))
    (result,) = await mesh.check(make({"a.ts": "export const a = 1;\n"}), (Stage.TYPES,))
    assert (result.status, "npm install" in result.reason) == ("skipped", True)


def test_on_windows_the_current_folder_brings_no_program(tmp_path, monkeypatch):
    """There it comes before the PATH, for `shutil.which` too."""
    folders = tmp_path / "own", tmp_path / "work"
    for folder in folders:
        folder.mkdir()
        (folder / "tsc.cmd").write_text("")
        (folder / "tsc.cmd").chmod(0o755)
    monkeypatch.chdir(folders[1])
    monkeypatch.setenv("PATHEXT", ".EXE;.CMD")
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("PATH", str(folders[0]))
    assert programs.on_path("tsc") == str(folders[0] / "tsc.cmd")
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", str(tmp_path)]))
    assert programs.on_path("tsc") is None


async def test_without_it_the_stage_says_how_to_get_it(mesh, make, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (result,) = await mesh.check(make({"a.ts": "export const a = 1;\n"}), (Stage.TYPES,))
    assert result.status == "skipped"
    assert "npm install -g typescript" in result.reason
    mixed = make({"a.ts": "export const a = 1;\n", "a.py": "x: int = 1\n"})
    (result,) = await mesh.check(mixed, (Stage.TYPES,))
    assert result.status == "passed"
    assert result.reason.startswith("not checked: TypeScript")
    assert result.facts["files_checked"] == 1


async def test_types_are_checked_across_files(mesh, make, checker):
    files = {
        "lib.ts": "export function half(n: number): number {\n  return n / 2;\n}\n",
        "src/app.tsx": (
            'import { half } from "../lib";\nconst s = "\U0001f600"; half(s);\nexport const A = <b>{s}</b>;\n'
        ),
    }
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    (one,) = result.findings
    assert (result.status, one.path, one.rule) == ("failed", "src/app.tsx", "TS2345")
    assert (one.range.start.line, one.range.start.column) == (1, 20)


async def test_what_follows_from_packages_that_are_not_here_is_not_told(mesh, make, checker):
    text = (
        'import React from "react";\nimport { z } from "zod";\nprocess.exit(z.parse(1).map((a) => a.b));\n'
        'describe("a", () => { it("b", () => expect(React).toBe(1)); });\nexport {};\n'
    )
    (result,) = await mesh.check(make({"a.test.tsx": text}), (Stage.TYPES,))
    assert (result.status, result.findings) == ("passed", ())


async def test_judged_code_cannot_configure_its_judge(mesh, make, checker):
    files = {
        "a.ts": "// @ts-nocheck\nexport const a: number = 'x';\n",
        "tsconfig.json": '{"compilerOptions": {"noCheck": true}, "exclude": ["a.ts"]}',
    }
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    assert [(one.rule, one.severity) for one in result.findings] == [("TS2322", Severity.ERROR)]


async def test_every_file_is_judged_whatever_it_is_called(mesh, make, checker):
    wrong = "export const a: number = 'x';\n"
    files = {
        "Button.tsx": wrong,
        "Button.ts": wrong,
        ".storybook/main.ts": wrong,
        "src/app/[id]/(group)/page.mts": wrong,
        "x.d.ts": "declare const a: Missing;\n",
    }
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    assert {one.path for one in result.findings} == set(files)


async def test_imports_of_what_is_no_code_are_not_told(mesh, make, checker):
    text = "import './app.css';\nimport data from './data.json';\nexport const a: number = data.b;\n"
    (result,) = await mesh.check(make({"a.ts": text, "data.json": "{}", "app.css": ""}), (Stage.TYPES,))
    assert (result.status, result.findings) == ("passed", ())


async def test_files_of_the_project_import_each_other_in_every_spelling(mesh, make, checker):
    imported = ("./b", "./b.js", "./b.tsx", "./c", "./d.d.ts", "./folder", "./folder/index.js", "./m.mjs")
    text = "".join(
        f"import type {{ x as x{n} }} from '{name}';\nexport const a{n}: 1 = null! as typeof x{n};\n"
        for n, name in enumerate(imported)
    )
    file = "export declare const x: string;\n"
    others = ("b.tsx", "c.ts", "d.d.ts", "folder/index.ts", "m.mts")
    (result,) = await mesh.check(make({"a.ts": text, **dict.fromkeys(others, file)}), (Stage.TYPES,))
    assert [one.range.start.line for one in result.findings] == [2 * n + 1 for n in range(len(imported))]


async def test_no_import_reaches_a_file_of_this_machine(mesh, make, checker, tmp_path):
    (tmp_path / "host.ts").write_text(
        "export interface Host { confidential: 1 }\ndeclare global { var g: Host }\n"
    )
    (tmp_path / "host.json").write_text('{"confidential": 1}')
    place = tmp_path.as_posix()
    up = "../" * 12 + place.strip("/")
    text = (
        f'/// <reference path="{place}/host.ts" />\n///<reference lib="webworker" path="{up}/host.ts"/>\n'
        f"import type {{ Host }} from '{place}/host';\nimport data from '{up}/host.json';\n"
        f"import type {{ Host as Up }} from '\\x2e{up[1:]}/host';\n"
        "export const a: number = null! as Host, b: number = null! as Up, c: number = data;\n"
        f"export const d: number = null! as import('{up}/host.js').Host, e: number = g;\n"
    )
    (result,) = await mesh.check(make({"a.ts": text}), (Stage.TYPES,))
    assert {one.rule for one in result.findings} <= {"TS2304"}  # `g`
    assert "confidential" not in result.model_dump_json()


async def test_its_messages_name_files_as_the_project_does(mesh, make, checker):
    files = {"src/b.ts": "export {};\n", "a.ts": "export const a: 1 = null! as typeof import('./src/b');\n"}
    (result,) = await mesh.check(make(files), (Stage.TYPES,))
    (one,) = result.findings
    assert 'import("src/b")' in one.message


async def test_what_it_says_of_no_file_keeps_the_stage_from_passing(mesh, make, checker, monkeypatch):
    monkeypatch.setitem(typescript._OPTIONS, "target", "no such target")
    (result,) = await mesh.check(make({"a.ts": "export const a = 1;\n"}), (Stage.TYPES,))
    assert result.status == "skipped"
    assert "TypeScript failed" in result.reason


async def test_no_package_above_the_judged_files_is_read(
    mesh: Mesh, make, checker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that lies in the folder for temporary files."""
    (tmp_path / "package.json").write_text('{"imports": {"#above": "./above.ts"}}')
    (tmp_path / "above.judged.ts").write_text("export const text: string = 'above';\n")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    text = "import { text } from '#above';\nexport const number: number = text;\n"
    (result,) = await mesh.check(make({"src/a.ts": text}), (Stage.TYPES,))
    assert result.status == "passed", result.reason
    assert [one.message for one in result.findings] == []
