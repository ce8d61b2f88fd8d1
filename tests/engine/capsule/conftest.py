import os
from pathlib import Path

import pytest
from capsule_samples import make_sample
from quantumlayer.engine.capsule.store import Store
from quantumlayer.engine.types import Capsule


@pytest.fixture
def capsule() -> Capsule:
    return make_sample()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "capsules")


@pytest.fixture
def posix() -> None:
    """For tests of signals, links and modes."""
    if os.name != "posix":
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)("needs a POSIX system")
