"""Notices the death of the editor that started the server."""

import asyncio

import psutil


async def wait_for_end(pid: int, every: float = 1.0) -> None:
    """Returns when process `pid` has ended.

    A process that cannot be seen at first (the editor is in another container or on another
    machine) is not watched: then this never returns, and the end of the stream is what tells.
    """
    try:
        process = psutil.Process(pid)
    except (psutil.Error, ValueError, OverflowError):
        await asyncio.Event().wait()
        return
    while _lives(process):  # noqa: ASYNC110 - another process's end is no event of ours
        await asyncio.sleep(every)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
