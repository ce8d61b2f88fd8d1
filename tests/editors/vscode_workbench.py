"""VS Code itself, in a browser: code-server shows it, Chromium draws it, Playwright is its user."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
CODE_SERVER = (
    DATA / "quantumlayer-tests" / "code-server" / "node_modules" / "code-server" / "out" / "node" / "entry.js"
)
FAILED = pytest.StashKey[bool]()
"""Whether the test that a fixture served has failed."""
SHORT_MS = 20_000
LONG_MS = 90_000


def what_is_missing() -> str:
    """Empty if a browser can show VS Code here; else what is not there, and how it comes."""
    if not CODE_SERVER.is_file():
        return "needs code-server (VS Code in a browser): scripts/setup-dev installs it"
    if chromium() is None:
        return "needs Chromium: scripts/setup-dev installs it"
    return "" if shutil.which("node") else "needs Node.js: scripts/setup-dev installs it"


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class CodeServer:
    """One installation of VS Code with folders of its own."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = dict(environ) | {"FORCE_NODE_VERSION": major_of_node()}
        self.extensions = folder / "extensions"
        self.user = folder / "user"
        self.log = folder / "code-server.log"
        for place in ("User", "Machine"):
            (self.user / place).mkdir(parents=True)

    def command(self, *more: str) -> list[str]:
        node = shutil.which("node") or "node"
        places = ["--extensions-dir", str(self.extensions), "--user-data-dir", str(self.user)]
        return [node, str(CODE_SERVER), *places, "--config", str(self.folder / "config.yaml"), *more]

    def set(self, settings: Mapping[str, object]) -> None:
        """The user's settings; an editor that runs sees them change."""
        for place in ("User", "Machine"):  # what is declared for the machine counts in the latter alone
            (self.user / place / "settings.json").write_text(json.dumps(settings))

    def install(self, vsix: Path) -> str:
        """What the editor says about it."""
        done = subprocess.run(
            self.command("--install-extension", str(vsix)),
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        return done.stdout

    @contextmanager
    def serving(self, *more: str) -> Iterator[str]:
        """Its address, while it runs; afterwards nothing of it does."""
        port = free_port()
        flags = [
            "--auth",
            "none",
            "--disable-telemetry",
            "--disable-update-check",
            "--disable-getting-started-override",
        ]
        command = self.command(*flags, "--bind-addr", f"127.0.0.1:{port}", *more)
        with self.log.open("w") as log:
            process = subprocess.Popen(
                command, env=self.environ, stdout=log, stderr=log, start_new_session=True, cwd=self.folder
            )
        try:
            wait_for(lambda: answers(port), seconds=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


class Workbench:
    """What a person sees and does. `page` is Playwright's."""

    def __init__(self, page: Any, pictures: Path) -> None:
        self.page = page
        self._pictures = pictures

    def picture(self, name: str) -> None:
        self._pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(self._pictures / f"{name}.png"))

    def command(self, title: str) -> None:
        """By the palette, as `QuantumLayer: Restart the Server`."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input[type=text]:visible")
        box.wait_for(timeout=SHORT_MS)
        box.fill(f">{title}")
        row = self.page.locator(".quick-input-list .monaco-list-row").filter(has_text=title).first
        row.wait_for(timeout=SHORT_MS)
        row.click()

    def open(self, name: str) -> None:
        self.page.keyboard.press("Control+p")
        box = self.page.locator(".quick-input-widget input[type=text]:visible")
        box.wait_for(timeout=SHORT_MS)
        box.fill(name)
        row = self.page.locator(".quick-input-list .monaco-list-row").filter(has_text=name).first
        row.wait_for(timeout=SHORT_MS)
        row.click()
        self.page.locator(".tab.active").filter(has_text=name.rpartition("/")[2]).wait_for(timeout=SHORT_MS)

    def answer(self, text: str) -> None:
        """Into the box that asks at the top."""
        box = self.page.locator(".quick-input-widget input:visible")
        box.wait_for(timeout=SHORT_MS)
        box.fill(text)
        self.page.keyboard.press("Enter")

    def choices(self) -> list[str]:
        self.page.locator(".quick-input-list .monaco-list-row").first.wait_for(timeout=SHORT_MS)
        return [
            str(text) for text in self.page.locator(".quick-input-list .monaco-list-row").all_inner_texts()
        ]

    def choose(self, title: str) -> None:
        row = self.page.locator(".quick-input-list .monaco-list-row").filter(has_text=title).first
        row.wait_for(timeout=SHORT_MS)
        row.click()

    def told(self, words: str, *, within_ms: int = LONG_MS) -> str:
        """The text of the notification that holds these words, once there is one."""
        toast = self.toast(words)
        toast.wait_for(timeout=within_ms)
        return str(toast.inner_text())

    def toast(self, words: str) -> Any:
        return self.page.locator(".notification-toast").filter(has_text=words).first

    def press(self, words: str, button: str) -> None:
        """A button of the notification that holds these words."""
        toast = self.toast(words)
        toast.wait_for(timeout=LONG_MS)
        toast.hover()
        toast.get_by_role("button", name=re.compile(rf"^{button}", re.IGNORECASE)).first.click()

    def dismiss(self) -> None:
        self.command("Notifications: Clear All Notifications")
        self.page.locator(".notification-toast").first.wait_for(state="hidden", timeout=SHORT_MS)

    def status(self) -> str:
        """What the status item says to those who listen."""
        return str(self.item().get_attribute("aria-label"))

    def item(self) -> Any:
        return self.page.locator(".statusbar-item[id*='quantumlayer'] a").last

    def wait_for_status(self, words: str, *, within_ms: int = LONG_MS) -> str:
        wait_for(lambda: words in self.status(), seconds=within_ms / 1000)
        return self.status()

    def text(self) -> str:
        """What the active editor shows, as far as it is drawn."""
        lines = self.page.locator(".editor-group-container.active .view-lines .view-line")
        return "\n".join(str(line).replace("\xa0", " ") for line in lines.all_inner_texts())


@contextmanager
def browser() -> Iterator[Any]:
    """A browser with one page, of a size that people have."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=chromium(), args=flags)
        try:
            yield opened.new_page(viewport={"width": 1280, "height": 800})
        finally:
            opened.close()


def wait_for(done: Callable[[], object], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def major_of_node() -> str:
    """code-server wants to be told that it may run on another Node.js than the one it was made for."""
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().lstrip("v").partition(".")[0]


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
