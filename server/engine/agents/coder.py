"""The coder: one planned file becomes candidates.

All samples of a file are one batch over one prompt, so that a model with a prompt cache reads it once.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from ..brief.given import given_code
from ..brief.signature import read_signature
from ..errors import AnswerError
from ..llm.gateway import Gateway
from ..llm.types import Answer, Request
from ..python.imports import import_line
from ..python.outline import outline, public_names
from ..python.skeleton import skeleton
from ..python.splice import keep
from ..types import Brief, Candidate, Plan, PlannedFile, SourceFile
from .answers import read_code
from .planner import describe, full_text
from .prompts import render
from .worked import worked_examples

_WHOLE_FILE_LINES = 40
CREATIVE = 0.8
"""What is drawn beside a greedy answer has to differ from it: more samples are best drawn at a higher
temperature (arXiv 2107.03374)."""


async def write_file(
    gateway: Gateway,
    brief: Brief,
    plan: Plan,
    planned: PlannedFile,
    written: Mapping[str, SourceFile],
    *,
    samples: int,
    first: int = 0,
    max_tokens: int,
    problems: Sequence[str] = (),
) -> tuple[Candidate, ...]:
    """Candidates for one file, those that could not be read included, with their problem.

    `written` holds the files it depends on; `problems` is what was wrong with earlier ones. `first` is the
    number of the first sample: the very first one is greedy and comes alone, those after it are drawn.
    """
    assert first or samples == 1
    request = Request(
        purpose=f"write {planned.path}",
        messages=render(
            "code",
            brief=full_text(brief),
            project=project_context(plan, planned, written),
            path=planned.path,
            purpose=planned.purpose,
            interface=_interface(planned, full_text(brief)),
            allowed=allowed_imports(plan, planned.path),
            worked=worked_examples(brief, plan, planned),
            retry=_retry(problems),
        ),
        temperature=CREATIVE if first else 0.0,
        max_tokens=max_tokens,
        seed=first,
        samples=samples,
    )
    answers = await gateway.ask(request)
    given = given_in(planned, full_text(brief))
    return tuple(_candidate(answer, planned.path, first, given) for answer in answers)


def reexport(path: str, modules: Sequence[SourceFile]) -> SourceFile:
    """The `__init__.py` that makes every public name of its sibling modules importable.

    It follows from what was written, so no model is asked.
    """
    lines: list[str] = []
    names: list[str] = []
    for module in modules:
        public = public_names(module.text)
        if public:
            lines.append(f"from .{PurePosixPath(module.path).stem} import {', '.join(sorted(public))}")
            names += public
    exported = "".join(f'    "{name}",\n' for name in sorted(set(names)))
    text = "\n".join(lines) + f"\n\n__all__ = [\n{exported}]\n" if names else ""
    return SourceFile(path=path, text=text)


def allowed_imports(plan: Plan, path: str) -> str:
    """Which modules the file may import, in words."""
    packages = f", the installed packages {', '.join(plan.packages)}" if plan.packages else ""
    own = sorted(_module(other) for file in plan.files if file.path == path for other in file.depends_on)
    modules = f", and the project's own modules {', '.join(f'`{name}`' for name in own)}" if own else ""
    return f"It may import only the standard library{packages}{modules}."


def project_context(plan: Plan, planned: PlannedFile, written: Mapping[str, SourceFile]) -> str:
    parts = [describe(plan, leave_out=planned.path)]
    for path in planned.depends_on:
        if (file := written.get(path)) is not None:
            short = file.text if file.text.count("\n") <= _WHOLE_FILE_LINES else outline(file.text)
            use = import_line(planned.path, path, file.text)
            use = f" Import from it with `{use}`." if use else ""
            parts.append(f"`{path}` is written already.{use}\n\n```python\n{short.strip()}\n```")
    return "\n\n".join(part for part in parts if part)


def _interface(planned: PlannedFile, brief: str) -> str:
    """What the file must define: as a skeleton where that is certain, else as a list."""
    if not planned.interface:
        return ""
    if code := skeleton(planned.interface, brief, planned.path):
        return (
            "Start from this skeleton, keep names and parameters, and write code in place of docstrings:"
            f"\n\n```python\n{code}\n```"
        )
    return "It must define:\n" + "\n".join(f"- `{line}`" for line in planned.interface)


def _retry(problems: Sequence[str]) -> str:
    if not problems:
        return ""
    return "Earlier attempts were refused for these reasons; avoid them:\n" + "\n".join(
        f"- {p}" for p in problems[:6]
    )


def given_in(planned: PlannedFile, brief: str) -> dict[str, str]:
    """What the brief gives of this file with its bodies, by `name` or `Class.method`: it is not a model's to
    change.
    """
    names = {one.name for line in planned.interface if (one := read_signature(line)) and one.head}
    written = [one for one in given_code(brief).definitions if not one.is_stub]
    whole = {one.signature.name for one in written if not one.signature.owner}
    return {
        one.signature.full_name: one.source
        for one in written
        if one.signature.owner not in whole and (one.signature.owner or one.signature.head) in names
    }


def _candidate(answer: Answer, path: str, first: int, given: Mapping[str, str]) -> Candidate:
    try:
        text = keep(read_code(answer, path), given)
        problems: tuple[str, ...] = ()
    except AnswerError as error:
        text, problems = "", (str(error),)
    return Candidate(
        file=SourceFile(path=path, text=text),
        model=answer.model,
        sample=first + answer.sample,
        problems=problems,
    )


def _module(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
