"""The desk: what every task needs at hand."""

from dataclasses import dataclass

from ...settings import Settings
from ..events import Emit
from ..llm.gateway import Gateway
from ..sandbox import Sandbox
from ..types import Help, Wish
from ..validation.mesh import Mesh


@dataclass(frozen=True)
class Desk:
    settings: Settings
    gateway: Gateway
    mesh: Mesh
    sandbox: Sandbox | None
    no_sandbox: str
    emit: Emit

    @property
    def samples(self) -> int:
        return self.settings.generate.samples

    def tokens(self, most: int) -> int:
        return min(self.settings.models.max_tokens, most)


def refused(wish: Wish, target: str, why: str) -> Help:
    """Nothing is offered."""
    return Help(task=wish.task, target=target, path=wish.path, said=why)
