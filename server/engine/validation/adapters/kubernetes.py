"""Kubernetes: whether manifests are what their kinds say."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...types import Finding, SourceFile, Stage
from ..process import Tools
from ..types import Project, Surroundings, ToolMissing
from .child import as_finding, read_source
from .programs import package_version

_PACKAGE = "kubernetes-validate"
_MANIFEST = re.compile(r"^(?:- )?[ \t]*(?:apiVersion|\"apiVersion\"):.*$", re.MULTILINE)
_TEMPLATE = re.compile(r"^[^#\n]*(?:\{\{|\{%)", re.MULTILINE)


@dataclass(frozen=True)
class Kubernetes:
    name: str = "kubernetes"
    stage: Stage = Stage.TYPES
    languages: frozenset[str] = frozenset({"yaml"})
    rules: Any = 2

    def judges(self, file: SourceFile) -> bool:
        """Most YAML is something else, and a template is no manifest yet."""
        return bool(_MANIFEST.search(file.text)) and not _TEMPLATE.search(file.text)

    def version(self) -> str:
        if (found := package_version(_PACKAGE)) and _has_schemas():
            return found
        step = 'Install QuantumLayer with its schemas: pip install "quantumlayer[kubernetes]".'
        raise ToolMissing(f"{_PACKAGE} is not installed, or has no schemas", step)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        found = await read_source("manifests", project, around, tools)
        return [as_finding(self.stage, self.name, problem) for problem in found]


def _has_schemas() -> bool:
    spec = find_spec(_PACKAGE.replace("-", "_"))
    places = (spec.submodule_search_locations or ()) if spec else ()
    return any(
        next(Path(one, "kubernetes-json-schema").glob("v*-local-strict/_definitions.json"), None)
        for one in places
    )
