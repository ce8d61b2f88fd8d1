"""The provenance of a capsule: an in-toto statement (v1) with a SLSA provenance predicate (v1).

Its subjects are the manifest, which stands for every file, the evidence and the bill of materials. The
predicate says what went in (brief, models, prompts, settings, packages), what made it, and what was seen of
each file and each stage. It says nothing that depends on when or where it is written down.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import CapsuleError
from ..types import Capsule, StageResult, Value
from .canonical import canonical_json

if TYPE_CHECKING:
    from ..sandbox.resolved import Wheel

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:quantumlayer:generate:v1"
BUILDER = "urn:quantumlayer:engine"


class Origin(Value):
    """What only the run that made a capsule knows of it. All of it may be empty."""

    version: str
    """QuantumLayer's."""
    prompts_sha256: str = ""
    """Of everything that decides what models are asked and how answers are taken."""
    settings: Mapping[str, str | int | float | bool | tuple[str, ...]] = {}
    """Those that decide how a capsule comes out; no address and no key is among them."""


def statement_of(
    capsule: Capsule, digests: Mapping[str, str], origin: Origin, wheels: Sequence["Wheel"] = ()
) -> bytes:
    """Canonical JSON: the same capsule, packages and origin give the same bytes.

    `digests` are the SHA-256 of the documents that it speaks of, by their names.
    """
    return canonical_json(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": found}} for name, found in digests.items()],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": _definition(capsule, origin, wheels),
                "runDetails": _details(capsule, origin),
            },
        }
    )


def statement_problems(payload: bytes, digests: Mapping[str, str]) -> Iterator[str]:
    """Every way in which a signed statement does not speak of these documents, by their SHA-256."""
    try:
        statement = json.loads(payload)
        if statement["_type"] != STATEMENT or statement["predicateType"] != PREDICATE:
            raise CapsuleError("It is a statement of another kind")
        subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
        count = len(statement["subject"])
    except (ValueError, RecursionError, KeyError, TypeError, CapsuleError):
        yield "holds no statement of provenance"
        return
    if count != len(subjects) or subjects.keys() != digests.keys():
        yield f"speaks of {', '.join(map(str, subjects))}, not of {', '.join(digests)}"
        return
    for name, found in digests.items():
        if subjects[name] != found:
            yield f"speaks of another {name}, with the SHA-256 {subjects[name]}"


def _definition(capsule: Capsule, origin: Origin, wheels: Sequence["Wheel"]) -> dict[str, Any]:
    brief = {"name": "brief.json", "digest": {"sha256": capsule.manifest.brief_sha256}}
    return {
        "buildType": BUILD,
        "externalParameters": {
            "brief": brief,
            "name": capsule.manifest.name,
            "language": capsule.manifest.language,
        },
        "internalParameters": {
            "models": list(capsule.evidence.models),
            "prompts": {"sha256": origin.prompts_sha256} if origin.prompts_sha256 else {},
            "settings": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in origin.settings.items()
            },
        },
        "resolvedDependencies": [brief, *(_wheel(wheel) for wheel in wheels if wheel.sha256)],
    }


def _wheel(wheel: "Wheel") -> dict[str, Any]:
    return {
        "uri": f"pkg:pypi/{wheel.name.lower()}@{wheel.version}",
        "name": wheel.name,
        "digest": {"sha256": wheel.sha256},
    }


def _details(capsule: Capsule, origin: Origin) -> dict[str, Any]:
    evidence = capsule.evidence
    return {
        "builder": {
            "id": BUILDER,
            "version": {"quantumlayer": origin.version, **evidence.tools},
        },
        "metadata": {"finishedOn": evidence.created} if evidence.created else {},
        "byproducts": list(_files(capsule)),
        "quantumlayer_sandbox": evidence.sandbox,
        "quantumlayer_usage": {
            "calls": evidence.usage.calls,
            "calls_reused": evidence.usage.calls_reused,
            "tokens_in": evidence.usage.tokens_in,
            "tokens_out": evidence.usage.tokens_out,
            "cost_usd": evidence.usage.cost_usd,
        },
        "quantumlayer_verdict": {
            "status": evidence.verdict.status,
            "confidence": evidence.verdict.confidence,
            "reasons": list(evidence.verdict.reasons),
            "stages": [_stage(stage) for stage in evidence.verdict.stages],
        },
    }


def _files(capsule: Capsule) -> Iterator[dict[str, Any]]:
    """Each file, with who wrote it and what that cost."""
    authors = {author.path: author for author in capsule.evidence.authors}
    for entry in capsule.manifest.files:
        described: dict[str, Any] = {"name": entry.path, "digest": {"sha256": entry.sha256}}
        author = authors.get(entry.path)
        if author is not None and author.sha256 == entry.sha256:
            kept = author.model_dump(mode="json", exclude={"path", "sha256", "regions"})
            described["annotations"] = {name: value for name, value in kept.items() if value != ""}
        yield described


def _stage(stage: StageResult) -> dict[str, Any]:
    return {
        "stage": str(stage.stage),
        "status": stage.status,
        "reason": stage.reason,
        "findings": len(stage.findings),
        "facts": dict(stage.facts),
        "tools": {tool.name: tool.version for tool in stage.tools},
    }
