"""`scripts/setup-dev` and `scripts/make-venv` on machines of all kinds: a PATH of commands that we write.

Nothing of this machine's is on that PATH but the plain tools that the scripts lean on.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
TOOLS = (
    *(
        "bash",
        "cat",
        "chmod",
        "cmp",
        "cp",
        "dirname",
        "env",
        "ln",
        "mkdir",
        "nohup",
        "rm",
        "sed",
        "seq",
        "setsid",
    ),
    *("tail", "touch", "true"),
)
NPM = """
mkdir -p node_modules/.bin node_modules/code-server/lib/vscode
touch node_modules/.bin/tsc
chmod +x node_modules/.bin/tsc
"""
DOCKER = """
case "$1 $2" in
"version --format") [ -e "$STATE/engine" ] && echo 29.1 ;;
"image inspect") [ -e "$STATE/$3" ] ;;
esac
"""
PYTHON = """
case "$*" in
*SandboxSettings*) printf '%s\\n' "python quantumlayer-python" "node quantumlayer-node" ;;
"-m quantumlayer sandbox build "*) touch "$STATE/quantumlayer-$5" ;;
"-m pip install "*)
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/go/bin"
    touch "$2/go/bin/go" "$2/go/bin/gofmt"
    chmod +x "$2/go/bin/go" "$2/go/bin/gofmt"
    ;;
esac
"""
COMMANDS = (
    *("bwrap", "debootstrap", "setpriv", "git", "node", "javac", "rustfmt"),
    *("apt-get", "apt-cache", "systemctl", "chromium", "rg", "g++", "make"),
)
IMAGES = ("quantumlayer-python", "quantumlayer-node")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="scripts for a POSIX shell")


class Machine:
    """A checkout with these scripts, and commands that note each call and do what a test says."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.state = folder / "state"
        self.checkout = folder / "checkout"
        for made in (self.bin, self.state, self.checkout / "scripts", self.checkout / "tests"):
            made.mkdir(parents=True)
        for name in ("setup-dev", "setup-vscode", "make-venv"):
            shutil.copy(HERE / "scripts" / name, self.checkout / "scripts" / name)
        for name in ("node", "go", "code-server"):
            shutil.copytree(HERE / "tests" / name, self.checkout / "tests" / name)
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None, name
            (self.bin / name).symlink_to(found)
        self.has("sleep")
        self.has("timeout", 'shift; exec "$@"')

    def has(self, name: str, does: str = "", *, at: Path | None = None) -> None:
        file = (at or self.bin) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(f'#!/bin/bash\nprintf "%s\\n" "{name} $*" >> "$STATE/calls"\n{does}\n')
        file.chmod(0o755)

    def user(self, number: int) -> None:
        self.has("id", f'if [ "$1" = -un ]; then echo someone; else echo {number}; fi')

    def has_all(self) -> None:
        for name in COMMANDS:
            self.has(name)
        self.has("node", "echo v20.1.0")
        self.has("npm", NPM)
        self.has("docker", DOCKER)
        self.has("dockerd", 'touch "$STATE/engine"')
        self.has("python", PYTHON, at=self.checkout / ".venv/bin")
        for name in ("engine", *IMAGES):
            (self.state / name).touch()

    def lacks(self, name: str) -> None:
        (self.bin / name).unlink()

    def run(self, script: str, **environ: str) -> tuple[int, str, str]:
        known: Mapping[str, str] = {
            "PATH": str(self.bin),
            "HOME": str(self.state),
            "STATE": str(self.state),
        }
        done = subprocess.run(
            [str(self.bin / "bash"), str(self.checkout / "scripts" / script)],
            env={**known, **environ},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    def calls(self, *names: str) -> list[str]:
        file = self.state / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if line.split()[0] in names]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.user(1000)
    return made


# -- setup-dev ---------------------------------------------------------------------------------


def test_where_everything_is_there_nothing_is_installed(machine: Machine) -> None:
    machine.has_all()
    assert machine.run("setup-dev")[0] == 0
    first = len(machine.calls("npm"))
    pip = [call for call in machine.calls("python") if " pip " in call]
    code, out, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert (code, err) == (0, "")
    assert "everything is there" in out
    assert first == len(machine.calls("npm")) > 1
    assert [call for call in machine.calls("python") if " pip " in call] == pip
    assert len(pip) == 1
    assert machine.calls("apt-get", "sudo", "dockerd", "systemctl") == []


def test_without_root_the_command_to_run_is_named(machine: Machine) -> None:
    machine.has_all()
    machine.lacks("bwrap")
    machine.lacks("git")
    code, out, err = machine.run("setup-dev")
    assert code == 0
    assert "NOT DONE: bubblewrap git:" in err
    assert "run: sudo apt-get install bubblewrap git" in err
    assert "some tests will be skipped" in out
    assert machine.calls("apt-get") == []
    assert machine.run("setup-dev", REQUIRE_ALL="1")[0] == 1


def test_a_sudo_that_asks_for_a_password_is_not_used(machine: Machine) -> None:
    machine.has_all()
    machine.lacks("bwrap")
    machine.has("sudo", "exit 1")
    _, _, err = machine.run("setup-dev")
    assert "neither root nor sudo without a password" in err
    assert machine.calls("apt-get") == []
    assert set(machine.calls("sudo")) == {"sudo -n true"}


@pytest.mark.parametrize("user", [0, 1000])
def test_who_may_be_root_gets_what_is_missing_and_no_more(machine: Machine, user: int) -> None:
    machine.has_all()
    machine.lacks("bwrap")
    machine.user(user)
    machine.has("sudo", 'shift; exec "$@"')
    code, out, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert (code, err) == (0, "")
    assert "installing bubblewrap" in out
    installs = [call for call in machine.calls("apt-get") if "install" in call]
    assert len(installs) == 1
    assert installs[0].endswith("--no-install-recommends bubblewrap")
    assert bool(machine.calls("sudo")) == (user != 0)


def test_without_network_each_package_that_failed_is_named_and_the_rest_goes_on(machine: Machine) -> None:
    machine.has_all()
    machine.user(0)
    machine.lacks("bwrap")
    machine.lacks("setpriv")
    machine.has("apt-get", 'case "$*" in *bubblewrap*) exit 0 ;; *) exit 100 ;; esac')
    machine.has("npm", "exit 1")
    code, out, err = machine.run("setup-dev")
    assert code == 0
    assert "the package lists could not be refreshed" in out
    assert "NOT DONE: util-linux: apt-get could not install it" in err
    assert "NOT DONE: bubblewrap" not in err
    assert "NOT DONE: TypeScript's checker: npm could not install it" in err
    assert "NOT DONE: VS Code in a browser: npm could not install code-server" in err
    for image in IMAGES:
        assert f"the image {image} is there" in out


def test_what_npm_could_not_install_is_tried_again(machine: Machine) -> None:
    machine.has_all()
    machine.has("npm", "exit 1")
    machine.run("setup-dev")
    machine.has("npm", NPM)
    code, _, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert (code, err) == (0, "")


def test_where_there_is_no_apt_get_that_is_said(machine: Machine) -> None:
    machine.has_all()
    machine.user(0)
    machine.lacks("bwrap")
    machine.lacks("apt-get")
    assert "NOT DONE: bubblewrap: there is no apt-get here" in machine.run("setup-dev")[2]


@pytest.mark.parametrize(
    ("command", "package"),
    [
        ("node", "nodejs"),
        ("javac", "default-jdk-headless"),
        ("rustfmt", "rustfmt"),
        ("npm", "npm"),
        ("chromium", "chromium"),
    ],
)
def test_the_compilers_of_other_languages_are_wanted_too(
    machine: Machine, command: str, package: str
) -> None:
    machine.has_all()
    machine.lacks(command)
    assert f"NOT DONE: {package}: neither root nor sudo" in machine.run("setup-dev")[2]


def test_a_node_that_code_server_does_not_run_on_is_named(machine: Machine) -> None:
    machine.has_all()
    machine.has("node", "echo v18.19.0")
    code, _, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert code == 1
    assert (
        "NOT DONE: VS Code in a browser: code-server needs Node.js 20 or newer, and this one is v18.19.0"
        in err
    )


def test_where_go_cannot_be_installed_that_is_said(machine: Machine) -> None:
    machine.has_all()
    failing = PYTHON.replace('"-m pip install "*)', '"-m pip install "*) exit 1')
    machine.has("python", failing, at=machine.checkout / ".venv/bin")
    code, _, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert code == 1
    assert "NOT DONE: Go: pip could not install it" in err


def test_images_that_cannot_be_listed_are_not_there(machine: Machine) -> None:
    machine.has_all()
    failing = PYTHON.replace("*SandboxSettings*)", "*SandboxSettings*) exit 1;;\n*Nothing*)")
    machine.has("python", failing, at=machine.checkout / ".venv/bin")
    code, out, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert code == 1
    assert "NOT DONE: the sandbox images: they could not be listed" in err
    assert "everything is there" not in out


def test_root_starts_the_engine_and_makes_the_images(machine: Machine) -> None:
    machine.has_all()
    machine.user(0)
    (machine.state / "engine").unlink()
    for image in IMAGES:
        (machine.state / image).unlink()
    machine.has("systemctl", 'touch "$STATE/engine"')
    code, out, err = machine.run("setup-dev", REQUIRE_ALL="1")
    assert (code, err) == (0, "")
    assert "Docker 29.1 answers, after" in out
    assert len(machine.calls("dockerd", "systemctl")) == 1
    assert machine.calls("python")[-2:] == [
        "python -m quantumlayer sandbox build python",
        "python -m quantumlayer sandbox build node",
    ]
    assert all((machine.state / image).exists() for image in IMAGES)


def test_without_root_an_engine_that_sleeps_is_named_with_the_command(machine: Machine) -> None:
    machine.has_all()
    (machine.state / "engine").unlink()
    _, _, err = machine.run("setup-dev")
    assert "starting one needs root; run: sudo systemctl start docker" in err
    assert "NOT DONE: the sandbox images: no Docker engine answers" in err
    assert machine.calls("dockerd", "systemctl") == []


def test_an_engine_that_answers_root_alone_is_left_to_the_user(machine: Machine) -> None:
    machine.has_all()
    machine.has("docker", '[ -n "${AS_ROOT:-}" ] && echo 29.1')
    machine.has("sudo", 'shift; AS_ROOT=1 exec "$@"')
    _, _, err = machine.run("setup-dev")
    assert "it answers root, but not someone; run: sudo usermod -aG docker someone" in err
    assert machine.calls("dockerd", "systemctl", "usermod") == []


# -- make-venv ---------------------------------------------------------------------------------

A_PYTHON = """
case "$*" in
*version_info*3,*) exit {old} ;;
*venv\\"*) echo python3.99-venv ;;
--version) echo Python 3.9.1 ;;
"-m venv .venv") mkdir -p .venv; [ -e "$STATE/venv" ] ;;
esac
"""


def test_the_environment_is_made(machine: Machine) -> None:
    machine.has("python3", A_PYTHON.format(old=0))
    machine.has("apt-get")
    (machine.state / "venv").touch()
    assert machine.run("make-venv") == (0, "", "")
    assert machine.calls("apt-get") == []


def test_a_python_that_is_not_there_or_too_old_is_named(machine: Machine) -> None:
    machine.has("python3", A_PYTHON.format(old=1))
    code, _, err = machine.run("make-venv", PYTHON="python4")
    assert code == 1
    assert "there is no python4; install Python 3.11 or newer" in err
    code, _, err = machine.run("make-venv")
    assert code == 1
    assert "Python 3.9.1 is too old; Python 3.11 is needed" in err
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize("user", [0, 1000])
def test_who_may_be_root_gets_the_venv_module_of_this_very_python(machine: Machine, user: int) -> None:
    machine.user(user)
    machine.has("sudo", 'shift; exec "$@"')
    machine.has("python3", A_PYTHON.format(old=0))
    machine.has("apt-get", 'case "$*" in *python3.99-venv) touch "$STATE/venv" ;; esac')
    assert machine.run("make-venv")[0] == 0
    assert machine.calls("apt-get")[-1].endswith("install -y -qq python3.99-venv")


@pytest.mark.parametrize("why", ["no root", "no network", "no apt-get"])
def test_where_it_cannot_be_had_the_command_is_named(machine: Machine, why: str) -> None:
    machine.user(1000 if why == "no root" else 0)
    machine.has("python3", A_PYTHON.format(old=0))
    if why != "no apt-get":
        machine.has("apt-get", "exit 100")
    code, _, err = machine.run("make-venv")
    assert code == 1
    assert "the venv module is missing; run: sudo apt-get install python3.99-venv" in err
    assert bool(machine.calls("apt-get")) == (why == "no network")
