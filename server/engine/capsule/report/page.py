"""The page: the views of a capsule, put into the templates.

Every value that reaches a template is made visible and escaped on its way, by the environment and not by
whoever writes the template. The page allows its own style and its own script, by their digests, and nothing
else: no address, no frame, no form.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ...importing import large_import
from ...types import Capsule
from . import wording
from .election import MOST_ELECTIONS, WHOSE, elections
from .figures import FULL, spent_by_file, spent_by_tier, steps
from .files import file_rows, region_rows
from .sources import Sources
from .stages import stage_rows

if TYPE_CHECKING:
    from jinja2 import Environment

_MOST_CHECKS = 300
_WORDS = (wording.seconds, wording.size, wording.money, wording.number, wording.count)


def render_report(capsule: Capsule, *, signature: str = "") -> str:
    """One self-contained HTML document about a capsule.

    `signature` says in a sentence what is known of who signed it (`wording.whose_word` makes one); without it
    the page says how to find out.
    It takes some tens of milliseconds: call it on a thread.
    """
    evidence = capsule.evidence
    sources = Sources(capsule, (one for stage in evidence.verdict.stages for one in stage.findings))
    held = elections(evidence.candidates, evidence.checks)
    claims = [check for check in evidence.checks if check.source != "probe"]
    return (
        _environment()
        .get_template("page.html")
        .render(
            capsule=capsule,
            manifest=capsule.manifest,
            evidence=evidence,
            verdict=evidence.verdict,
            signature=signature,
            steps=steps(evidence.timeline),
            stages=stage_rows(evidence.verdict.stages, sources),
            files=file_rows(capsule, sources),
            elections=held[:MOST_ELECTIONS],
            more_elections=max(0, len(held) - MOST_ELECTIONS),
            checks=claims[:_MOST_CHECKS],
            more_checks=max(0, len(claims) - _MOST_CHECKS),
            by_file=spent_by_file(evidence.authors, evidence.usage),
            by_tier=spent_by_tier(evidence.authors, evidence.usage),
            sources=sources.listed,
        )
    )


@cache
def _environment() -> "Environment":
    with large_import():
        from jinja2 import DictLoader, Environment, StrictUndefined
        from markupsafe import Markup

    folder = files(__package__) / "templates"
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.is_file()}
    style, script = texts.pop("style.css"), texts.pop("script.js")
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {function.__name__: function for function in _WORDS}
    environment.globals |= {
        "style": Markup(style),  # noqa: S704 (ours, from the package)
        "script": Markup(script),  # noqa: S704
        "policy": _policy(style, script),
        "region_rows": region_rows,
        "whose": WHOSE,
        "full": FULL,
    }
    return environment


def _finalized(value: Any) -> Any:
    """What a template puts out: marks that could hide something are spelled out, before it is escaped."""
    from markupsafe import Markup

    return value if isinstance(value, Markup) else wording.visible(str(value))


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
