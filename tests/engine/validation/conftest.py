import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.journal import Journal
from quantumlayer.engine.sandbox import Sandbox, open_sandbox
from quantumlayer.engine.types import SourceFile
from quantumlayer.engine.validation.mesh import Mesh
from quantumlayer.engine.validation.types import Project
from quantumlayer.settings import SandboxSettings, Settings, StorageSettings

MakeProject = Callable[..., Project]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels and mypy's caches, fetched once for all tests of this folder."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def settings(tmp_path: Path, cache: Path) -> Settings:
    return Settings(storage=StorageSettings(data_dir=tmp_path / "data", cache_dir=cache))


@pytest.fixture
async def journal(settings: Settings) -> AsyncIterator[Journal]:
    opened = Journal(settings.storage.data_dir / "journal")
    yield opened
    await opened.aclose()


@pytest.fixture
def mesh(settings: Settings, journal: Journal) -> Mesh:
    return Mesh(settings, journal, None, "this test gives it none")


@pytest.fixture(params=["docker", "bubblewrap"])
async def sandbox(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Sandbox]:
    """Each engine in turn; one that is not here is skipped, or fails where everything is required."""
    wanted = settings.model_copy(update={"sandbox": SandboxSettings(engine=request.param)})
    try:
        opened = await open_sandbox(wanted)
    except SandboxError as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))
    yield opened
    await opened.aclose()


@pytest.fixture
def make() -> MakeProject:
    """`make({"a.py": "..."}, packages=[...])`."""

    def project(files: dict[str, str], packages: tuple[str, ...] = ()) -> Project:
        return Project.of([SourceFile(path=path, text=text) for path, text in files.items()], packages)

    return project
