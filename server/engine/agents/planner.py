"""The planner: a brief becomes a plan.

When the brief itself says which files it wants and what each defines, no model is asked. Otherwise a model
drafts the plan under a JSON schema, and `settle` makes it sound: what the brief names wins over what a model
invents.
"""

import json
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from ..brief.signature import read_signature
from ..errors import AnswerError, PlanError
from ..llm.gateway import Gateway
from ..llm.types import Request
from ..types import Brief, Plan, PlannedFile, Traits
from .answers import read_json
from .prompts import render
from .settle import settle, sources

_TEXT = {"type": "string", "maxLength": 240}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary", "files", "packages", "run"],
    "properties": {
        "summary": _TEXT,
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "purpose", "interface", "depends_on"],
                "properties": {
                    "path": {"type": "string", "maxLength": 80},
                    "purpose": _TEXT,
                    "interface": {"type": "array", "maxItems": 16, "items": _TEXT},
                    "depends_on": {
                        "type": "array",
                        "maxItems": 12,
                        "items": {"type": "string", "maxLength": 80},
                    },
                },
            },
        },
        "packages": {"type": "array", "maxItems": 8, "items": {"type": "string", "maxLength": 60}},
        "run": {"type": "array", "maxItems": 4, "items": _TEXT},
    },
}
_ATTEMPTS = 3


async def draft_plan(gateway: Gateway, brief: Brief, traits: Traits) -> Plan:
    """Raises PlanError if the brief names no file and no attempt gave a usable plan."""
    named = sources(traits)
    if named and (plan := _told(brief, traits, named)) is not None:
        return plan
    problem = ""
    for attempt in range(_ATTEMPTS):
        request = Request(
            purpose="plan",
            messages=render("plan", brief=full_text(brief), known=_known(named), retry=_retry(problem)),
            json_schema=_SCHEMA,
            temperature=0.0 if attempt == 0 else 0.7,
            max_tokens=1200,
            seed=attempt,
        )
        (answer,) = await gateway.ask(request)
        try:
            return settle(read_json(answer), brief, traits)
        except (AnswerError, PlanError) as error:
            problem = error.cause
    if named:
        return settle({"summary": _title(brief), "files": []}, brief, traits)
    raise PlanError(
        f"no usable plan came out of {_ATTEMPTS} attempts; the last problem: {problem}",
        "Name the files in the brief (such as `app.py`), or use a larger model.",
        "models.model",
    )


def full_text(brief: Brief) -> str:
    """The brief as prompts show it: its text, then the constraints as a list."""
    constraints = "".join(f"\n- {constraint}" for constraint in brief.constraints)
    return brief.text.strip() + (f"\n\nConstraints:{constraints}" if constraints else "")


def _told(brief: Brief, traits: Traits, named: tuple[str, ...]) -> Plan | None:
    """The plan that the brief itself gives; None if it leaves open what some file is for."""
    draft = {"summary": _title(brief), "files": [{"path": path} for path in named]}
    try:
        plan = settle(draft, brief, traits)
    except ValidationError as error:
        raise PlanError(f"the brief asks for an impossible file: {error}", "Name another one.") from error
    modules = [file for file in plan.files if PurePosixPath(file.path).name != "__init__.py"]
    known = len(named) == 1 or all(file.interface for file in modules)
    return plan if known else None


def _title(brief: Brief) -> str:
    first = next((line.strip("# ").strip() for line in brief.text.splitlines() if line.strip()), brief.name)
    return first if len(first) <= 160 else first[:157] + "..."


def _known(named: tuple[str, ...]) -> str:
    if not named:
        return ""
    return f"The specification names these files; plan exactly these: {json.dumps(list(named))}."


def _retry(problem: str) -> str:
    return f"An earlier answer was refused: {problem}" if problem else ""


def describe(plan: Plan, *, leave_out: str = "") -> str:
    """The plan's other files and what they define, as prompts show them."""
    files = [file for file in plan.files if file.path != leave_out]
    if not files:
        return ""
    return "The project also has these files; what they define is not defined again:\n" + "\n".join(
        _line(file) for file in files
    )


def _line(file: PlannedFile) -> str:
    signatures = [one for line in file.interface if (one := read_signature(line))]
    parts = []
    for one in signatures:
        methods = [method.name for method in signatures if method.owner == one.name]
        if not one.owner:
            parts.append(f"`{one.name}`" + (f" with {', '.join(methods)}" if methods else ""))
    defines = f"defines {'; '.join(parts)}" if parts else file.purpose
    return f"- `{file.path}`: {defines}" if defines else f"- `{file.path}`"
