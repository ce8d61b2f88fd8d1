"""The third-party packages of a project, made importable once for every stage that asks."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ....settings import Settings
from ...errors import SandboxError
from .distributions import canonical

_NEEDS_HTTPX = {"fastapi", "starlette"}


def requirements(packages: Sequence[str]) -> tuple[str, ...]:
    """What must be importable to run the project and its tests."""
    names = {canonical(package) for package in packages}
    more = ["pytest"] if "pytest" not in names else []
    if names & _NEEDS_HTTPX and "httpx" not in names:
        more.append("httpx")  # their TestClient imports it
    return (*packages, *more)


class Packages:
    """Folders of wheels, resolved at most once per set of requirements; failures are remembered too."""

    def __init__(self, settings: Settings, python: str) -> None:
        self._settings = settings
        self._python = python
        self._found: dict[tuple[str, ...], Path | SandboxError] = {}
        self._resolving = asyncio.Lock()

    async def folder(self, wanted: Sequence[str]) -> Path:
        """Raises SandboxError: a package is unknown, or it could not be fetched."""
        key = tuple(sorted(set(wanted)))
        async with self._resolving:
            if key not in self._found:
                self._found[key] = await self._resolve(key)
        found = self._found[key]
        if isinstance(found, SandboxError):
            raise found
        return found

    async def folder_if_any(self, packages: Sequence[str]) -> Path | None:
        """For stages that can do without; the same folder that the sandbox uses."""
        if not packages:
            return None
        try:
            return await self.folder(requirements(packages))
        except SandboxError:
            return None

    async def _resolve(self, wanted: tuple[str, ...]) -> Path | SandboxError:
        from ...sandbox import resolve_wheels

        try:
            return await resolve_wheels(wanted, self._python, self._settings)
        except SandboxError as error:
            return error
