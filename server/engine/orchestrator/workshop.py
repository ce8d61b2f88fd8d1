"""The workshop: what every step of one run needs at hand."""

import time
from dataclasses import dataclass, field

from ...settings import Settings
from ..brief.given import given_code
from ..brief.signature import Signature, read_signature
from ..events import Emit
from ..journal import Journal
from ..llm.gateway import Gateway
from ..python.outline import has_method, methods_of, public_names
from ..sandbox import Sandbox
from ..types import Brief, Plan, PlannedFile, SourceFile, Traits
from ..validation.mesh import Mesh
from ..validation.types import Project

Files = dict[str, SourceFile]


@dataclass(frozen=True)
class Workshop:
    brief: Brief
    traits: Traits
    settings: Settings
    journal: Journal
    gateway: Gateway
    mesh: Mesh
    sandbox: Sandbox | None
    emit: Emit
    started: float = field(default_factory=time.monotonic)

    def spent(self, share: float) -> bool:
        """Whether so much of the time that a run may take is over."""
        return time.monotonic() - self.started > share * self.settings.generate.timeout_s

    def is_given(self, target: str) -> bool:
        """Whether the brief itself wrote this function, or the whole class it belongs to."""
        written = {
            one.signature.full_name for one in given_code(self.brief.text).definitions if not one.is_stub
        }
        return not written.isdisjoint({target, target.partition(".")[0]})

    @property
    def samples(self) -> int:
        return self.settings.generate.samples

    @property
    def max_tokens(self) -> int:
        return self.settings.models.max_tokens


def project_of(plan: Plan, files: Files) -> Project:
    return Project.of(files.values(), packages=plan.packages)


def promised_names(planned: PlannedFile, traits: Traits) -> tuple[str, ...]:
    """Top-level names the file must define: those of its interface that the brief mentions.

    What only the plan mentions may be left out by a file that does its job another way.
    """
    mentioned = mentioned_names(traits)
    names = (head_name(line) for line in planned.interface)
    return tuple(dict.fromkeys(name for name in names if name and name in mentioned))


def head_name(line: str) -> str:
    """The top-level name a line of an interface stands for; none for a method."""
    signature = read_signature(line)
    return signature.head if signature else ""


def mentioned_names(traits: Traits) -> set[str]:
    """Top-level names the brief gives."""
    heads = (head_name(line) for line in traits.signatures)
    return {symbol.split(".")[0] for symbol in traits.symbols} | {name for name in heads if name}


def missing_names(planned: PlannedFile, traits: Traits, text: str) -> tuple[str, ...]:
    """Promised names that are neither at the top level nor methods of a class the brief mentions."""
    defined = set(public_names(text)) | set(methods_of(text, traits.symbols))
    return tuple(name for name in promised_names(planned, traits) if name not in defined)


def missing_methods(planned: PlannedFile, text: str) -> tuple[Signature, ...]:
    """Methods of the interface that their class in the file has neither itself nor from a base."""
    found = []
    for line in planned.interface:
        one = read_signature(line)
        if one and one.owner and has_method(text, one.owner, one.name) is False:
            found.append(one)
    return tuple(found)
