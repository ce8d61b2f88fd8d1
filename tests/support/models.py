"""A real, tiny model for tests, pulled once and kept between runs.

It lies in the user's cache (or in QUANTUMLAYER_TEST_CACHE), because it is 98 MB and never changes.
"""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path

import platformdirs
import psutil
import pytest
from quantumlayer.engine.errors import ModelError
from quantumlayer.engine.llm.embedded_state import is_running, read_state, remove_state
from quantumlayer.engine.llm.models import pull_model
from quantumlayer.settings import ModelSettings, Settings, StorageSettings

SMALL_MODEL = "smollm2-135m"


def tests_cache() -> Path:
    """The folder that keeps what tests fetch from the network."""
    chosen = os.environ.get("QUANTUMLAYER_TEST_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("quantumlayer-tests")


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """A `cache_dir` in which the small model was pulled, by our own code, for real."""
    storage = StorageSettings(cache_dir=tests_cache(), data_dir=tests_cache() / "data")
    try:
        asyncio.run(pull_model(Settings(storage=storage), SMALL_MODEL))
    except ModelError as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"the small model cannot be pulled: {error}")
    return storage.cache_dir


def stop_hosts(settings: Settings) -> None:
    """Ends every host of an embedded model that keeps its state under these settings."""
    for path in (settings.storage.cache_dir / "run").glob("host-*.json"):
        state = read_state(path)
        if state is None or not is_running(state):
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(state.pid)
            process.terminate()
            _, alive = psutil.wait_procs([process], timeout=5)
            for left in alive:
                left.kill()
        remove_state(path, state.pid)


def settings_with_small_model(model_cache: Path, folder: Path, **models: object) -> Settings:
    """Settings with storage of their own under `folder`, in which the small model lies already."""
    source = model_cache / "models"
    target = folder / "cache" / "models"
    target.mkdir(parents=True, exist_ok=True)
    for name in (f"{SMALL_MODEL}.gguf", f"{SMALL_MODEL}.gguf.checked.json"):
        if (target / name).exists():
            continue
        try:
            os.link(source / name, target / name)
        except OSError:
            shutil.copy2(source / name, target / name)
    storage = StorageSettings(cache_dir=folder / "cache", data_dir=folder / "data")
    options = {"model": f"embedded/{SMALL_MODEL}", "threads": 1, **models}
    return Settings(models=ModelSettings.model_validate(options), storage=storage)
