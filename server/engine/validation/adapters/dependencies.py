"""Security: known vulnerabilities of the versions that a project pins, as the OSV database tells them.

Only names and versions are sent. Nothing is resolved, built or installed: what names no exact version cannot
be looked up, and is said to be so.
"""

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...languages import ANY_LANGUAGE
from ...types import Finding, Severity, Stage
from ..pinned import Pin, pins
from ..process import Tools
from ..types import Project, Surroundings, ToolError, finding

if TYPE_CHECKING:
    import httpx

_BATCH = 500
_AT_ONCE = 8
_MOST_ADVISORIES = 300
_CONNECT_S = 5.0
_MILD = {"LOW", "MODERATE", "MEDIUM"}
Advisory = Mapping[str, Any]


class Dependencies:
    """`url` is where a database stands that speaks OSV's protocol."""

    name = "dependencies"
    stage = Stage.SECURITY
    languages = ANY_LANGUAGE

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    @property
    def rules(self) -> Any:
        """With the day: what is known of a version changes."""
        return [1, self._url, datetime.datetime.now(datetime.UTC).date().isoformat()]

    def version(self) -> str:
        return "OSV 1"

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Raises ToolError if the database cannot be asked: nothing is known then, and nothing is clean."""
        exact, loose = await asyncio.to_thread(pins, project.files)
        found = [_not_exact(pin) for pin in loose]
        return found + (await self._asked(exact, around.seconds) if exact else [])

    async def _asked(self, exact: Sequence[Pin], seconds: float) -> list[Finding]:
        import httpx

        limits = httpx.Timeout(seconds, connect=min(_CONNECT_S, seconds))
        try:
            async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=limits) as client:
                return await self._told(client, exact)
        except TimeoutError as error:
            raise _unknown(self._url, f"no answer in {seconds:g} s") from error
        except httpx.HTTPStatusError as error:
            raise _unknown(self._url, f"status {error.response.status_code}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unknown(self._url, type(error).__name__) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unknown(self._url, "its answer is not what OSV's protocol says") from error

    async def _told(self, client: "httpx.AsyncClient", exact: Sequence[Pin]) -> list[Finding]:
        versions = list(dict.fromkeys((pin.name, pin.version) for pin in exact))
        named: dict[tuple[str, str], list[str]] = {}
        for start in range(0, len(versions), _BATCH):
            asked = versions[start : start + _BATCH]
            named.update(zip(asked, await self._named(client, asked), strict=True))
        wanted = list(dict.fromkeys(one for ids in named.values() for one in ids))
        if len(wanted) > _MOST_ADVISORIES:
            raise _unknown(self._url, f"it knows more than {_MOST_ADVISORIES} advisories about them")
        advisories = dict(zip(wanted, await self._read(client, wanted), strict=True))
        return [
            _vulnerable(pin, advisory)
            for pin in exact
            for advisory in _distinct([advisories[one] for one in named[(pin.name, pin.version)]])
        ]

    async def _named(
        self, client: "httpx.AsyncClient", versions: Sequence[tuple[str, str]]
    ) -> list[list[str]]:
        queries = [
            {"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in versions
        ]
        answer = await client.post(f"{self._url}/v1/querybatch", json={"queries": queries})
        results = answer.raise_for_status().json()["results"]
        return [[one["id"] for one in result.get("vulns") or ()] for result in results]

    async def _read(self, client: "httpx.AsyncClient", ids: Sequence[str]) -> list[Advisory]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def read(name: str) -> Advisory:
            async with slots:
                answer = await client.get(f"{self._url}/v1/vulns/{quote(name, safe='')}")
                advisory: Advisory = answer.raise_for_status().json()
                return advisory

        return list(await asyncio.gather(*(read(name) for name in ids)))


def _distinct(advisories: Sequence[Advisory]) -> list[Advisory]:
    """Without those withdrawn, and one of those that are known to be the same; the best described first."""
    kept: list[Advisory] = []
    seen: set[str] = set()
    for advisory in sorted(advisories, key=lambda one: (not one.get("summary"), one["id"])):
        names = {advisory["id"], *(advisory.get("aliases") or ())}
        if not advisory.get("withdrawn") and not names & seen:
            kept.append(advisory)
        seen |= names
    return kept


def _vulnerable(pin: Pin, advisory: Advisory) -> Finding:
    severity = str((advisory.get("database_specific") or {}).get("severity") or "").upper()
    said = " ".join(str(advisory.get("summary") or advisory.get("details") or "no description").split())
    better = ", ".join(_fixed(pin, advisory)) or "no version known"
    message = f"{pin.name} {pin.version} is vulnerable: {said[:200]} (mended in: {better})"
    level = Severity.WARNING if severity in _MILD else Severity.ERROR
    return _at(pin, advisory["id"], level, message, f"https://osv.dev/vulnerability/{advisory['id']}")


def _fixed(pin: Pin, advisory: Advisory) -> list[str]:
    return [
        str(event["fixed"])
        for affected in advisory.get("affected") or ()
        if affected.get("package", {}).get("name", "").lower().replace("_", "-") == pin.name
        for span in affected.get("ranges") or ()
        if span.get("type") == "ECOSYSTEM"
        for event in span.get("events") or ()
        if "fixed" in event
    ]


def _not_exact(pin: Pin) -> Finding:
    message = f"`{pin.text}` names no exact version, so nobody was asked whether it is vulnerable"
    return _at(pin, "not-pinned", Severity.INFO, message)


def _at(pin: Pin, rule: str, severity: Severity, message: str, url: str = "") -> Finding:
    end = (pin.line, pin.column + len(pin.text))
    return finding(
        Stage.SECURITY,
        "dependencies",
        rule,
        severity,
        pin.path,
        message,
        start=(pin.line, pin.column),
        end=end,
        url=url,
    )


def _unknown(url: str, why: str) -> ToolError:
    return ToolError(
        f"the dependencies were not looked up: {url} did not tell ({why})",
        "Try again with a network, or set it to none.",
        "validate.advisories",
    )
