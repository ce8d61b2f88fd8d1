"""Chooses the sandbox engine."""

from ...settings import Settings
from ..errors import SandboxError
from .types import Sandbox


async def open_sandbox(settings: Settings) -> Sandbox:
    """The engine that `sandbox.engine` names; `auto` takes Docker if it can, else bubblewrap.

    Raises SandboxError that says, for each engine that was tried, why it cannot be used and what to do.
    """
    from .bubblewrap import BubblewrapSandbox
    from .docker import DockerSandbox

    match settings.sandbox.engine:
        case "none":
            raise SandboxError(
                "the sandbox is switched off", "Set `sandbox.engine` to `auto` to use one.", "sandbox.engine"
            )
        case "docker":
            return await DockerSandbox.open(settings)
        case "bubblewrap":
            return await BubblewrapSandbox.open(settings)
    try:
        return await DockerSandbox.open(settings)
    except SandboxError as docker:
        try:
            return await BubblewrapSandbox.open(settings)
        except SandboxError as bubblewrap:
            raise SandboxError(
                f"There is no sandbox: {docker.cause}; {bubblewrap.cause}.",
                f"For Docker: {docker.next_step} For bubblewrap: {bubblewrap.next_step}",
                "sandbox.engine",
            ) from docker
