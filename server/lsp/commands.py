"""`workspace/executeCommand`: arguments are checked, a job is started, its id is the answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from pygls.exceptions import JsonRpcInvalidParams

from ..engine.errors import SettingsError
from . import export, generate, names, validate
from .models import ModelCommands

if TYPE_CHECKING:
    from .jobs import Job
    from .server import QuantumLayerServer

T = TypeVar("T", generate.Request, export.Request)


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
            names.CANCEL: self.cancel,
            **ModelCommands(self.server).by_name(),
        }

    def generate_capsule(self, *arguments: Any) -> dict[str, Any]:
        """A brief's URI, or `{"uri"` or `"brief": text, "name"?, "folder"?}`."""
        given = _only(arguments)
        request = _request(generate.Request, {"uri": given} if isinstance(given, str) else given)
        if bool(request.uri) == bool(request.brief):
            raise JsonRpcInvalidParams('give either "uri" or "brief"')
        return _started(generate.start(self.server, request))

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
