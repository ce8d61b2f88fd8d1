"""Rust's layout, by the rustfmt that the user has."""

import os
import shutil
from pathlib import Path

import pytest
from quantumlayer.engine.types import Severity, Stage
from quantumlayer.engine.validation.adapters import rustfmt
from quantumlayer.engine.validation.adapters.programs import version_beside
from quantumlayer.engine.validation.types import ToolMissing

GOOD = 'mod other;\n\nfn main() {\n    println!("é {}", other::two());\n}\n'


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        rustfmt.binary()
    except ToolMissing as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))


async def style(mesh, make, files):
    (result,) = await mesh.check(make(files), (Stage.STYLE,))
    return result


async def test_layout_is_told_where_it_first_differs(mesh, make):
    files = {
        "src/main.rs": GOOD,
        "src/other.rs": "pub fn two() -> i32 {\n    2\n}\n\npub fn one( ) -> i32 { 1 }\n",
    }
    result = await style(mesh, make, files)
    (one,) = result.findings
    assert (result.status, one.path, one.range.start.line) == ("passed", "src/other.rs", 4)
    assert (one.tool, one.severity) == ("rustfmt", Severity.HINT)
    assert [run.version[0].isdigit() for run in result.tools if run.name == "rustfmt"] == [True]


@pytest.mark.parametrize(("edition", "told"), [("2015", 0), ("2021", 1)])
async def test_the_edition_is_the_packages(mesh, make, edition, told):
    """`async` is a name in the first one."""
    files = {
        "crates/a/Cargo.toml": "[package]\nname = 'a'\nedition.workspace = true\n",
        "Cargo.toml": f"[workspace.package]\nedition = '{edition}'\n",
        "crates/a/src/lib.rs": "async  fn a() {}\n",
    }
    result = await style(mesh, make, files)
    assert len(result.findings) == told


async def test_the_judged_folder_configures_nothing(mesh, make):
    files = {"a.rs": GOOD, "rustfmt.toml": "max_width = 20\n", ".rustfmt.toml": "hard_tabs = true\n"}
    assert (await style(mesh, make, files)).findings == ()


async def test_no_other_file_is_read(mesh, make):
    text = '#[path = "/dev/zero"]\nmod x;\n#[cfg_attr(all(), path = "/dev/zero")]\nmod y;\n'
    result = await style(mesh, make, {"a.rs": text})
    assert (result.status, result.findings) == ("passed", ())


@pytest.mark.skipif(os.name == "nt", reason="the doorkeeper is a link elsewhere")
async def test_a_folder_does_not_choose_the_toolchain(mesh, make, tmp_path, monkeypatch):
    """rustup's doorkeeper would run what `rust-toolchain.toml` of the folder it stands in names."""
    mark = tmp_path / "ran"
    evil, work, places = tmp_path / "evil/bin/rustfmt", tmp_path / "work", tmp_path / "places"
    evil.parent.mkdir(parents=True)
    evil.write_text(f"#!/bin/sh\ntouch {mark}\n")
    evil.chmod(0o755)
    work.mkdir()
    (work / "rust-toolchain.toml").write_text(f'[toolchain]\npath = "{tmp_path}/evil"\n')
    home = tmp_path / "rustup"
    own = home / "toolchains/stable-here/bin/rustfmt"
    own.parent.mkdir(parents=True)
    own.symlink_to(Path(rustfmt.binary()))
    (home / "settings.toml").write_text('default_toolchain = "stable-here"\n')
    places.mkdir()
    (places / "rustup").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (places / "rustup").chmod(0o755)
    (places / "rustfmt").symlink_to(places / "rustup")
    monkeypatch.setenv("PATH", str(places))
    monkeypatch.setenv("RUSTUP_HOME", str(home))
    monkeypatch.delenv("RUSTUP_TOOLCHAIN", raising=False)
    monkeypatch.chdir(work)
    assert rustfmt.binary() == str(own)
    assert (await style(mesh, make, {"a.rs": GOOD})).status == "passed"
    assert not mark.exists()


async def test_without_it_the_stage_says_how_to_get_it(mesh, make, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await style(mesh, make, {"a.rs": GOOD})
    assert (result.status, "rustup component add rustfmt" in result.reason) == ("skipped", True)


@pytest.mark.parametrize("head", ["a = " + "[" * 5000 + "]" * 5000, 'workspace = "x"', "package = [1]"])
async def test_a_strange_head_keeps_nothing_from_being_judged(mesh, make, head):
    files = {"Cargo.toml": head + "\n", "a.rs": "fn  a() {}\n", "a.py": "x = 1\n"}
    result = await style(mesh, make, files)
    assert [one.path for one in result.findings if one.tool == "rustfmt"] == ["a.rs"]


@pytest.mark.skipif(os.name == "nt", reason="needs scripts as programs")
@pytest.mark.parametrize("text", ["no program", "#!/nowhere/to/be/found\n", "#!/bin/sh\nexit 3\n"])
async def test_one_that_cannot_be_asked_ends_nothing(mesh, make, monkeypatch, tmp_path, text):
    program = tmp_path / "rustfmt"
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await style(mesh, make, {"a.rs": GOOD, "a.py": "x = 1\n"})
    assert (result.status, "rustfmt cannot be asked" in result.reason) == ("skipped", True)


@pytest.mark.skipif(os.name == "nt", reason="needs scripts as programs")
@pytest.mark.parametrize("way", [os.link, shutil.copy])
def test_a_doorkeeper_is_known_without_its_name(monkeypatch, tmp_path, way):
    home, places = tmp_path / "rustup", tmp_path / "places"
    own = home / "toolchains/stable-here/bin/rustfmt"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n# the program itself\n")
    (home / "settings.toml").write_text('default_toolchain = "stable-here"\n')
    places.mkdir()
    (places / "rustup").write_text("#!/bin/sh\n")
    (places / "rustup").chmod(0o755)
    way(places / "rustup", places / "rustfmt")
    monkeypatch.setenv("PATH", str(places))
    monkeypatch.setenv("RUSTUP_HOME", str(home))
    monkeypatch.delenv("RUSTUP_TOOLCHAIN", raising=False)
    assert rustfmt.binary() == str(own)
    (places / "rustup").unlink()
    assert rustfmt.binary() == str(places / "rustfmt")


def test_a_place_that_cannot_be_looked_into_is_passed_by(monkeypatch, tmp_path):
    strange = tmp_path / ("x" * 300)
    monkeypatch.setenv("PATH", os.pathsep.join([str(strange), os.environ["PATH"]]))
    assert rustfmt.binary()


def test_a_version_that_is_no_text_is_none(tmp_path):
    program = tmp_path / "bin/javac"
    program.parent.mkdir()
    program.write_text("")
    (tmp_path / "release").write_bytes(b"\xff\xfe")
    assert version_beside(str(program), "release", "(x)") == str(program.stat().st_mtime_ns)
