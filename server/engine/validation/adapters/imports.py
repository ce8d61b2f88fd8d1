"""Types: every import leads to the standard library, the project, or a declared package."""

import platform
from pathlib import PurePosixPath
from typing import Any

from ...types import Finding, Stage
from ..packages.distributions import import_names, standard_library, suggestions
from ..process import Tools
from ..types import Project, Surroundings, source_roots
from .child import as_finding, read_source


class Imports:
    name = "imports"
    stage = Stage.TYPES
    languages = frozenset({"python"})
    rules: Any = 3

    def version(self) -> str:
        return platform.python_version()

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        paths = [file.path for file in project.files]
        known = standard_library(around.python) | import_names(
            (*project.packages, *project.known), around.packages
        )
        found = await read_source(
            "imports",
            project,
            around,
            tools,
            tests=list(project.tests),
            roots=[*source_roots(paths), *_test_roots(project)],
            known=sorted(known),
            hints=suggestions(),
        )
        return [as_finding(self.stage, self.name, problem) for problem in found]


def _test_roots(project: Project) -> list[str]:
    """pytest puts the folder of a test on the path where it is no package."""
    paths = {file.path for file in project.files}
    folders = {str(PurePosixPath(path).parent) for path in project.tests}
    return sorted(folder for folder in folders if folder != "." and f"{folder}/__init__.py" not in paths)
