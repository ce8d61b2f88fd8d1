"""`quantumlayer validate` over real files, tools, git and sandbox."""

import json
import subprocess
from pathlib import Path

import pytest
from support.command import Cli

GOOD = (
    '"""Good."""\n\n\ndef double(number: int) -> int:\n    """Twice the number."""\n    return 2 * number\n'
)
UNTYPED = '"""Bad."""\n\n\ndef name() -> str:\n    """Not what it says."""\n    return 1\n'
FAST = ("--stages", "syntax,types")


@pytest.fixture
def project(cli: Cli) -> Path:
    folder = cli.folder / "project"
    folder.mkdir()
    (folder / "good.py").write_text(GOOD)
    return folder


def test_a_clean_project_passes_all_five_stages(cli: Cli, project: Path) -> None:
    ended = cli("validate", "project")
    assert ended.status == 0, ended.out + ended.err
    for stage in ("syntax", "style", "security", "types", "runtime"):
        assert f"{stage:<9} passed" in ended.out


def test_findings_name_the_file_as_the_user_would(cli: Cli, project: Path) -> None:
    (project / "bad.py").write_text(UNTYPED)
    ended = cli("validate", "project", *FAST)
    assert ended.status == 1
    assert "project/bad.py\n" in ended.out
    assert "types     failed" in ended.out


def test_files_beside_the_folder_one_stands_in_are_named_whole(cli: Cli, project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (project / "inner").mkdir()
    for name in ("bad.py", "inner/bad.py", "inner of another.py"):
        (project / name).write_text("def f(:\n")
    cli.folder = project / "inner"
    ended = cli("validate", "..", "--stages", "syntax", "--format", "json")
    named = {one["path"] for stage in ended.json["stages"] for one in stage["findings"]}
    assert named == {"bad.py", f"{project}/bad.py", f"{project}/inner of another.py"}


def test_only_what_was_named_is_reported_but_its_imports_are_known(cli: Cli, project: Path) -> None:
    (project / "bad.py").write_text(UNTYPED)
    (project / "uses.py").write_text('"""Uses."""\n\nfrom good import double\n\nFOUR: int = double(2)\n')
    (project / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    assert cli("validate", "project/uses.py", *FAST).status == 0
    assert cli("validate", "project/bad.py", *FAST).status == 1


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_formats_for_machines_are_whole_documents(cli: Cli, project: Path, form: str) -> None:
    (project / "broken.py").write_text("def f(:\n")
    ended = cli("validate", "project", "--stages", "syntax", "--format", form)
    assert ended.status == 1
    if form == "github":
        assert ended.out.startswith("::error ")
        assert "file=project/broken.py" in ended.out
    else:
        assert "project/broken.py" in json.dumps(json.loads(ended.out))


def test_git_says_what_is_ignored_and_its_configuration_runs_nothing(cli: Cli, project: Path) -> None:
    (project / ".gitignore").write_text("generated/\n")
    (project / "generated").mkdir()
    (project / "generated/bad.py").write_text("def f(:\n")
    git = ["git", "-c", "init.defaultBranch=main", "-C", str(project)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    trap = project / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {cli.home}/sprung\n")
    trap.chmod(0o755)
    subprocess.run([*git, "config", "core.fsmonitor", str(trap)], check=True)
    assert cli("validate", "project", "--stages", "syntax").status == 0
    assert not (cli.home / "sprung").exists()


def test_a_repository_that_wants_to_fetch_what_it_lacks_runs_nothing(cli: Cli, project: Path) -> None:
    folder = project / "part"
    folder.mkdir()
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "one.py").write_text("x = 1\n")

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=n@localhost", "-C", str(project), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    blob = git("rev-parse", "HEAD:part/.gitignore")
    git("update-index", "--skip-worktree", "part/.gitignore")
    (folder / ".gitignore").unlink()
    (folder / "two.py").write_text("x = 2\n")
    (project / ".git/objects" / blob[:2] / blob[2:]).unlink()
    trap = cli.home / "sprung"
    for name, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::sh -c touch% {trap}",
        "protocol.ext.allow": "always",
    }.items():
        git("config", name, value)
    assert cli("validate", "project", "--stages", "syntax").status == 0
    assert not trap.exists()


@pytest.mark.parametrize("named", ["project/generated", "project/generated/deep", "project/generated/bad.py"])
def test_what_git_ignores_is_checked_when_it_is_named(cli: Cli, project: Path, named: str) -> None:
    (project / ".gitignore").write_text("generated/\n")
    (project / "generated/deep").mkdir(parents=True)
    for file in ("generated/bad.py", "generated/deep/bad.py"):
        (project / file).write_text("def f(:\n")
    subprocess.run(["git", "-C", project, "init", "--quiet"], check=True, capture_output=True)
    ended = cli("validate", named, "--stages", "syntax")
    assert ended.status == 1
    assert f"{named.removesuffix('/bad.py')}/bad.py\n" in ended.out
    assert cli("validate", "project", "--stages", "syntax").status == 0


def test_environments_and_caches_are_left_out_without_git(cli: Cli, project: Path) -> None:
    for folder in ("node_modules", "__pycache__", ".hidden", "env1"):
        (project / folder).mkdir()
        (project / folder / "bad.py").write_text("def f(:\n")
    (project / "env1/pyvenv.cfg").write_text("")
    assert cli("validate", "project", "--stages", "syntax").status == 0


def test_what_cannot_be_read_is_said_once_and_the_rest_is_checked(cli: Cli, project: Path) -> None:
    (project / "binary.py").write_bytes(b"x = 1\0")
    (project / "latin.py").write_bytes(b"name = '\xe9'\n")
    (project / "large.py").write_text("x = 1\n" * 400_000)
    (project / "picture.png").write_bytes(b"\x89PNG\0")
    (cli.home / "outside.py").write_text("secret = 1\n")
    (project / "link.py").symlink_to(cli.home / "outside.py")
    ended = cli("validate", "project", "--stages", "syntax")
    assert ended.status == 0, ended.out
    told = [line for line in ended.err.splitlines() if line.startswith("left out: ")]
    assert len(told) == 4
    for reason in ("binary", "UTF-8", "larger than 1024 KB", "leads out"):
        assert sum(reason in line for line in told) == 1
    assert "picture.png" not in ended.err


def test_wrong_usage_ends_with_two(cli: Cli, project: Path) -> None:
    (cli.folder / "empty").mkdir()
    for arguments, said in (
        (("nowhere",), "there is no nowhere"),
        (("empty",), "nothing to check"),
        (("project", "--stages", "typs"), "did you mean types?"),
        (("project", "--stages", ","), "names no stage"),
        (("project", "--format", "xml"), "xml"),
    ):
        ended = cli("validate", *arguments)
        assert ended.status == 2, (arguments, ended.err)
        assert said in ended.err


def test_a_stage_that_could_not_run_is_said_and_is_no_pass(cli: Cli, project: Path) -> None:
    ended = cli("validate", "project", "--stages", "runtime", environ={"QUANTUMLAYER_SANDBOX": "none"})
    assert ended.status == 1
    assert "runtime   skipped" in ended.out
    assert "not checked: runtime: " in ended.err


def test_each_project_in_a_repository_is_checked_by_itself(cli: Cli) -> None:
    for name, text in (("one", GOOD), ("two", UNTYPED)):
        folder = cli.folder / name
        folder.mkdir()
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "1"\n')
        (folder / "same.py").write_text(text)
    ended = cli("validate", ".", *FAST)
    assert ended.status == 1
    assert "two/same.py" in ended.out
    assert "one/same.py" not in ended.out


# -- what has changed ----------------------------------------------------------------------------


@pytest.fixture
def repository(project: Path) -> Path:
    """Two committed files, one of them wrong, and one that is new."""
    (project / "wrong.py").write_text(UNTYPED)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "config", "user.email", "a@example.org")
    git(project, "config", "user.name", "A")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    (project / "new.py").write_text(GOOD)
    return project


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def test_with_changed_only_what_differs_from_the_last_commit_counts(cli: Cli, repository: Path) -> None:
    assert cli("validate", "project", *FAST).status == 1
    assert cli("validate", "project", "--changed", *FAST).status == 0
    (repository / "good.py").write_text(UNTYPED)
    ended = cli("validate", "project", "--changed", *FAST)
    assert ended.status == 1
    assert "project/good.py\n" in ended.out
    assert "wrong.py" not in ended.out


def test_what_was_staged_or_committed_meanwhile_counts_too(cli: Cli, repository: Path) -> None:
    (repository / "good.py").write_text(UNTYPED)
    git(repository, "add", ".")
    assert cli("validate", "project", "--changed", *FAST).status == 1
    git(repository, "commit", "--quiet", "-m", "second")
    nothing = cli("validate", "project", "--changed", *FAST)
    assert (nothing.status, nothing.out) == (0, "")
    assert "nothing has changed since HEAD" in nothing.err
    assert cli("validate", "project", "--since", "HEAD~1", *FAST).status == 1


KEY = "ghp" + "_" + "Zr3LmT5vXw9YbNcKd7Hf4Gj6Ps1Qa2Wd8Ek0"


def test_a_key_is_found_in_a_changed_file_that_is_no_code(cli: Cli, repository: Path) -> None:
    security = ("--changed", "--stages", "security")
    (repository / "notes.md").write_text("Nothing to hide.\n")
    clean = cli("validate", "project", *security)
    assert clean.status == 0, clean.err
    assert "security  passed" in clean.out
    (repository / ".env").write_text(f"TOKEN={KEY}\n")
    ended = cli("validate", "project", *security)
    assert ended.status == 1
    assert "project/.env" in ended.out
    assert KEY not in ended.out + ended.err


def test_a_file_without_code_is_checked_when_it_is_named(cli: Cli, project: Path) -> None:
    (project / ".env").write_text(f"TOKEN={KEY}\n")
    assert cli("validate", "project/.env", "--stages", "security").status == 1
    (project / ".env").write_text("COLOUR=blue\n")
    ended = cli("validate", "project/.env")
    assert (ended.status, "security  passed" in ended.out) == (0, True), ended.out


def test_a_changed_picture_is_no_change_to_check(cli: Cli, repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "all")
    (repository / "picture.png").write_bytes(b"\x89PNG\0")
    ended = cli("validate", "project", "--changed")
    assert (ended.status, "no text has changed since HEAD" in ended.err) == (0, True), ended.err


def test_a_file_that_is_gone_is_no_change_to_check(cli: Cli, repository: Path) -> None:
    (repository / "new.py").unlink()
    (repository / "wrong.py").unlink()
    assert cli("validate", "project", "--changed", *FAST).status == 0


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=x", "HEAD:good.py"])
def test_a_revision_that_git_does_not_know_is_wrong_usage(cli: Cli, repository: Path, revision: str) -> None:
    ended = cli("validate", "project", f"--since={revision}", *FAST)
    assert ended.status == 2
    assert "git knows no revision" in ended.err


def test_changed_needs_a_repository(cli: Cli, project: Path) -> None:
    ended = cli("validate", "project", "--changed", *FAST)
    assert ended.status == 2
    assert "in no git repository" in ended.err


def test_looking_for_changes_runs_no_filter_of_the_repository(cli: Cli, repository: Path) -> None:
    trap = cli.home / "sprung"
    (repository / ".gitattributes").write_text("*.py filter=trap diff=trap\n")
    for name in ("filter.trap.clean", "filter.trap.process", "diff.trap.command", "diff.trap.textconv"):
        git(repository, "config", name, f"touch {trap}; cat")
    (repository / "good.py").write_text(UNTYPED)
    assert cli("validate", "project", "--changed", *FAST).status == 1
    assert not trap.exists()


# -- what is left out --------------------------------------------------------------------------


def test_what_is_off_is_not_reported_and_the_stage_says_so(cli: Cli, project: Path) -> None:
    """Globs begin in the folder of the settings file, wherever the project and the user are."""
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    (project / "old").mkdir()
    (project / "old" / "bad.py").write_text(UNTYPED)
    assert cli("validate", "project", *FAST).status == 1
    (cli.folder / "quantumlayer.toml").write_text("[[check.off]]\npaths = ['/project/old']\n")
    ended = cli("validate", "project", *FAST)
    assert ended.status == 0, ended.out
    assert "bad.py" not in ended.out
    assert "check.off leaves out 1 file" in ended.out


RULES_OF_THE_FOLDER = "validate.stages = ['syntax']\n\n[[check.off]]\nstages = ['security']\n"


def test_a_folder_does_not_switch_its_own_security_off(cli: Cli, project: Path) -> None:
    (project / "bad.py").write_text('"""Bad."""\n\nexec(input())\n')
    (cli.folder / "quantumlayer.toml").write_text(RULES_OF_THE_FOLDER)
    ended = cli("validate", "project")
    assert ended.status == 1
    assert "S102" in ended.out
    assert "the folder's own check.off says otherwise" in ended.out
    assert cli("validate", "project", "--stages", "syntax").status == 0, "the user's flag holds"
    (cli.home / "config.toml").write_text(f"check.trusted = ['{cli.home.as_posix()}']\n")
    ended = cli("validate", "project")
    assert (ended.status, "S102" in ended.out) == (0, False), ended.out


def test_security_names_the_files_that_nobody_looked_at(cli: Cli, project: Path) -> None:
    """By padding a file a stranger cannot have it pass unseen: the limit is the user's, and it is told."""
    text = f'"""Bad."""\n\nexec(input())\n{"# x" * 800}\n'
    (project / "padded.py").write_text(text)
    (cli.folder / "quantumlayer.toml").write_text("validate.max_file_kb = 1\n")
    ended = cli("validate", "project", "--stages", "security")
    assert ended.status == 2
    assert "validate.max_file_kb may not be set by a workspace" in ended.err
    (cli.folder / "quantumlayer.toml").unlink()
    assert "S102" in cli("validate", "project", "--stages", "security").out
    (cli.home / "config.toml").write_text("validate.max_file_kb = 1\n")
    ended = cli("validate", "project", "--stages", "security", "--format", "json")
    (security,) = json.loads(ended.out)["stages"]
    assert "padded.py: it is larger than 1 KB" in security["reason"]


def test_a_folder_does_not_trust_itself(cli: Cli, project: Path) -> None:
    (cli.folder / "quantumlayer.toml").write_text(f"check.trusted = ['{cli.folder.as_posix()}']\n")
    ended = cli("validate", "project")
    assert ended.status == 2
    assert "check.trusted may not be set by a workspace" in ended.err
    (cli.folder / "quantumlayer.toml").unlink()
    (cli.home / "config.toml").write_text("check.trusted = ['work']\n")
    assert "should be absolute paths, or begin with ~, not 'work'" in cli("validate", "project").err


def test_switches_are_explained(cli: Cli) -> None:
    (cli.folder / "quantumlayer.toml").write_text(
        "[[check.off]]\npaths = ['old', 'gen']\n\n[[check.off]]\nstages = ['security']\ntools = ['ruff']\n"
    )
    shown = cli("config", "show", "--changed").out
    assert "paths old gen" in shown
    assert "stages security; tools ruff" in shown
    listed = {each["key"]: each for each in json.loads(cli("config", "show", "--changed", "--json").out)}
    assert listed["check.off"]["value"][0]["paths"] == ["old", "gen"]


def test_dependencies_that_nobody_could_be_asked_about_are_not_called_clean(cli: Cli, project: Path) -> None:
    (project / "requirements.txt").write_text("some-thing==1.2\n")
    stages = ("--stages", "syntax,security")
    cli.environ["QUANTUMLAYER_VALIDATE__ADVISORIES"] = "http://127.0.0.1:9"
    ended = cli("validate", "project", *stages)
    assert ended.status == 0
    assert "security  skipped" in ended.out
    assert "not checked: security: the dependencies were not looked up" in ended.err
    cli.environ["QUANTUMLAYER_VALIDATE__ADVISORIES"] = "none"
    ended = cli("validate", "project", *stages)
    assert "security  passed" in ended.out


PYPROJECT = """
[project]
name = "x"
version = "1"
dependencies = []
[project.optional-dependencies]
fast = ["orjson>=3"]
[dependency-groups]
dev = ["nox", {include-group = "fast"}]
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""
LOCK = '[[package]]\nname = "attrs"\nversion = "25.1.0"\n'


def test_what_extras_groups_and_lock_files_name_may_be_imported(cli: Cli, project: Path) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "uv.lock").write_text(LOCK)
    (project / "uses.py").write_text(
        "import attr\nimport nox\nimport orjson\nimport sphinx\n\nX = attr, nox, orjson, sphinx\n"
    )
    ended = cli("validate", "project", *FAST)
    assert ended.status == 0, ended.out
    (project / "uses.py").write_text("import orjsn\n\nX = orjsn\n")
    ended = cli("validate", "project", *FAST)
    assert ended.status == 1
    assert "did you mean `orjson`?" in ended.out
