"""The picture of a run on a terminal: which file, which stage, tokens, cost, time."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ...engine.events import Event
from ..terminal import STYLES, console, mark, words
from ..text import money, one_line, seconds, size
from .state import FileState, RunState

_REFRESH_S = 0.12
_FILE_STYLES = {"planned": "dim", "writing": "cyan", "done": "green", "problems": "yellow"}
_MOST_FILES = 12


class LivePicture:
    """Redrawn by a task of its own on the event loop, so that no thread reads what the loop changes."""

    def __init__(self) -> None:
        self._state = RunState()
        self._console = console(stderr=True)
        self._spinner = Spinner("line" if self._console.options.ascii_only else "dots", style="cyan")
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._drawer: asyncio.Task[None] | None = None

    def take(self, event: Event) -> None:
        self._state.take(event)

    async def __aenter__(self) -> Self:
        self._live.start()
        self._drawer = asyncio.create_task(self._draw_on(), name="progress picture")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawer is not None:
            self._drawer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._drawer
        self._live.stop()

    async def _draw_on(self) -> None:
        while True:
            self._live.update(self._picture(), refresh=True)
            await asyncio.sleep(_REFRESH_S)

    def _picture(self) -> RenderableType:
        state = self._state
        parts: list[RenderableType] = [self._head()]
        if state.files:
            parts.append(self._files())
        if state.stages:
            parts.append(self._stages())
        if state.download is not None:
            parts.append(self._download())
        parts.extend(words(f"  {one_line(notice.message)}", "yellow") for notice in state.notices)
        parts.append(self._foot())
        return Group(*parts)

    def _head(self) -> RenderableType:
        state = self._state
        title = Text.assemble((one_line(state.name, 60) or "starting", "bold"))
        if state.phase:
            title.append(f"  {state.phase}" + (f": {one_line(state.detail, 60)}" if state.detail else ""))
        if state.model:
            title.append(f"  {one_line(state.model, 60)}", style="dim")
        self._spinner.update(text=title)
        return self._spinner

    def _files(self) -> RenderableType:
        """All of them, or the ones that matter now where there are many."""
        shown = list(self._state.files.items())
        room = max(3, min(_MOST_FILES, self._console.height - 8))
        if len(shown) > room:
            busy = [item for item in shown if item[1].status in {"writing", "problems"}]
            rest = [item for item in shown if item not in busy]
            shown = (busy + rest)[:room]
        table = Table.grid(padding=(0, 2))
        for path, file in shown:
            table.add_row("", words(path, _FILE_STYLES[file.status]), words(_describe(file), "dim"))
        if hidden := len(self._state.files) - len(shown):
            table.add_row("", Text(f"and {hidden} more", style="dim"), "")
        return table

    def _stages(self) -> RenderableType:
        line = Text("  ")
        for name, result in self._state.stages.items():
            line.append_text(mark(result.status, self._console))
            line.append(f" {name}   ", style=STYLES[result.status])
        return line

    def _download(self) -> RenderableType:
        download = self._state.download
        assert download is not None
        table = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=max(download.total, 1), completed=download.done, width=30)
        amount = f"{size(download.done)} of {size(download.total)}" if download.total else size(download.done)
        table.add_row("", words(one_line(download.what, 50)), bar, amount)
        return table

    def _foot(self) -> RenderableType:
        state = self._state
        reused = f", {state.usage.calls_reused} from the journal" if state.usage.calls_reused else ""
        return Text(
            f"  {state.usage.calls} model calls{reused}   {state.usage.tokens_in:,} tokens in, "
            f"{state.tokens_out:,} out   {money(state.usage.cost_usd)}   {seconds(state.elapsed)}",
            style="dim",
        )


def _describe(file: FileState) -> str:
    if file.status == "writing" and file.attempt > 1:
        return f"writing, attempt {file.attempt}"
    if file.status == "problems":
        return one_line("; ".join(file.problems), 80)
    return file.status
