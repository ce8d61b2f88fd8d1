"""Security: known vulnerabilities of the versions that a project pins, as the OSV database tells them.

Only names and versions are sent. Nothing is resolved, built or installed: what names no exact version cannot
be looked up, and is said to be so.
"""

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ...languages import ANY_LANGUAGE
from ...types import Finding, Severity, Stage
from ..packages.pinned import Pin, may_pin, pins
from ..process import Tools
from ..types import Project, Surroundings, ToolError, finding

if TYPE_CHECKING:
    import httpx

_BATCH = 500
_AT_ONCE = 8
_MOST_ADVISORIES = 300
"""Of more than that the ids are told, and not what they say."""
_MOST_SHOWN = 10
_CONNECT_S = 5.0
_MILD = {"LOW", "MODERATE", "MEDIUM"}
Advisory = Mapping[str, Any]


class Dependencies:
    """`url` is where a database stands that speaks OSV's protocol.

    A name and password in it are sent to the database; reasons and logs name its host only.
    """

    name = "dependencies"
    stage = Stage.SECURITY
    languages = ANY_LANGUAGE

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    @property
    def rules(self) -> Any:
        """With the day: what is known of a version changes."""
        return [2, self._url, datetime.datetime.now(datetime.UTC).date().isoformat()]

    def version(self) -> str:
        return "OSV 1"

    def reads(self, path: str) -> bool:
        """Else each edit of any file would have the database asked again."""
        return may_pin(path)

    async def run(self, project: Project, around: Surroundings, tools: Tools) -> list[Finding]:
        """Raises ToolError if the database cannot be asked: nothing is known then, and nothing is clean."""
        exact, loose = await asyncio.to_thread(pins, project.files)
        found = [_not_exact(pin) for pin in loose]
        return found + (await self._asked(exact, around.seconds) if exact else [])

    async def _asked(self, exact: Sequence[Pin], seconds: float) -> list[Finding]:
        import httpx

        limits = httpx.Timeout(seconds, connect=min(_CONNECT_S, seconds))
        try:
            url = httpx.URL(self._url)
            base = url.copy_with(userinfo=b"")  # httpx logs where it asks
            auth = (url.username, url.password) if url.userinfo else None
            async with (
                asyncio.timeout(seconds),
                httpx.AsyncClient(timeout=limits, base_url=base, auth=auth) as client,
            ):
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
        wanted = list(dict.fromkeys(one for ids in named.values() for one in ids))[:_MOST_ADVISORIES]
        advisories = dict(zip(wanted, await self._read(client, wanted), strict=True))
        found: list[Finding] = []
        for pin in exact:
            ids = named[(pin.name, pin.version)]
            read = [advisories[one] for one in ids if one in advisories]
            found += [_vulnerable(pin, advisory) for advisory in _distinct(read)]
            told = {name for advisory in read for name in _names(advisory)}
            if unread := [one for one in ids if one not in told]:
                found.append(_unread(pin, unread))
        return found

    async def _named(
        self, client: "httpx.AsyncClient", versions: Sequence[tuple[str, str]]
    ) -> list[list[str]]:
        found: list[list[str]] = [[] for _ in versions]
        waiting: list[tuple[int, dict[str, Any]]] = [
            (number, {"package": {"name": name, "ecosystem": "PyPI"}, "version": version})
            for number, (name, version) in enumerate(versions)
        ]
        while waiting:
            queries = [query for _, query in waiting]
            answer = await client.post("/v1/querybatch", json={"queries": queries})
            results = answer.raise_for_status().json()["results"]
            more = []
            for (number, query), result in zip(waiting, results, strict=True):
                found[number] += [one["id"] for one in result.get("vulns") or ()]
                if token := result.get("next_page_token"):
                    more.append((number, {**query, "page_token": token}))
            waiting = more
        return found

    async def _read(self, client: "httpx.AsyncClient", ids: Sequence[str]) -> list[Advisory]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def read(name: str) -> Advisory:
            async with slots:
                answer = await client.get(f"/v1/vulns/{quote(name, safe='')}")
                advisory: Advisory = answer.raise_for_status().json()
                return advisory

        return list(await asyncio.gather(*(read(name) for name in ids)))


def _distinct(advisories: Sequence[Advisory]) -> list[Advisory]:
    """Without those withdrawn, and one of those that are known to be the same; the best described first."""
    kept: list[Advisory] = []
    seen: set[str] = set()
    for advisory in sorted(advisories, key=lambda one: (not one.get("summary"), one["id"])):
        if advisory.get("withdrawn"):
            continue  # what it is known as besides may be another's name, which stands
        if not _names(advisory) & seen:
            kept.append(advisory)
        seen |= _names(advisory)
    return kept


def _names(advisory: Advisory) -> set[str]:
    return {advisory["id"], *(advisory.get("aliases") or ())}


def _unread(pin: Pin, ids: Sequence[str]) -> Finding:
    """Of a pin with more advisories than are read: that there are some, without how bad they are."""
    shown = ", ".join(ids[:_MOST_SHOWN]) + (", ..." if len(ids) > _MOST_SHOWN else "")
    entries = "1 entry" if len(ids) == 1 else f"{len(ids)} entries"
    message = f"{pin.name} {pin.version} is vulnerable: {entries} not read, as there are too many ({shown})"
    return _at(pin, "many-advisories", Severity.ERROR, message)


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


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "the database"
    except ValueError:
        return "the database"


def _unknown(url: str, why: str) -> ToolError:
    return ToolError(
        f"the dependencies were not looked up: {_host(url)} did not tell ({why})",
        "Try again with a network, or set it to none.",
        "validate.advisories",
    )
