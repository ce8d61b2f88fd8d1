"""`workspace/executeCommand`: arguments are checked, a job is started, its id is the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from pygls.exceptions import JsonRpcInvalidParams

from ..engine.errors import SettingsError
from . import assist, authored, export, generate, names, patterns, report, validate
from .capsules import CapsuleCommands
from .models import ModelCommands

if TYPE_CHECKING:
    from .jobs import Job
    from .server import QuantumLayerServer

T = TypeVar("T", generate.Request, export.Request, report.Request)


@dataclass(frozen=True)
class Commands:
    """The commands of one connection."""

    server: "QuantumLayerServer"

    def by_name(self) -> dict[str, Callable[..., Any]]:
        return {
            names.GENERATE_CAPSULE: self.generate_capsule,
            names.VALIDATE_FILE: self.validate_file,
            names.VALIDATE_WORKSPACE: self.validate_workspace,
            names.RUN_TESTS: self.run_tests,
            names.SHOW_TEST_OUTPUT: self.show_test_output,
            names.EXPORT_CAPSULE: self.export_capsule,
            names.EXPLAIN_PATTERNS: self.explain_patterns,
            names.RECOMMEND_PATTERNS: self.recommend_patterns,
            names.GUIDE_TO_PATTERNS: self.guide_to_patterns,
            names.ASSIST: self.assist,
            names.REGENERATE: self.regenerate,
            names.SHOW_EVIDENCE: self.show_evidence,
            names.CAPSULE_REPORT: self.capsule_report,
            names.CANCEL: self.cancel,
            **CapsuleCommands(self.server).by_name(),
            **ModelCommands(self.server).by_name(),
        }

    def generate_capsule(self, *arguments: Any) -> dict[str, Any]:
        """A brief's URI, or `{"uri"` or `"brief": text, "name"?, "folder"?}`."""
        return _started(generate.start(self.server, _brief(arguments)))

    def validate_file(self, *arguments: Any) -> dict[str, Any]:
        """A file's URI."""
        return _started(validate.start_file(self.server, _text(arguments, "a file's URI")))

    def validate_workspace(self, *arguments: Any) -> dict[str, Any]:
        if [argument for argument in arguments if argument is not None]:
            raise JsonRpcInvalidParams("this command takes no arguments")
        return _started(validate.start_workspace(self.server))

    async def run_tests(self, *arguments: Any) -> dict[str, Any]:
        """A file's URI: the tests that concern it are run."""
        uri = _text(arguments, "a file's URI")
        if not await self.server.tests.are_wanted(uri):
            step = "Set it to `on_demand` or `on_save`."
            raise SettingsError("tests are not run: live.tests is `never`.", step, "live.tests")
        return _started(self.server.tests.start(uri))

    async def show_test_output(self, *arguments: Any) -> dict[str, Any]:
        return {"shown": await self.server.tests.show_output()}

    def export_capsule(self, *arguments: Any) -> dict[str, Any]:
        """`{"capsule": id or name, "format": "zip"|"tar.gz"|"qlcapsule", "target": path or URI}`."""
        request = _request(export.Request, _only(arguments))
        if not request.capsule or not request.target:
            raise JsonRpcInvalidParams('give "capsule" and "target"')
        if request.format not in export.FORMATS:
            raise JsonRpcInvalidParams(f'"format" is one of {", ".join(export.FORMATS)}')
        return _started(export.start(self.server, request))

    async def explain_patterns(self, *arguments: Any) -> dict[str, Any]:
        """A brief, as for generating: its traits, and each pattern with its reason."""
        return await patterns.explain(self.server, _brief(arguments))

    async def recommend_patterns(self, *arguments: Any) -> dict[str, Any]:
        """A brief, as for generating: what is chosen for it, and what would make it easier."""
        return await patterns.recommend(self.server, _brief(arguments))

    async def guide_to_patterns(self, *arguments: Any) -> dict[str, Any]:
        if [argument for argument in arguments if argument is not None]:
            raise JsonRpcInvalidParams("this command takes no arguments")
        return await patterns.guide(self.server)

    def assist(self, *arguments: Any) -> dict[str, Any]:
        """`{"task": one of assist.TASKS, "uri", "line", "end"?}`; lines are counted from zero."""
        given = _only(arguments)
        if not isinstance(given, Mapping) or not isinstance(given.get("uri"), str):
            raise JsonRpcInvalidParams('give "task", "uri" and "line"')
        task = next((one for one in assist.TASKS if one == given.get("task")), None)
        lines = [given.get("line"), given.get("end", given.get("line"))]
        if task is None or not all(type(one) is int and one >= 0 for one in lines):
            raise JsonRpcInvalidParams(f'"task" is one of {", ".join(assist.TASKS)}, "line" a number')
        return _started(assist.start(self.server, assist.Request(task, given["uri"], *map(int, lines))))

    async def regenerate(self, *arguments: Any) -> dict[str, Any]:
        """`{"uri", "name"}`: a function that has a lens is drawn anew."""
        return _started(await assist.regenerate(self.server, *_named(arguments)))

    async def show_evidence(self, *arguments: Any) -> dict[str, Any]:
        """`{"uri", "name"}`; the name is empty for the file as a whole."""
        return await authored.show_evidence(self.server, *_named(arguments))

    async def capsule_report(self, *arguments: Any) -> dict[str, Any]:
        """A capsule's id or name, or `{"capsule": id or name, "form"?: "html"|"file"|"shown"}`."""
        given = _only(arguments)
        request = _request(report.Request, {"capsule": given} if isinstance(given, str) else given)
        if not request.capsule:
            raise JsonRpcInvalidParams('give "capsule"')
        if request.form not in report.FORMS:
            raise JsonRpcInvalidParams(f'"form" is one of {", ".join(report.FORMS)}')
        return await report.answer(self.server, request)

    def cancel(self, *arguments: Any) -> dict[str, Any]:
        """A job's id, as a text or as `{"job": id}`, which is what starting one answered; without any, all.

        Editors that start jobs by a code action throw the answer away, so a key binding has no id to give.
        """
        if not [argument for argument in arguments if argument is not None]:
            return {"cancelled": self.server.jobs.cancel_all()}
        given = _only(arguments)
        job = given.get("job") if isinstance(given, Mapping) else given
        if not isinstance(job, str) or not job:
            raise JsonRpcInvalidParams("give a job's id")
        return {"job": job, "cancelled": self.server.jobs.cancel(job)}


def _started(job: "Job") -> dict[str, Any]:
    return {"job": job.id}


def _brief(arguments: Sequence[Any]) -> generate.Request:
    given = _only(arguments)
    request = _request(generate.Request, {"uri": given} if isinstance(given, str) else given)
    if bool(request.uri) == bool(request.brief):
        raise JsonRpcInvalidParams('give either "uri" or "brief"')
    return request


def _named(arguments: Sequence[Any]) -> tuple[str, str]:
    given = _only(arguments)
    uri, name = (given.get("uri"), given.get("name", "")) if isinstance(given, Mapping) else (None, "")
    if not isinstance(uri, str) or not isinstance(name, str):
        raise JsonRpcInvalidParams('give "uri" and "name"')
    return uri, name


def _only(arguments: Sequence[Any]) -> Any:
    if len(arguments) != 1:
        raise JsonRpcInvalidParams(f"one argument expected, {len(arguments)} given")
    return arguments[0]


def _text(arguments: Sequence[Any], what: str) -> str:
    given = _only(arguments)
    if isinstance(given, Mapping):
        given = given.get("uri")
    if not isinstance(given, str) or not given:
        raise JsonRpcInvalidParams(f"give {what}")
    return given


def _request(kind: type[T], given: Any) -> T:
    if not isinstance(given, Mapping):
        raise JsonRpcInvalidParams("the argument is an object")
    known = {field.name for field in fields(kind)}
    if unknown := sorted(map(str, given.keys() - known)):
        raise JsonRpcInvalidParams(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if wrong := sorted(key for key, value in given.items() if not isinstance(value, str)):
        raise JsonRpcInvalidParams(f"not a text: {', '.join(wrong)}")
    return kind(**given)
