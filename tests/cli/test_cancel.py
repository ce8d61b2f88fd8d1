"""Ctrl-C and SIGTERM, in a real terminal: what was done is kept, and nothing stays behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.command import SLUG_BRIEF, Cli
from support.scripted_server import HANG, ScriptedServer, Seen

if sys.platform == "win32":
    pytest.skip("pseudo terminals and SIGINT to a process are POSIX", allow_module_level=True)

import pty

CTRL_C = b"\x03"
GRACE_S = 2.0
SLACK_S = 2.0
"""What a busy machine may add to the two seconds that are promised."""


class Terminal:
    """A command in a pseudo terminal of its own, with a keyboard."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process = process
        self._master = master
        self.shown = b""

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait(self, seconds: float = 60) -> int:
        """The exit status; reads what is shown meanwhile, as a terminal does."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown.decode(errors="replace")
            self.read()
        self.read()
        return self.process.returncode

    def read(self) -> None:
        import select

        while select.select([self._master], [], [], 0.05)[0]:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:  # Linux says so when the last program left the terminal
                return
            if not chunk:
                return
            self.shown += chunk


@contextmanager
def terminal(cli: Cli, *arguments: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    process = cli.start(*arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                        preexec_fn=_own_terminal)  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _until(condition: Callable[[], Any], terminal: Terminal, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, terminal.shown.decode(errors="replace")
        assert terminal.process.poll() is None, terminal.shown.decode(errors="replace")
        terminal.read()


def test_ctrl_c_ends_the_answer_within_two_seconds_and_the_same_command_goes_on(
    cli: Cli, slugs: Callable[..., None], scripted: ScriptedServer
) -> None:
    blocked = True
    slugs(before=lambda seen: HANG if blocked and "test engineer" in seen.prompt else None)

    with terminal(cli, "generate", SLUG_BRIEF, "--name", "slug") as screen:
        _until(lambda: any("test engineer" in seen.prompt for seen in scripted.requests), screen)
        # The code is being written beside the tests: it is to be kept once it has come.
        _until(lambda: b"done" in screen.shown or b"problems" in screen.shown or _coded(scripted), screen)
        time.sleep(2)
        pressed = time.monotonic()
        screen.type(CTRL_C)
        status = screen.wait()
        took = time.monotonic() - pressed

    assert status == 130
    assert took < GRACE_S + SLACK_S
    assert "run the same command again" in screen.shown.decode()
    assert "Traceback" not in screen.shown.decode()
    assert screen.shown.rstrip().endswith(b"go on from there")
    assert _cursor_is_shown(screen.shown)
    hanging = [seen for seen in scripted.requests if "test engineer" in seen.prompt]
    assert all(seen.left.wait(2) for seen in hanging)

    code_requests = sum("test engineer" not in seen.prompt for seen in scripted.requests)
    blocked = False
    again = cli("generate", SLUG_BRIEF, "--name", "slug", "--json")
    assert again.status == 0, again.err
    assert sum("test engineer" not in seen.prompt for seen in scripted.requests) == code_requests


def test_a_second_ctrl_c_ends_at_once(cli: Cli, slugs: Callable[..., None], scripted: ScriptedServer) -> None:
    slugs(before=lambda seen: HANG)

    with terminal(cli, "generate", SLUG_BRIEF) as screen:
        _until(lambda: scripted.requests, screen)
        screen.type(CTRL_C)
        screen.type(CTRL_C)
        pressed = time.monotonic()
        assert screen.wait() == 130
        assert time.monotonic() - pressed < GRACE_S
        assert _cursor_is_shown(screen.shown)


def test_sigterm_is_as_ctrl_c_and_json_says_cancelled(
    cli: Cli, slugs: Callable[..., None], scripted: ScriptedServer
) -> None:
    slugs(before=lambda seen: HANG)

    process = cli.start("generate", SLUG_BRIEF, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not scripted.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=GRACE_S + SLACK_S)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 130
    assert b'"outcome": "cancelled"' in out
    assert b"run the same command again" in err


def test_a_hang_up_that_was_ignored_stays_ignored(
    cli: Cli, slugs: Callable[..., None], scripted: ScriptedServer
) -> None:
    """As `nohup` starts a program, whose terminal is closed then."""
    asked, hung_up = threading.Event(), threading.Event()

    def wait(_: Seen) -> None:
        asked.set()
        hung_up.wait(60)

    slugs(before=wait)
    cli.environ["QUANTUMLAYER_SANDBOX"] = "none"
    process = cli.start("generate", SLUG_BRIEF, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        preexec_fn=_ignore_hang_up)  # fmt: skip
    try:
        assert asked.wait(60)
        process.send_signal(signal.SIGHUP)
        hung_up.set()
        out, err = process.communicate(timeout=120)
    finally:
        hung_up.set()
        process.kill()
        process.wait()

    assert process.returncode == 3, err
    assert b'"outcome": "unverified"' in out


def _ignore_hang_up() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_the_picture_shows_files_stages_and_cost(cli: Cli, slugs: Callable[..., None]) -> None:
    slugs()
    cli.environ.pop("NO_COLOR")
    cli.environ["TERM"] = "xterm-256color"

    with terminal(cli, "generate", SLUG_BRIEF, "--name", "slug") as screen:
        assert screen.wait(120) == 0

    shown = screen.shown.decode()
    for expected in ("slug.py", "model calls", "tokens in", "verified", "syntax"):
        assert expected in shown
    assert "\x1b[" in shown
    assert _cursor_is_shown(screen.shown)


def _coded(scripted: ScriptedServer) -> bool:
    return any("test engineer" not in seen.prompt for seen in scripted.requests)


def _cursor_is_shown(shown: bytes) -> bool:
    return shown.rfind(b"\x1b[?25h") >= shown.rfind(b"\x1b[?25l")
