"""How versions, their names and their differences are told."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from ..engine.types import Finding
from ..engine.types.versions import (
    Branches,
    CheckedOut,
    Deployment,
    Difference,
    History,
    Rollback,
    Side,
    Version,
)
from .endings import Ending
from .generate_report import print_stages
from .tables import print_json, print_table
from .terminal import STYLES, console, words
from .text import count

_SHORT_ID = 12
_LINE_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_history(history: History, *, json: bool) -> Ending:
    if json:
        print_json(history.model_dump(mode="json"))
        return Ending.DONE
    rows = [
        (
            one.summary.id[:_SHORT_ID],
            Text(one.summary.status, style=STYLES[one.summary.status]),
            f"{one.summary.confidence:.2f}",
            one.summary.created,
            ", ".join(_names(one, history.branch)),
            " ".join(parent[:_SHORT_ID] for parent in one.summary.parents),
        )
        for one in history.versions
    ]
    print_table(("ID", "VERDICT", "CONFIDENCE", "MADE", "NAMES", "PARENTS"), rows, empty="No versions.")
    for missing in history.missing:
        console(stderr=True).print(words(f"{missing[:_SHORT_ID]} is not on this machine", "yellow"))
    return Ending.DONE


def _names(version: Version, current: str) -> list[str]:
    branches = [f"*{name}" if name == current else name for name in version.branches]
    return [*branches, *(f"tag {name}" for name in version.tags)]


def show_branches(names: Branches, *, json: bool) -> Ending:
    if json:
        print_json(names.model_dump(mode="json"))
        return Ending.DONE
    rows = [
        ("*" if name == names.branch else "", "branch", name, at[:_SHORT_ID])
        for name, at in sorted(names.branches.items())
    ]
    rows += [("", "tag", name, at[:_SHORT_ID]) for name, at in sorted(names.tags.items())]
    print_table(("", "KIND", "NAME", "VERSION"), rows, empty="None.")
    return Ending.DONE


def tell_tag(name: str, tag: str, capsule_id: str, *, deleted: bool, json: bool) -> Ending:
    if json:
        print_json({"name": name, "tag": tag, "id": capsule_id, "deleted": deleted})
    else:
        said = f"deleted the tag {tag} of" if deleted else f"{name}@{tag} is"
        console().print(words(f"{said} {capsule_id}"))
    return Ending.DONE


def tell_rollback(went: Rollback, checked_out: CheckedOut | None, *, json: bool) -> Ending:
    if json:
        folder = checked_out.model_dump(mode="json") if checked_out else None
        print_json({**went.model_dump(mode="json"), "checkout": folder})
        return Ending.DONE
    out = console()
    out.print(
        words(f"{went.name} ({went.branch}) is {went.now[:_SHORT_ID]} now; it was {went.before[:_SHORT_ID]}")
    )
    if checked_out is not None:
        _tell_folder(checked_out)
    out.print(
        words(f"  back: quantumlayer capsule rollback {went.name} --to {went.before[:_SHORT_ID]}", "dim")
    )
    return Ending.DONE


def tell_checked_out(checked_out: CheckedOut, *, json: bool) -> Ending:
    if json:
        print_json(checked_out.model_dump(mode="json"))
    else:
        _tell_folder(checked_out)
    return Ending.DONE


def _tell_folder(done: CheckedOut) -> None:
    out = console()
    changed = f"{count(len(done.written), 'file')} written, {len(done.removed)} removed"
    out.print(words(f"{done.folder} holds {done.id[:_SHORT_ID]}: {changed}"))
    for path in done.kept:
        out.print(words(f"  kept, as somebody changed it: {path}", "yellow"))


def tell_deployment(made: Deployment, folder: Path, *, json: bool) -> Ending:
    """Failed if a stage did: then the files should not be relied on."""
    failed = any(stage.status == "failed" for stage in made.stages)
    if json:
        document = made.model_dump(mode="json", exclude={"files"})
        print_json({**document, "files": [str(folder / file.path) for file in made.files]})
        return Ending.FAILED if failed else Ending.DONE
    out = console()
    for file in made.files:
        out.print(words(str(folder / file.path)))
    for note in made.notes:
        out.print(words(f"  {note}", "yellow"))
    print_stages(made.stages, out)
    out.print(words(f"  build: docker build {folder}", "dim"))
    return Ending.FAILED if failed else Ending.DONE


# -- differences -------------------------------------------------------------------------------


def show_difference(difference: Difference, *, text: bool, json: bool) -> Ending:
    if json:
        print_json(difference.model_dump(mode="json"))
        return Ending.DONE
    out = console()
    for mark, one in (("from", difference.before), ("to  ", difference.after)):
        out.print(_side(mark, one))
    for sentence in difference.summary:
        out.print(words(f"  {sentence}"))
    for change in difference.interface:
        out.print(Text(f"\n{change.path}", style="bold") + Text("  breaking" * change.breaking, style="red"))
        _print_lines(
            [f"- {change.before}"] * bool(change.before) + [f"+ {change.after}"] * bool(change.after)
        )
    for title, findings in (("Appeared", difference.appeared), ("Gone", difference.gone)):
        _print_findings(title, findings)
    for file in difference.files:
        out.print(words(f"\n{file.path}  {file.change}, +{file.plus} -{file.minus}  {file.note}", "bold"))
        if text:
            _print_lines(file.text.splitlines())
    return Ending.DONE


def _side(mark: str, one: Side) -> Text:
    return Text.assemble(
        (f"{mark}  ", "dim"), (one.id[:_SHORT_ID], "bold"), words(f"  {one.name}  {one.created}  "),
        (one.status, STYLES[one.status]), f"  confidence {one.confidence:.2f}",
    )  # fmt: skip


def _print_findings(title: str, findings: Sequence[Finding]) -> None:
    out = console()
    if findings:
        out.print(Text(f"\n{title}", style="bold"))
    for one in findings:
        place = f"{one.path}:{one.range.start.line + 1}"
        out.print(words(f"  {place}  {one.severity}  {one.message}  [{one.tool} {one.rule}]"))


def _print_lines(lines: Sequence[str]) -> None:
    out = console()
    for line in lines:
        out.print(words(line, _LINE_STYLES.get(line[:1], "")), soft_wrap=True)
