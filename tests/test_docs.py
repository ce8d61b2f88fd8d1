"""The documentation is true: every command and example in it is run as written, or listed with a reason.

Commands run in a folder that has what a clone has, with settings and storage of their own and a scripted
provider as the model. A command or example that is neither run nor listed fails the test that collects them.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from quantumlayer.engine.brief import parse_brief
from support import documented_model
from support.command import Cli
from support.scripted_server import ScriptedServer

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
SECONDS = 280
PROGRAMS = ("quantumlayer ", "make ", "scripts/", "pre-commit ", "pip ", "python ")
"""What words in code marks begin with when they are a command."""

NOT_RUN = {
    "make demo": "fetches 1.1 GB and needs minutes; test_make_demo_does_what_is_said looks at its steps, and "
    "the brief it uses is generated here",
    "make test": "is what runs this test; the dry run below shows that it is there",
    "make install": "makes the environment that this test runs in; dry run below",
    "make setup": "installs system packages; tests/engine/sandbox use what it leaves; dry run below",
    "make lint": "formatters and mypy over the whole clone; `make test` begins with it; dry run below",
    "scripts/format-lua": "writes into our files; `make lint` calls it to check",
    "make lock": "asks a package index for every version anew; dry run below",
    'pip install "quantumlayer[linters]"': "asks a package index; the same packages come with `make install`",
    'pip install "quantumlayer[kubernetes]"': "asks a package index; they come with `make install`",
    "make vsix": "packs the extension; tests/editors/conftest.py does so by the same script, dry run below",
    "scripts/setup-vscode": "is read by scripts/setup-dev; tests/scripts try it",
    "scripts/vscode-check": "is a part of make lint",
    "scripts/vscode-settings": "writes a file of ours; tests/editors/test_vscode_manifest.py checks it",
    "scripts/languages-table": "writes a page of ours; tests/cli/test_languages_page.py checks it",
    "pre-commit install": "would put a hook into the reader's clone; its configuration is checked below",
    "python benchmarks/briefs.py --briefs DIR --projects OUT --json FILE": "needs the model and an hour; "
    "test_benchmarks_take_the_arguments_that_are_shown",
    "python benchmarks/capsule.py --runs 3 --json FILE": "minutes of timing; same test",
    "python benchmarks/defects.py --json FILE": "installs peers and takes minutes; same test",
    "python benchmarks/latency.py --edits 30 --typing 60 --json FILE": "installs peers and takes minutes; "
    "same test",
    "python benchmarks/overhead.py --runs 5 --repeats 50": "minutes of timing; same test",
    "python benchmarks/patterns.py --rounds 20": "timing; same test",
    "python benchmarks/quality.py humaneval --tasks FILE.jsonl --tier T1 --no-raw --answers OUT.jsonl": (
        "needs the model and half an hour; same test"
    ),
    "python benchmarks/robustness.py --messages 100000 --seed 1 --json FILE": "takes minutes; same test, and "
    "tests/lsp/test_lsp_robustness.py sends fewer messages",
    "python benchmarks/startup.py --runs 10": "a minute of timing; same test",
    "python benchmarks/workspace.py --files 2000 --runs 1": "minutes of timing; same test",
    "quantumlayer capsule deploy NAME --out DIR": "the capsule that is made here has nothing to run; "
    "tests/engine/capsule/test_capsule_deploy.py builds and starts another",
    "quantumlayer lsp": "waits for an editor; test_the_server_answers_an_editor talks to it",
    "quantumlayer lsp --tcp HOST:PORT": "waits for editors; tests/lsp/test_lsp_tcp.py does so as they do",
}
PLACEHOLDERS = {"NAME": "roman", "FILE": "roman.qlcapsule"}
"""What a reader puts in place of these words: a capsule that a command of the README makes."""
STATUSES = {"quantumlayer doctor": {0, 1}}
"""Where another status than 0 is no failure: doctor's tells about the machine."""
EXAMPLES = {
    ("README.md", "lua"): "test_the_server_answers_an_editor",
    ("README.md", "python"): "test_the_library_example_runs",
    ("docs/cli.md", "markdown"): "test_the_brief_of_the_command_lines_page_is_one",
    ("docs/editors.md", "lua"): "tests/editors/neovim/test_neovim_install.py, tests/lsp/test_lsp_neovim.py",
    ("docs/editors.md", "toml"): "tests/lsp/test_lsp_neovim.py",
    ("docs/editors.md", "elisp"): "tests/lsp/test_lsp_neovim.py",
    ("docs/cli.md", "yaml"): "test_the_hook_is_one_and_checks_files, test_the_workflow_runs_what_there_is",
    ("docs/settings.md", "toml"): "tests/unit/test_options_documented.py",
    (
        "docs/architecture.md",
        "python",
    ): "signatures of the rooms' doors, not a program; mypy reads the real ones",
    ("docs/architecture.md", ""): "drawings",
}
DRAWINGS = {"docs/capsule.md": ("blobs/", "records/", "refs/", "seals/")}
"""Indented lines that are no commands, by their beginnings."""


@dataclass(frozen=True)
class Code:
    page: str
    kind: str
    """fence, code_block or code_inline."""
    language: str
    text: str


def _code() -> Iterator[Code]:
    for page in PAGES:
        tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
        for token in tokens:
            for part in (token, *(token.children or ())):
                if part.type in {"fence", "code_block", "code_inline"}:
                    yield Code(page.relative_to(ROOT).as_posix(), part.type, part.info.strip(), part.content)


def _commands() -> Iterator[str]:
    """Every command that is shown, without its comment."""
    for code in _code():
        if code.kind == "code_inline" and code.text.startswith(PROGRAMS):
            yield code.text
        elif code.kind == "code_block" or code.language in {"sh", "bash", "console"}:
            drawings = DRAWINGS.get(code.page, ())
            lines = [line.strip() for line in code.text.splitlines()]
            yield from (
                line.partition("  #")[0].strip() for line in lines if not line.startswith(drawings or "\0")
            )


COMMANDS = list(dict.fromkeys(command for command in _commands() if command))
RUN = [command for command in COMMANDS if command.startswith("quantumlayer ") and command not in NOT_RUN]
MAKE = [command for command in COMMANDS if command.startswith("make ")]


@dataclass(frozen=True)
class Clone:
    """A reader's folder: the parts of a clone that commands name, and a capsule made as the README says."""

    cli: Cli
    provider: ScriptedServer

    def run(self, *command: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            command,
            cwd=self.cli.folder,
            env=self.cli.environ,
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
        )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    cli = Cli(tmp_path_factory.mktemp("clone"))
    for name in ("examples", "server"):
        shutil.copytree(ROOT / name, cli.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    # The program of this environment is found by its name alone, as in a reader's activated one.
    cli.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), cli.environ["PATH"]])
    with ScriptedServer() as provider:
        provider.script(documented_model.answer)
        cli.use_server(provider)
        cli.environ |= _without_settings(cli, provider)
        yield Clone(cli, provider)


@pytest.fixture(scope="module")
def made(clone: Clone) -> Clone:
    """With the capsule that stands for NAME and FILE, and the tag that pages speak of."""
    (command,) = (command for command in COMMANDS if command.endswith(f"--name {PLACEHOLDERS['NAME']}"))
    for words in (shlex.split(command), ["quantumlayer", "capsule", "tag", PLACEHOLDERS["NAME"], "v1"]):
        done = clone.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    return clone


def test_every_command_is_run_or_listed_with_the_reason() -> None:
    assert [command for command in COMMANDS if command not in RUN and command not in NOT_RUN] == []
    assert [command for command in NOT_RUN if command not in COMMANDS] == []
    assert len(RUN) > 10


def test_every_example_has_its_test_or_its_reason() -> None:
    shown = {(code.page, code.language) for code in _code() if code.kind == "fence"}
    assert shown - {
        (page, language) for page, language in shown if language in {"sh", "bash", "console"}
    } == set(EXAMPLES)


@pytest.mark.parametrize("command", RUN)
def test_a_command_works_as_it_is_written(command: str, made: Clone) -> None:
    verbs = _verbs() if "VERB" in command else ("",)
    for verb in verbs:
        words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command.replace("VERB", verb))]
        done = made.run(*words)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode in STATUSES.get(command, {0}), said
        assert "Traceback" not in said
        assert done.stdout.strip()


def test_the_page_of_the_command_line_lists_every_verb(clone: Clone) -> None:
    shown = clone.run("quantumlayer", "--help").stdout.decode()
    offered = re.findall(r"^[│|] +([a-z]+)  ", shown.partition("Commands")[2], re.MULTILINE)
    assert sorted(offered) == sorted(_verbs())


def test_the_documents_keys_are_those_the_page_promises(made: Clone) -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    promise = page.partition("always the same keys:")[2].partition("`--events`")[0]
    (command,) = (command for command in RUN if command.endswith(f"--name {PLACEHOLDERS['NAME']}"))
    document = json.loads(made.run(*shlex.split(command), "--json").stdout)
    assert [key for key in document if f"`{key}`" not in promise] == []


@pytest.mark.parametrize("command", MAKE)
def test_what_make_is_asked_for_is_there(command: str) -> None:
    done = subprocess.run([*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_make_demo_does_what_is_said(clone: Clone) -> None:
    """Each `quantumlayer` line of its recipe names a model, a brief and options that there are."""
    done = subprocess.run(["make", "--dry-run", "demo"], cwd=ROOT, capture_output=True, timeout=60, text=True)
    lines = [line for line in done.stdout.splitlines() if "bin/quantumlayer" in line]
    assert lines[-1].endswith(" || [ $? = 3 ]"), "a project that could not be verified is no failure of make"
    pull, generate = (shlex.split(line.partition(" || ")[0])[1:] for line in lines)
    assert pull[:2] == ["models", "pull"]
    listed = json.loads(clone.run("quantumlayer", "models", "list", "--json").stdout)
    assert pull[2] in json.dumps(listed)
    assert generate[0] == "generate"
    assert (clone.cli.folder / generate[1]).is_file()
    made = clone.run("quantumlayer", *generate)
    assert made.returncode == 0, made.stdout + made.stderr


def test_the_hooks_that_contributing_installs_are_valid() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_library_example_runs(clone: Clone) -> None:
    (example,) = _example("README.md", "python")
    (clone.cli.folder / "library.py").write_text(example, encoding="utf-8")
    asked = len(clone.provider.requests)
    done = clone.run("python", "library.py")
    assert len(clone.provider.requests) > asked
    assert (done.returncode, done.stdout) == (0, b"verified ()\n"), done.stderr.decode()


def test_the_brief_of_the_command_lines_page_is_one() -> None:
    (example,) = _example("docs/cli.md", "markdown")
    brief = parse_brief(example)
    assert (brief.name, brief.language, brief.constraints) == ("slugs", "python", ("standard library only",))


def test_the_server_answers_an_editor(clone: Clone) -> None:
    """By the command that the Neovim plugin gives; the example is loaded where there is a Neovim."""
    (example,) = _example("README.md", "lua")
    plugin = (ROOT / "editors/neovim/lsp/quantumlayer.lua").read_text(encoding="utf-8")
    command = re.findall(r'"([^"]+)"', re.search(r"cmd = \{(.*?)\}", plugin)[1])  # type: ignore[index]
    assert " ".join(command) in COMMANDS
    folder = clone.cli.folder.as_uri()
    messages = (
        {
            "id": 1,
            "method": "initialize",
            "params": {"capabilities": {}, "processId": None, "rootUri": folder},
        },
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    )
    done = clone.run(*command, stdin=b"".join(map(_framed, messages)))
    assert done.returncode == 0, done.stderr.decode()
    assert b'"codeActionProvider"' in done.stdout
    assert b'"name":"quantumlayer"' in done.stdout.replace(b": ", b":")
    if neovim := shutil.which("nvim", path=clone.cli.environ["PATH"]):
        (clone.cli.folder / "init.lua").write_text(example.replace("~/src/quantumlayer", str(ROOT)))
        tell = "lua io.stdout:write(vim.fn.exists(':QuantumLayer')) vim.cmd('qall!')"
        loaded = clone.run(neovim, "--headless", "-u", "init.lua", "-c", tell)
        assert loaded.stdout == b"2", loaded.stderr.decode()


def test_links_lead_to_files_that_there_are() -> None:
    missing = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                missing.append(f"{page.relative_to(ROOT).as_posix()}: {target}")
    assert missing == []


def test_tests_that_the_documentation_names_are_there() -> None:
    named = {code.text for code in _code() if re.fullmatch(r"test_\w+", code.text)}
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 20
    assert named - defined == set()


def test_the_readmes_picture_is_drawn_from_a_real_run_and_asks_no_other_host(
    clone: Clone, tmp_path: Path
) -> None:
    picture = tmp_path / "demo.svg"
    clone.cli.environ.pop("NO_COLOR", None)
    done = clone.run("python", str(ROOT / "scripts/render-demo"), str(picture))
    assert done.returncode == 0, done.stderr.decode()
    text = picture.read_text(encoding="utf-8")
    shown = re.sub(r"<[^>]*>", "", text).replace("&#160;", " ")
    for expected in (
        "$ quantumlayer generate",
        "textkit",
        "verified",
        "runtime",
        "build/demo/textkit.qlcapsule",
    ):
        assert expected in shown
    assert "\x1b" not in text
    assert re.findall(r"https?://[^\"'\s]+", text) == ["http://www.w3.org/2000/svg"]
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]+)\)", text))
    assert str(tmp_path) not in text
    assert "/tmp" not in text


def _example(page: str, language: str) -> list[str]:
    return [
        code.text for code in _code() if (code.page, code.kind, code.language) == (page, "fence", language)
    ]


def _verbs() -> list[str]:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([a-z]+)[^`]*` \|", page, re.MULTILINE)


def _without_settings(cli: Cli, provider: ScriptedServer) -> dict[str, str]:
    """Keeps a program that reads none of our settings (the library) from the machine's storage and models."""
    folders = {"HOME": "home", "XDG_DATA_HOME": "home/data", "XDG_CACHE_HOME": "home/cache"}
    keys = {"OPENAI_API_KEY": cli.environ["QUANTUMLAYER_API_KEY"], "OPENAI_BASE_URL": provider.base_url}
    return keys | {name: str(cli.home / folder) for name, folder in folders.items()}


def _framed(message: dict[str, object]) -> bytes:
    content = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(content), content)


@pytest.mark.parametrize(
    "command", [command for command in NOT_RUN if command.startswith("python benchmarks/")]
)
def test_benchmarks_take_the_arguments_that_are_shown(command: str) -> None:
    _, script, *arguments = command.split()
    verb = [argument for argument in arguments[:1] if not argument.startswith("--")]
    shown = subprocess.run(
        [sys.executable, script, *verb, "--help"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for argument in arguments:
        if argument.startswith("--"):
            assert argument in shown.stdout


# -- checks before a commit, and in CI -----------------------------------------------------------


def _yaml(page: str, key: str) -> Any:
    blocks = [code.text for code in _code() if (code.page, code.language) == (page, "yaml")]
    return next(loaded for loaded in map(yaml.safe_load, blocks) if key in loaded)


def test_the_hook_is_one_and_checks_files(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    manifest = ROOT / ".pre-commit-hooks.yaml"
    run = [sys.executable, "-m", "pre_commit", "validate-manifest", str(manifest)]
    assert subprocess.run(run, capture_output=True, cwd=cli.folder).returncode == 0
    (hook,) = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    (named,) = _yaml("docs/cli.md", "repos")["repos"][0]["hooks"]
    assert named["id"] == hook["id"]
    (cli.folder / "good.py").write_text("def one() -> int:\n    return 1\n")
    (cli.folder / "bad.py").write_text("import os\nexec(input())\n")
    program, *words = hook["entry"].split()
    assert program == "quantumlayer"
    assert cli(*words, *hook["args"], "good.py").status == 0
    assert cli(*words, *hook["args"], "good.py", "bad.py").status == 1


def test_the_workflow_runs_what_there_is(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    (cli.folder / "good.py").write_text("def one() -> int:\n    return 1\n")
    git = ["git", "-C", str(cli.folder), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    steps = _yaml("docs/cli.md", "jobs")["jobs"]["validate"]["steps"]
    lines = [step["run"] for step in steps if step.get("run", "").startswith("quantumlayer ")]
    assert len(lines) == 2
    for line in lines:
        command = line.replace("origin/${{ github.base_ref }}", "HEAD").partition(" > ")[0]
        assert cli(*shlex.split(command)[1:]).status == 0
