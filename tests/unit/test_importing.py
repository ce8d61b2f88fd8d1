"""Imports beside an event loop."""

import contextlib
import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest
from quantumlayer.engine.importing import large_import


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.parametrize("on", [True, False])
def test_nothing_is_collected_meanwhile_and_all_is_as_it_was_afterwards(on: bool) -> None:
    (gc.enable if on else gc.disable)()
    with contextlib.suppress(ImportError), large_import():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled() == on


def test_what_was_made_is_not_looked_through_again() -> None:
    with large_import():
        made = [[number] for number in range(10_000)]
    assert gc.get_freeze_count() > len(made)
    assert not any(one is made[0] for one in gc.get_objects())


def test_the_server_looks_through_nothing_that_it_has_imported() -> None:
    """A collection of all of it stopped the loop for tens of milliseconds, again and again."""
    code = (
        "import gc; from quantumlayer.lsp.session import load; load(); first = gc.get_freeze_count(); "
        "load(); later = gc.get_freeze_count(); "
        "print(gc.isenabled(), first > 10_000, later <= first, len(gc.get_objects()) < first)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 4
