"""How it is told whether a capsule is what it says it is."""

from rich.console import Console
from rich.text import Text

from ..engine.types import Rerun, VerifyReport
from .endings import Ending
from .keys_report import signature_words
from .tables import print_json
from .terminal import console, words

_STYLES = {"passed": "green", "failed": "red", "unknown": "yellow"}
_OUTCOMES = {"same": "green", "other": "red", "not run": "yellow"}
_RERUN = {
    "same": "run again, and it came out as it says",
    "other": "run again, and it came out otherwise",
    "not run": "not all of it could be run again here",
}


def tell_verified(report: VerifyReport, source: str, *, json: bool) -> Ending:
    ending = ending_of(report)
    if json:
        print_json(report.model_dump(mode="json"))
        return ending
    out = console()
    told = Text("intact", style="green") if report.ok else Text("not what it says it is", style="red")
    out.print(Text.assemble(told, words(f"  {report.name}  {report.id}")))
    for mismatch in report.mismatches:
        out.print(words(f"  - {mismatch}"))
    if report.ok:
        out.print(signature_words(report.signature))
    for step in report.steps:
        out.print(
            Text.assemble(
                (f"  {step.name:<10}", "dim"),
                words(f"{step.status:<8}", _STYLES[step.status]),
                words(step.detail),
            )
        )
    if report.rerun is not None:
        _tell_rerun(report.rerun, out)
    if report.ok and report.signature.state == "unknown":
        trust = f"quantumlayer capsule keys trust {source} --name NAME"
        out.print(words(f"If its owner tells you the same key: {trust}"))
    return ending


def ending_of(report: VerifyReport) -> Ending:
    """Part of what the command promises; see `docs/capsule.md`."""
    rerun = report.rerun.outcome if report.rerun else "same"
    if not report.ok or report.signature.state == "revoked" or rerun == "other":
        return Ending.FAILED
    if report.signature.state != "trusted" or rerun == "not run":
        return Ending.UNVERIFIED
    return Ending.DONE


def _tell_rerun(rerun: Rerun, out: Console) -> None:
    out.print()
    out.print(words(_RERUN[rerun.outcome], _OUTCOMES[rerun.outcome]))
    for stage in rerun.stages:
        style = _OUTCOMES[stage.outcome]
        out.print(
            Text.assemble(f"  {stage.stage:<10}", words(f"{stage.outcome:<8}", style), words(stage.recorded))
        )
        for line in (*stage.differences, *stage.notes):
            out.print(words(f"    - {line}"))
