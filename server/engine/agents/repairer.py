"""The repairer: one function and what really went wrong with it become rewritten candidates.

Failures are those that were seen when the code was checked and run, never a model's opinion. Only the
blamed function is asked for and spliced into its place, so a repair can neither drop nor disturb the rest.
A file too broken to have functions is written anew as a whole.
"""

from collections.abc import Mapping, Sequence

from ..brief.excerpt import about_command, about_routes, docstring, excerpt, is_run
from ..brief.signature import read_signature
from ..errors import AnswerError
from ..llm.gateway import Gateway
from ..llm.types import Answer, Message, Request
from ..python.outline import outline, routes_of, signatures
from ..python.skeleton import text_of
from ..python.splice import splice, stub_of
from ..types import Brief, Candidate, Plan, SourceFile
from .answers import dropped_names, read_code
from .coder import allowed_imports, project_context
from .planner import full_text
from .prompts import render
from .worked import worked_examples

_CREATIVE = 0.5
_MOST_FAILURES = 5
_MOST_EXAMPLES = 8
_WHOLE = ("__init__", "__post_init__")
"""What a function must know of its class: the attributes."""


async def repair(
    gateway: Gateway,
    brief: Brief,
    plan: Plan,
    file: SourceFile,
    target: str,
    written: Mapping[str, SourceFile],
    failures: Sequence[str],
    examples: Sequence[str],
    *,
    samples: int,
    max_tokens: int,
    attempt: int,
) -> tuple[Candidate, ...]:
    """The file with `target` rewritten (the whole file if `target` is empty), in every readable way.

    Empty if no answer could be used.
    """
    planned = next(planned for planned in plan.files if planned.path == file.path)
    context = {
        "brief": full_text(brief),
        "project": project_context(plan, planned, written),
        "path": file.path,
        "allowed": allowed_imports(plan, file.path),
        "worked": worked_examples(brief, plan, planned, target),
    }
    request = Request(
        purpose=f"repair {file.path} {target}".rstrip(),
        messages=_fresh(context, file, target, failures, examples),
        temperature=_CREATIVE,
        max_tokens=max_tokens,
        seed=attempt,
        samples=samples,
    )
    found: dict[str, Candidate] = {}
    for answer in await gateway.ask(request):
        text = _repaired(answer, file, target)
        if text:
            repaired = SourceFile(path=file.path, text=text)
            copies = found[text].copies + 1 if text in found else 1
            found[text] = Candidate(file=repaired, model=answer.model, sample=answer.sample, copies=copies)
    return tuple(found.values())


def _fresh(
    context: Mapping[str, str],
    file: SourceFile,
    target: str,
    failures: Sequence[str],
    examples: Sequence[str],
) -> tuple[Message, ...]:
    """Asks for the function anew, under the brief's words and examples, without showing the wrong one.

    A small model that is shown a wrong function writes it again; only a whole file has to be shown.
    """
    stub = ""
    if target:
        text, lines = _words(context["brief"], file, target), tuple(examples[:_MOST_EXAMPLES])
        stub = stub_of(file.text, target, lambda indent: docstring(text, lines, indent))
    if not stub:
        return _again(context, file, target, failures)
    seen = [failure.strip().splitlines()[0] for failure in failures[:_MOST_FAILURES] if failure.strip()]
    wrong = "An earlier version was wrong:\n" + "\n".join(f"- {line}" for line in seen) if seen else ""
    # The same outline for each function of a file: a prompt's cache ends where prompts begin to differ.
    whole = outline(file.text, whole=_WHOLE).strip()
    return render("rewrite", **context, outline=whole, stub=stub, failures=wrong)


def _words(brief: str, file: SourceFile, target: str) -> str:
    """What the brief says of the target."""
    if target == "main" and is_run(brief, file.path):
        return about_command(brief, file.path)
    if routes := routes_of(file.text, target):
        return about_routes(brief, routes)
    for line in signatures(file.text):
        if (one := read_signature(line)) and one.full_name == target:
            return text_of(one, brief)
    return excerpt(brief, target.rsplit(".", 1)[-1])


def _again(
    context: Mapping[str, str], file: SourceFile, target: str, failures: Sequence[str]
) -> tuple[Message, ...]:
    """Asks for a repair of what is there."""
    return render(
        "repair",
        **context,
        code=file.text.strip(),
        target=target or file.path,
        failures="\n".join(f"- {failure}" for failure in failures[:_MOST_FAILURES]),
    )


def _repaired(answer: Answer, file: SourceFile, target: str) -> str:
    try:
        code = read_code(answer, file.path)
        text = splice(file.text, code, target) if target else code
    except AnswerError:
        return ""
    return "" if dropped_names(file.text, text) else text
