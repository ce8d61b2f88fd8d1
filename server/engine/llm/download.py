"""Fetches one file over HTTP, going on where an earlier attempt stopped."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from .disk import guard_disk, require_space

if TYPE_CHECKING:
    import httpx

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all (0 if unknown)."""

_CHUNK = 1024 * 1024
_ATTEMPTS = 4


class Unreachable(Exception):
    """The server could not be asked, or does not have the file; another source may be tried."""


async def download(
    url: str, target: Path, *, size: int = 0, progress: Progress, connect_s: float = 5.0, read_s: float = 30.0
) -> None:
    """Writes what `url` holds to `target`, which may already hold its beginning.

    A connection that breaks is taken up again as long as bytes keep coming. `size` is the exact
    length where it is known. Raises Unreachable, StorageError, or ModelError for a wrong length.
    """
    import httpx

    timeout = httpx.Timeout(read_s, connect=connect_s)
    failures = 0
    async with httpx.AsyncClient(timeout=timeout, follow_redirects=True) as client:
        while True:
            before = _length(target)
            try:
                await _fetch(client, url, target, size, progress)
                return
            except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
                raise Unreachable(str(error)) from error
            except httpx.TransportError as error:
                failures = 0 if _length(target) > before else failures + 1
                if failures == _ATTEMPTS or isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                    raise Unreachable(str(error) or type(error).__name__) from error
                await asyncio.sleep(0.2 * 2**failures)


async def _fetch(client: "httpx.AsyncClient", url: str, target: Path, size: int, progress: Progress) -> None:
    start = _length(target)
    if size and start == size:
        return
    if size and start > size:
        await asyncio.to_thread(target.unlink)
        start = 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code == 416:
            # Nothing lies behind what we have; whether that is the file is for its hash to say.
            if start and response.headers.get("Content-Range") == f"bytes */{start}":
                return
            await asyncio.to_thread(target.unlink, missing_ok=True)
            raise Unreachable("the server refused to go on with the download; run the command again")
        if response.status_code not in {200, 206}:
            raise Unreachable(f"the server answered {response.status_code}")
        if (encoding := response.headers.get("Content-Encoding", "identity")) != "identity":
            # Its ranges and its length would be those of other bytes than the file's.
            raise Unreachable(f"the server sent the file in another form than it has ({encoding})")
        if response.status_code == 200:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise Unreachable("the server sent another part of the file than was asked for")
        length = response.headers.get("Content-Length", "")
        total = size or (start + int(length) if length.isdigit() else 0)
        await _write(response, target, start, total, progress)


async def _write(
    response: "httpx.Response", target: Path, start: int, total: int, progress: Progress
) -> None:
    with guard_disk(target.parent):
        await asyncio.to_thread(require_space, target.parent, max(total - start, 0))
        file = await asyncio.to_thread(target.open, "r+b" if start else "wb")
    done = start
    try:
        with guard_disk(target.parent):
            await asyncio.to_thread(file.seek, start)
            async for chunk in response.aiter_raw(_CHUNK):
                await asyncio.to_thread(file.write, chunk)
                done += len(chunk)
                if total and done > total:
                    raise ModelError(f"{response.url.host} sent more than the {total} bytes it announced.")
                progress(done, total)
    finally:
        with guard_disk(target.parent):
            await asyncio.to_thread(file.close)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
