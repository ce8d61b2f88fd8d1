"""The library as a program uses it: `from quantumlayer import Engine, Brief`."""

import subprocess
import sys
from pathlib import Path

import quantumlayer


def python(*arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=240, cwd=cwd, check=False
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import sys, quantumlayer\n"
        "heavy = {'pydantic', 'litellm', 'docker', 'httpx', 'pygls', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    assert python("-c", program).stdout == "[]\n"


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in quantumlayer.__all__:
        assert getattr(quantumlayer, name) is not None
    assert not hasattr(quantumlayer, "Nothing")


async def test_an_engine_is_a_context_manager_and_opens_nothing_before_it_is_used(tmp_path: Path) -> None:
    from quantumlayer import Engine
    from quantumlayer.settings import Settings, StorageSettings

    storage = StorageSettings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache")
    async with Engine(Settings(storage=storage)) as engine:
        assert await engine.list_capsules() == ()
    await engine.aclose()
    assert not (tmp_path / "data" / "journal").exists()


def test_what_programs_write_against_it_is_type_checked(tmp_path: Path) -> None:
    package = Path(str(quantumlayer.__file__)).parent
    (tmp_path / "quantumlayer").symlink_to(package, target_is_directory=True)
    program = tmp_path / "program.py"
    program.write_text(
        "from quantumlayer import Brief, Capsule, Engine, Event\n\n\n"
        "def show(event: Event) -> None:\n    print(event.kind)\n\n\n"
        "async def make(text: str) -> Capsule:\n"
        "    async with Engine() as engine:\n"
        "        return await engine.generate(Brief(text=text), emit=show)\n\n\n"
        "async def wrong() -> None:\n"
        "    async with Engine() as engine:\n"
        "        await engine.generate(7)\n"
    )
    ended = python("-m", "mypy", "--strict", "--follow-imports=silent", program.name, cwd=tmp_path)
    errors = [line for line in ended.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1, ended.stdout
    assert 'incompatible type "int"; expected "Brief"' in errors[0]
