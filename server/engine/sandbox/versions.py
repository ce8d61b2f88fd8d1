"""The version of each language's program in a sandbox, found by running it, once for each that is there."""

import asyncio
from collections.abc import Awaitable, Callable

from .roots import ROOTS, without_program
from .types import Job, Outcome

_SECONDS = 30.0


class Versions:
    """`run` runs a job. What cannot be found is looked for again the next time: it may have been made."""

    def __init__(self, run: Callable[[Job], Awaitable[Outcome]]) -> None:
        self._run = run
        self._known: dict[str, tuple[object, str]] = {}
        self._asking = asyncio.Lock()

    async def of(self, language: str, mark: object, otherwise: str) -> str:
        """`mark` differs where the program may be another one than before, as after an update.

        Raises SandboxError that says `otherwise` and what was printed.
        """
        async with self._asking:
            known, version = self._known.get(language, (None, ""))
            if not version or known != mark:
                version = await self._ask(language, otherwise)
                self._known[language] = (mark, version)
        return version

    async def _ask(self, language: str, otherwise: str) -> str:
        job = Job(command=ROOTS[language].version, seconds=_SECONDS, language=language)
        outcome = await self._run(job)
        if outcome.exit_code != 0:
            said = (outcome.stderr.strip().splitlines() or [f"exit code {outcome.exit_code}"])[-1]
            step = (
                f"Make it with `quantumlayer sandbox build {language}`, or install {ROOTS[language].title}."
            )
            raise without_program(language, f"{otherwise} ({said[:200]})", step)
        version = outcome.stdout.strip()
        if tuple(int(part) for part in version.split(".") if part.isdigit()) < ROOTS[language].least:
            least = ".".join(map(str, ROOTS[language].least))
            step = f"Make it anew with `quantumlayer sandbox build {language}`, or install a newer one."
            raise without_program(language, f"{version} is too old, {least} is the least", step)
        return version
