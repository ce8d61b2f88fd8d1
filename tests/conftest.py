"""What all tests share: `support` can be imported, and a scripted provider is at hand."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.models import model_cache as model_cache
from support.scripted_server import ScriptedServer

_DATA = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
# Where `scripts/setup-dev` puts what comes from npm.
os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], f"{_DATA}/quantumlayer-tests/bin"])


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A provider on loopback that answers what the test scripts; `models.api_base=scripted.base_url`."""
    with ScriptedServer() as server:
        yield server


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With REQUIRE_ALL=1 a skipped test is a failure: nothing may pass by not being run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter is not None else 0
    if os.environ.get("REQUIRE_ALL") == "1" and skipped:
        reporter.write_line(f"REQUIRE_ALL=1, but {skipped} tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
