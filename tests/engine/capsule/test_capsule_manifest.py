import hashlib
import json
import subprocess
import sys

import pytest
from capsule_samples import FILES, make_evidence, make_plan, make_sample, source_files
from quantumlayer.engine.capsule.canonical import canonical
from quantumlayer.engine.capsule.manifest import build_manifest, capsule_id, make_capsule, project_name
from quantumlayer.engine.capsule.python_facts import read_python
from quantumlayer.engine.errors import CapsuleError
from quantumlayer.engine.types import Brief, Capsule, Manifest, SourceFile

BRIEF = Brief(text="Count things.", name="tally")


def manifest_of(files: dict[str, str], **options: object) -> Manifest:
    return build_manifest(BRIEF, make_plan(), source_files(files), **options)  # type: ignore[arg-type]


def test_roles_follow_from_names_and_from_the_list_of_tests() -> None:
    files = dict.fromkeys(
        [
            "README.md",
            "app.py",
            "check.py",
            "conftest.py",
            "pyproject.toml",
            "requirements.txt",
            "tests/data.csv",
        ],
        "",
    )
    roles = {entry.path: entry.role for entry in manifest_of(files, tests=["check.py"]).files}
    assert roles == {
        "README.md": "doc",
        "app.py": "source",
        "check.py": "test",
        "conftest.py": "test",
        "pyproject.toml": "config",
        "requirements.txt": "config",
        "tests/data.csv": "test",
    }


def test_a_script_and_a_package_are_entry_points_and_a_test_is_not() -> None:
    guard = 'if __name__ == "__main__":\n    pass\n'
    files = {"tool.py": guard, "pkg/__main__.py": "", "pkg/lib.py": "x = 1\n", "test_tool.py": guard}
    assert manifest_of(files).entry_points == ("pkg/__main__.py", "tool.py")


def test_commands_come_from_the_plan() -> None:
    plan = make_plan(run=["python tool.py FILE", "python tool.py  --help"])
    manifest = build_manifest(BRIEF, plan, source_files({"tool.py": "", "test_tool.py": ""}))
    assert manifest.commands == {
        "run": "python tool.py FILE",
        "run-2": "python tool.py --help",
        "test": "python -m pytest",
    }


def test_without_a_planned_command_the_only_entry_point_is_what_runs() -> None:
    assert manifest_of({"pkg/__init__.py": "", "pkg/__main__.py": ""}).commands == {"run": "python -m pkg"}


def test_without_tests_there_is_no_test_command() -> None:
    assert "test" not in manifest_of({"lib.py": ""}).commands


def test_dependencies_are_normalised_sorted_and_unique() -> None:
    manifest = manifest_of({"a.py": ""}, packages=["Zope.Interface>=5", "fastapi >=0.1", "FastAPI"])
    assert manifest.dependencies == ("fastapi>=0.1", "Zope.Interface>=5")


def test_a_package_that_is_no_requirement_is_refused() -> None:
    with pytest.raises(CapsuleError, match="not a package"):
        manifest_of({"a.py": ""}, packages=["not a package"])


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('import os\nos.environ["A_KEY"]', {"A_KEY"}),
        ('import os\nos.environ.get("B", "")\nos.getenv("C")', {"B", "C"}),
        ('from os import environ as environ, getenv\nenviron["D"]\ngetenv("E")', {"D", "E"}),
        ('import os\nif "F" in os.environ: pass', {"F"}),
        ('import os\nNAME = "G"\nos.environ[NAME]', {"G"}),
        ('settings = {}\nsettings["H"]\nsettings.get("I")', set()),
        ("import os\nos.environ[input()]", set()),
    ],
)
def test_environment_variables_are_found_in_source(source: str, names: set[str]) -> None:
    assert read_python(source).env == names


@pytest.mark.parametrize(
    ("source", "ports"),
    [
        ("uvicorn.run(app, port=8000)", {8000}),
        ('HTTPServer(("", 8080), Handler)', {8080}),
        ('PORT = 9000\nHTTPServer(("", PORT), Handler)', {9000}),
        ('def main(port: int = 7000):\n    HTTPServer(("", port), Handler)', {7000}),
        ('p.add_argument("--port", type=int, default=6000)\nuvicorn.run(app, port=args.port)', {6000}),
        ('port = int(os.environ.get("PORT", "5000"))\napp.run(port=port)', {5000}),
        ('smtplib.SMTP("mail", port=25)', set()),
        ("uvicorn.run(app, port=choose())", set()),
        ("uvicorn.run(app, port=0)", set()),
        ("PORT = PORT\nuvicorn.run(app, port=PORT)", set()),
    ],
)
def test_ports_are_found_where_something_listens(source: str, ports: set[int]) -> None:
    assert read_python(source).ports == ports


def test_a_health_route_is_named_when_something_listens() -> None:
    manifest = manifest_of({"app.py": '@app.get("/health")\ndef h(): ...\nuvicorn.run(app, port=80)\n'})
    assert (manifest.ports, manifest.health_check) == ((80,), "/health")


def test_source_that_does_not_parse_still_makes_a_manifest() -> None:
    assert manifest_of({"broken.py": "def (:\n", "zero.py": "x = '\0'"}).env == ()


def test_the_id_does_not_depend_on_the_order_of_the_files() -> None:
    backwards = dict(reversed(FILES.items()))
    assert make_sample(FILES).id == make_sample(backwards).id


def test_the_id_does_not_depend_on_times_and_costs() -> None:
    early = make_sample(evidence=make_evidence(seconds=1, created="2026-01-01T00:00:00Z"))
    late = make_sample(evidence=make_evidence(seconds=9, created="2027-01-01T00:00:00Z"))
    assert early.id == late.id
    assert early != late


def test_the_id_changes_with_one_byte_of_a_file_and_with_the_brief_and_with_a_parent() -> None:
    changed = {**FILES, "tally/core.py": FILES["tally/core.py"] + "\n"}
    ids = {
        make_sample().id,
        make_sample(changed).id,
        make_sample(brief="Count other things.").id,
        make_sample(parents=["0" * 64]).id,
    }
    assert len(ids) == 4


def test_the_id_is_the_same_in_another_process_with_another_hash_seed() -> None:
    code = "from capsule_samples import make_sample; print(make_sample().id)"
    ids = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": sys.path[0], "PYTHONHASHSEED": seed},
            cwd=__file__.rpartition("test_")[0],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert ids == {make_sample().id}


def test_the_canonical_manifest_is_sorted_json_without_spaces() -> None:
    text = canonical(make_sample().manifest).decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize(
    "paths",
    [
        ["a.py", "A.py"],
        ["straße.txt", "STRASSE.txt"],
        ["pkg", "pkg/a.py"],
        ["Pkg/a.py", "pkg/b.py"],
        [".quantumlayer/manifest.json"],
        [".QuantumLayer/x"],
    ],
)
def test_paths_that_cannot_stand_side_by_side_everywhere_are_refused(paths: list[str]) -> None:
    with pytest.raises(CapsuleError) as caught:
        manifest_of(dict.fromkeys(paths, ""))
    assert paths[-1].split("/")[0] in caught.value.cause


def test_text_that_utf8_cannot_carry_is_refused() -> None:
    with pytest.raises(CapsuleError, match=r"a\.py"):
        manifest_of({"a.py": "x = '\ud800'"})


def test_files_that_are_not_the_manifest_s_make_no_capsule() -> None:
    manifest = manifest_of({"a.py": "x = 1\n"})
    with pytest.raises(CapsuleError, match=r"a\.py: its SHA-256"):
        make_capsule(manifest, BRIEF, [SourceFile(path="a.py", text="x = 2\n")], make_evidence())
    with pytest.raises(CapsuleError, match=r"b\.py: is not in the manifest"):
        make_capsule(manifest, BRIEF, source_files({"a.py": "x = 1\n", "b.py": ""}), make_evidence())


def test_the_id_is_the_digest_of_the_manifest(capsule: Capsule) -> None:
    assert capsule.id == capsule_id(capsule.manifest)
    assert capsule.id == hashlib.sha256(canonical(capsule.manifest)).hexdigest()


@pytest.mark.parametrize(
    ("brief", "name"),
    [
        (Brief(text="x", name="my-tool"), "my-tool"),
        (Brief(text="x", name="../My Tool"), "my-tool"),
        (Brief(text="# Word count: a tool\n\nThat counts."), "word-count-a-tool"),
        (Brief(text="数える"), "capsule"),
        (Brief(text="con"), "capsule"),
        (Brief(text="a" * 500), "a" * 32),
    ],
)
def test_a_project_is_named_after_its_brief(brief: Brief, name: str) -> None:
    assert project_name(brief) == name
