"""The image that `quantumlayer sandbox build` made, and what it says when it cannot."""

import asyncio
import stat
from pathlib import Path

import pytest
from quantumlayer.engine.errors import SandboxError
from quantumlayer.engine.sandbox import Sandbox, debian
from quantumlayer.engine.sandbox.docker import PYTHON_LABEL, connect
from quantumlayer.engine.sandbox.image import build_image
from quantumlayer.settings import SandboxSettings, Settings, StorageSettings
from sandbox_programs import program


async def test_the_image_says_what_it_was_made_from(docker_sandbox: Sandbox) -> None:
    def labels() -> dict[str, str]:
        api = connect()
        try:
            return dict(api.inspect_image(SandboxSettings().image)["Config"]["Labels"])
        finally:
            api.close()

    found = await asyncio.to_thread(labels)
    assert found[PYTHON_LABEL] == docker_sandbox.python
    assert found["quantumlayer.made-from"]


async def test_no_program_in_the_image_gives_another_users_rights(docker_sandbox: Sandbox) -> None:
    outcome = await docker_sandbox.run(
        program(
            """
import os, stat
for folder, _, names in os.walk("/"):
    if not folder.startswith(("/proc", "/sys")):
        for name in names:
            mode = os.lstat(f"{folder}/{name}").st_mode
            if stat.S_ISREG(mode) and mode & 0o6000:
                print(folder, name)
print("looked")
"""
        )
    )
    assert outcome.stdout == "looked\n", outcome


def test_slimming_removes_set_user_id_bits_and_names_the_python(tmp_path: Path) -> None:
    programs = tmp_path / "usr" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/share/doc/x").mkdir(parents=True)
    (programs / "python3.13").write_text("")
    (programs / "python3").symlink_to("python3.13")
    (programs / "su").write_text("")
    (programs / "su").chmod(0o6755)
    assert debian.slim(tmp_path) == "3.13"
    assert stat.S_IMODE((programs / "su").stat().st_mode) == 0o755
    assert not (tmp_path / "usr/share/doc").exists()
    assert (tmp_path / "usr/local/bin/python").is_symlink()


async def test_without_an_engine_it_says_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SandboxError, match="Start Docker"):
        await build_image(Settings(storage=StorageSettings(cache_dir=tmp_path)))


def test_without_debootstrap_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="debootstrap is not installed"):
        debian.check_possible()
